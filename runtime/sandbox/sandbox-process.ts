// One sandbox process as its pool sees it: started with the least rights, asked one thing at a time, killed when silent.
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import os from 'node:os';
import { fileURLToPath } from 'node:url';
import { SANDBOX_HEAP_MIB, SANDBOX_MEMORY_PAGES, SANDBOX_NICENESS } from '#schemas/wire/limits.ts';
import type { RunRequest, SandboxReply, SubUnitReply } from './protocol.ts';
import { SandboxError } from './sandbox-error.ts';

const MAIN = fileURLToPath(new URL('./child-main.ts', import.meta.url));
const READABLE = [MAIN, fileURLToPath(new URL('./kernel-instance.ts', import.meta.url))];

/** Node's permission model takes files, network, processes, threads and add-ons away; only its own sources are readable. */
export const SANDBOX_FLAGS: readonly string[] = [
  '--permission',
  ...READABLE.map((file) => `--allow-fs-read=${file}`),
  `--max-old-space-size=${SANDBOX_HEAP_MIB}`,
  `--wasm-max-mem-pages=${SANDBOX_MEMORY_PAGES}`,
];

export class SandboxProcess {
  readonly #child: ChildProcess;
  readonly #exited: Promise<unknown>;

  /** Start a process with the kernel `module` loaded. */
  constructor(module: Uint8Array) {
    this.#child = fork(MAIN, [], {
      execPath: process.execPath,
      execArgv: [...SANDBOX_FLAGS],
      env: {},
      serialization: 'advanced',
      stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
    });
    this.#exited = once(this.#child, 'exit').catch(() => undefined);
    this.#child.on('error', () => undefined); // a run sees it as an exit; without one there is nobody to tell
    this.#lowerPriority();
    this.#child.send({ type: 'load', module }, () => undefined); // a failed send shows as an exit
  }

  /** Process id, `undefined` when the process did not start. */
  get pid(): number | undefined {
    return this.#child.pid;
  }

  /**
   * Compute the sub-units of `request`, handing over each as it comes.
   *
   * @param silence_ms longest time between two results; then the process is killed
   * @throws SandboxError SANDBOX_CRASHED, SANDBOX_DEADLINE or SANDBOX_TRAPPED
   */
  run(request: RunRequest, silence_ms: number, onResult: (reply: SubUnitReply) => void): Promise<void> {
    const child = this.#child;
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    let left = request.indices.length;
    const onSilence = (): void => {
      child.kill('SIGKILL');
      reject(new SandboxError('SANDBOX_DEADLINE', { silence_ms, sub_units_left: left }));
    };
    const watchdog = setTimeout(onSilence, silence_ms);
    const onMessage = (reply: SandboxReply): void => {
      if (reply.type === 'trap') return reject(new SandboxError('SANDBOX_TRAPPED', { message: reply.message }));
      watchdog.refresh();
      onResult(reply);
      left--;
      if (left === 0) resolve();
    };
    const onExit = (): void => {
      reject(new SandboxError('SANDBOX_CRASHED', { exit: `${child.exitCode ?? child.signalCode ?? 'not started'}` }));
    };
    child.on('message', onMessage).once('exit', onExit).once('error', onExit);
    if (child.connected) child.send(request, () => undefined);
    else onExit();
    return promise.finally(() => {
      clearTimeout(watchdog);
      child.off('message', onMessage).off('exit', onExit).off('error', onExit);
    });
  }

  /** End the process at once, whatever it is computing, and wait until it is gone. */
  async kill(): Promise<void> {
    if (this.#child.exitCode === null && this.#child.signalCode === null && this.#child.kill('SIGKILL'))
      await this.#exited;
  }

  /** Validators on the same machine go first: the kernel takes what they leave. */
  #lowerPriority(): void {
    if (this.pid === undefined) return;
    try {
      os.setPriority(this.pid, SANDBOX_NICENESS);
    } catch {
      // Gone already, or not permitted here: the run then shows the first, and the second costs latency only.
    }
  }
}
