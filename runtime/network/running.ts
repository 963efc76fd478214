// A note in the network's folder says where the running network is reached, for the other commands.
import { execFile } from 'node:child_process';
import { readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { z } from 'zod';
import { NetworkError } from './network-error.ts';

const run = promisify(execFile);

const Running = z.strictObject({
  gateway_url: z.string(),
  broker_url: z.string(),
  ws_url: z.string(),
  pid: z.int(),
  /** When the process started, as the system says it: another process gets its id one day. */
  started: z.string(),
});
export type Running = z.infer<typeof Running>;

const pathOf = (dir: string): string => join(dir, 'running.json');

/** This process runs the network, and is reached there. */
export async function noteRunning(dir: string, reached: Omit<Running, 'pid' | 'started'>): Promise<void> {
  const path = pathOf(dir);
  const { pid } = process;
  const running: Running = { ...reached, pid, started: await startOf(pid) };
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
  if (running.started !== (await startOf(running.pid)))
    throw new NetworkError('NETWORK_NOT_RUNNING', `${dir}: its process ${running.pid} is gone`);
  return running;
}

/** When a process started: clock ticks since the system's boot, or a date where there is no /proc; empty when it is gone. */
async function startOf(pid: number): Promise<string> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => undefined);
  // The name of the program, in parentheses, may hold spaces; the start is the 20th field after it (proc_pid_stat(5)).
  if (stat !== undefined) return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? '';
  return run('ps', ['-o', 'lstart=', '-p', `${pid}`])
    .then(({ stdout }) => stdout.trim())
    .catch(() => '');
}
