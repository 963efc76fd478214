// A pool of sandbox processes: units of work go in, sub-unit results come out; the computing never blocks this process.
import { COLLATZ_JUMPS_MAX } from '#machines/work/kernels/collatz.ts';
import { isUnit, kernelSpec, type Unit } from '#machines/work/kernels/kernel.ts';
import { noopResults } from '#machines/work/kernels/noop.ts';
import { MAX_SANDBOX_QUEUE, MAX_SANDBOX_RUNS, SANDBOX_SILENCE_MS } from '#schemas/wire/limits.ts';
import { sha256 } from '../keys/sha256.ts';
import { COLLATZ_V1, loadKernelModule } from './kernel-module.ts';
import { SandboxError } from './sandbox-error.ts';
import { SandboxProcess } from './sandbox-process.ts';

/** Results in the order of the sub-units asked for, 64 bytes each; suspects ascend. */
export type SubUnitResults = { readonly results: Uint8Array<ArrayBuffer>[]; readonly suspects: bigint[] };

export type RunOptions = {
  /** Gives up: the process that computes is killed, the promise fails with SANDBOX_ABORTED. */
  readonly signal?: AbortSignal;
  /** Called after each sub-unit. */
  readonly on_progress?: (done_count: number, total_count: number) => void;
};

export type SandboxPool = {
  /** Compute every sub-unit of a unit. Fails with a {@link SandboxError}. */
  runUnit(unit: Unit, options?: RunOptions): Promise<SubUnitResults>;
  /** Compute the named sub-units only, as an audit does. Fails with a {@link SandboxError}. */
  runSubUnits(unit: Unit, indices: readonly number[], options?: RunOptions): Promise<SubUnitResults>;
  /** The same, or the whole unit, where that takes no time and so needs no process. Undefined: it does. */
  runAtOnce(unit: Unit, indices?: readonly number[]): SubUnitResults | undefined;
  /** Process ids of the running sandboxes. */
  pids(): number[];
  /** End all processes; what waits or runs fails with SANDBOX_CLOSED. */
  close(): Promise<void>;
};

/**
 * Open a pool of `size` processes, each computing one request at a time; a process starts when it is first needed.
 *
 * @param silence_ms longest time that a process may take for one sub-unit
 */
export async function openSandboxPool({
  size,
  silence_ms = SANDBOX_SILENCE_MS,
}: {
  size: number;
  silence_ms?: number;
}): Promise<SandboxPool> {
  return new Pool(size, silence_ms, await loadKernelModule(COLLATZ_V1));
}

/** One request on its way; a second run goes on where the first one broke off. */
type Task = {
  readonly unit: Unit;
  readonly indices: readonly number[];
  readonly results: Map<number, Uint8Array<ArrayBuffer>>;
  readonly suspects: bigint[];
  readonly options: RunOptions;
  readonly finish: (outcome: SandboxError | undefined) => void;
  runs: number;
  slot: Slot | undefined;
};

/** A place for one process. */
type Slot = { process: SandboxProcess | undefined; task: Task | undefined };

class Pool implements SandboxPool {
  readonly #slots: readonly Slot[];
  readonly #silence_ms: number;
  readonly #module: Uint8Array;
  readonly #queue: Task[] = [];
  #isClosed = false;

  constructor(size: number, silence_ms: number, module: Uint8Array) {
    this.#slots = Array.from({ length: size }, () => ({ process: undefined, task: undefined }));
    this.#silence_ms = silence_ms;
    this.#module = module;
  }

  runUnit(unit: Unit, options: RunOptions = {}): Promise<SubUnitResults> {
    return this.runSubUnits(unit, allIndices(unit), options);
  }

  runAtOnce(unit: Unit, indices: readonly number[] = allIndices(unit)): SubUnitResults | undefined {
    if (!kernelSpec(unit.kernel).is_free) return undefined;
    requireUnit(unit, indices);
    return { results: noopResults(unit.start, indices, sha256), suspects: [] };
  }

  async runSubUnits(unit: Unit, indices: readonly number[], options: RunOptions = {}): Promise<SubUnitResults> {
    requireUnit(unit, indices);
    const free = this.runAtOnce(unit, indices);
    if (free !== undefined) return free;
    const results = new Map<number, Uint8Array<ArrayBuffer>>();
    const suspects: bigint[] = [];
    await this.#enqueue(unit, [...new Set(indices)], results, suspects, options);
    return {
      results: indices.map((index) => results.get(index) ?? new Uint8Array()),
      suspects: suspects.sort(ascending),
    };
  }

