// A note in the network's folder says where the running network is reached, for the other commands.
import { readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { NetworkError } from './network-error.ts';

const Running = z.strictObject({
  gateway_url: z.string(),
  broker_url: z.string(),
  ws_url: z.string(),
  pid: z.int(),
});
export type Running = z.infer<typeof Running>;

const pathOf = (dir: string): string => join(dir, 'running.json');

export async function noteRunning(dir: string, running: Running): Promise<void> {
  const path = pathOf(dir);
  await writeFile(`${path}.new`, `${JSON.stringify(running, null, 2)}\n`);
  await rename(`${path}.new`, path);
}

export const forgetRunning = (dir: string): Promise<void> => rm(pathOf(dir), { force: true });

/** @throws NetworkError NETWORK_NOT_RUNNING when there is no note or its process is gone */
export async function readRunning(dir: string): Promise<Running> {
  const text = await readFile(pathOf(dir), 'utf8').catch((cause: unknown) => {
    throw new NetworkError('NETWORK_NOT_RUNNING', dir, { cause });
  });
  const running = Running.parse(JSON.parse(text));
  if (!isAlive(running.pid))
    throw new NetworkError('NETWORK_NOT_RUNNING', `${dir}: its process ${running.pid} is gone`);
  return running;
}

/** Whether a process with this id exists. */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
