// The server of an earlier run whose parent was killed: two servers must not write one folder of streams.
import { execFile } from 'node:child_process';
import { readFile, rm, writeFile } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import { promisify } from 'node:util';

const run = promisify(execFile);
const LOOK_AGAIN_MS = 20;
/** Patience with a server that was asked to end; after that it is killed. */
const END_MS = 5_000;

/** Notes which process serves this folder. */
export const notePid = (pidFile: string, pid: number): Promise<void> => writeFile(pidFile, `${pid}\n`, { mode: 0o600 });

/** Ends the server that the file names, if it still runs with this configuration; any other process of that id is left alone. */
export async function endPredecessor(pidFile: string, conf: string): Promise<void> {
  const pid = Number(await readFile(pidFile, 'utf8').catch(() => '0'));
  const isOurs = async (): Promise<boolean> => pid > 0 && (await commandOf(pid)).includes(conf);
  for (let waited_ms = 0; await isOurs(); waited_ms += LOOK_AGAIN_MS) {
    if (waited_ms === 0 || waited_ms >= END_MS) signal(pid, waited_ms === 0 ? 'SIGTERM' : 'SIGKILL');
    await delay(LOOK_AGAIN_MS);
  }
  await rm(pidFile, { force: true });
}

function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}

/** Command line of a process; empty when there is none, or when it has ended and waits to be collected. */
const commandOf = (pid: number): Promise<string> =>
  readFile(`/proc/${pid}/cmdline`, 'utf8')
    .catch(() => run('ps', ['-o', 'args=', '-p', String(pid)]).then(({ stdout }) => stdout))
    .catch(() => '');