  pids(): number[] {
    return this.#slots.flatMap(({ process }) => process?.pid ?? []);
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    const closed = new SandboxError('SANDBOX_CLOSED');
    for (const task of [...this.#queue, ...this.#slots.flatMap((slot) => slot.task ?? [])]) task.finish(closed);
    await Promise.all(this.#slots.map((slot) => slot.process?.kill() ?? Promise.resolve()));
  }

  #enqueue(
    unit: Unit,
    indices: readonly number[],
    results: Map<number, Uint8Array<ArrayBuffer>>,
    suspects: bigint[],
    options: RunOptions,
  ): Promise<void> {
    if (this.#isClosed) throw new SandboxError('SANDBOX_CLOSED');
    if (options.signal?.aborted) throw new SandboxError('SANDBOX_ABORTED');
    if (this.#queue.length >= MAX_SANDBOX_QUEUE)
      throw new SandboxError('SANDBOX_BUSY', { queue_count: this.#queue.length });
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const finish = (outcome: SandboxError | undefined): void => (outcome === undefined ? resolve() : reject(outcome));
    const task: Task = { unit, indices, results, suspects, options, finish, runs: 0, slot: undefined };
    const onAbort = (): void => this.#abort(task);
    options.signal?.addEventListener('abort', onAbort, { once: true });
    this.#queueByLength(task);
    this.#assign();
    return promise.finally(() => options.signal?.removeEventListener('abort', onAbort));
  }

  /** Shortest first: an audit of a few sub-units must not miss its deadline behind whole units that wait. */
  #queueByLength(task: Task): void {
    const longer = this.#queue.findIndex((other) => other.indices.length > task.indices.length);
    this.#queue.splice(longer < 0 ? this.#queue.length : longer, 0, task);
  }

  /** Give waiting tasks to idle slots. */
  #assign(): void {
    for (const slot of this.#slots) {
      if (slot.task !== undefined || this.#isClosed) continue;
      const task = this.#queue.shift();
      if (task === undefined) return;
      slot.task = task;
      task.slot = slot;
      void this.#perform(slot, task);
    }
  }

  /** Run a task in a slot; a crash is tried again on a new process, for it may have been the machine's fault. */
  async #perform(slot: Slot, task: Task): Promise<void> {
    slot.process ??= new SandboxProcess(this.#module);
    task.runs++;
    const failure = await this.#run(slot.process, task);
    if (failure !== undefined && failure.code !== 'SANDBOX_TRAPPED') slot.process = undefined;
    slot.task = undefined;
    task.slot = undefined;
    if (failure?.code === 'SANDBOX_CRASHED' && task.runs < MAX_SANDBOX_RUNS && !task.options.signal?.aborted) {
      this.#queue.unshift(task);
    } else {
      task.finish(failure);
    }
    this.#assign();
  }

  async #run(process: SandboxProcess, task: Task): Promise<SandboxError | undefined> {
    const { unit, results, suspects, options } = task;
    const indices = task.indices.filter((index) => !results.has(index));
    const { start, unit_log2 } = unit;
    try {
      await process.run(
        { type: 'run', start, unit_log2, indices, jumps_max: COLLATZ_JUMPS_MAX },
        this.#silence_ms,
        (reply) => {
          results.set(reply.index, reply.result);
          suspects.push(...reply.suspects);
          options.on_progress?.(results.size, task.indices.length);
        },
      );
      return undefined;
    } catch (error) {
      if (error instanceof SandboxError) return error;
      throw error;
    }
  }

  #abort(task: Task): void {
    task.finish(new SandboxError('SANDBOX_ABORTED'));
    const place = this.#queue.indexOf(task);
    if (place >= 0) this.#queue.splice(place, 1);
    void task.slot?.process?.kill();
  }
}

const allIndices = ({ kernel }: Unit): number[] =>
  Array.from({ length: kernelSpec(kernel).sub_units_count }, (_, index) => index);

function requireUnit(unit: Unit, indices: readonly number[]): void {
  const count = kernelSpec(unit.kernel).sub_units_count;
  const areIndices =
    indices.length > 0 && indices.every((index) => Number.isInteger(index) && index >= 0 && index < count);
  if (areIndices && isUnit(unit)) return;
  const { kernel, start, unit_log2 } = unit;
  throw new SandboxError('SANDBOX_UNIT_INVALID', {
    kernel,
    start: `0x${start.toString(16)}`,
    unit_log2,
    indices: indices.join(),
  });
}

const ascending = (a: bigint, b: bigint): number => (a < b ? -1 : Number(a > b));
