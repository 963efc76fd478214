// Runs `sortition` as a user does: a process of its own, its output, its end.
import { type ChildProcess, spawn } from 'node:child_process';
import { readdir, readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { until } from './until.ts';

const MAIN = fileURLToPath(new URL('../../runtime/cli/main.ts', import.meta.url));

export class Command {
  readonly #child: ChildProcess;
  /** Exit code; null when a signal ended it. */
  readonly ended: Promise<number | null>;
  /** Standard output and standard error so far. */
  out = '';
  err = '';

  constructor(...args: readonly string[]) {
    this.#child = spawn(process.execPath, [MAIN, ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
    this.ended = new Promise((resolve) => this.#child.once('close', resolve));
    this.#child.stdout?.on('data', (chunk) => (this.out += String(chunk)));
    this.#child.stderr?.on('data', (chunk) => (this.err += String(chunk)));
  }

  /** Whoever reads it has seen enough, as `head` has. */
  closeOutput(): void {
    this.#child.stdout?.destroy();
  }

  signal(name: NodeJS.Signals): void {
    this.#child.kill(name);
  }

  /** The first JSON line of its output. */
  async json<T>(within_ms: number): Promise<T> {
    const line = await until(() => this.#find(this.out, /^\{.*\}$/m), within_ms, `a JSON line; it said ${this.err}`);
    return JSON.parse(line) as T;
  }

  /** What it says on standard error that matches. */
  says = (pattern: RegExp, within_ms: number): Promise<string> =>
    until(() => this.#find(this.err, pattern), within_ms, `${pattern} of the command`);

  #find(text: string, pattern: RegExp): string | undefined {
    const hasEnded = this.#child.exitCode !== null || this.#child.signalCode !== null;
    const found = pattern.exec(text)?.[0];
    if (found === undefined && hasEnded) throw new Error(`it ended with ${this.#child.exitCode}: ${this.err}`);
    return found;
  }
}

/** Ids of the running processes that were started for this folder. */
export async function processesOf(dir: string): Promise<readonly number[]> {
  const pids = (await readdir('/proc')).map(Number).filter((pid) => pid > 0 && pid !== process.pid);
  const lines = pids.map((pid) => readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => ''));
  const commands = await Promise.all(lines);
  return pids.filter((_, i) => commands[i]?.includes(dir));
}
