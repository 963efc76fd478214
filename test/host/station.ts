// One node of a schedule: its disk outlives it; it is killed, crashed at a write, drained, wiped, rolled back and started again.
import type { Prng } from '#machines/primitives/prng.ts';
import type { Clock } from '#runtime/host/ports.ts';
import { MemoryDisk, type WriteFault } from '#runtime/store/memory-store.ts';
import type { StoreOp } from '#runtime/store/store.ts';
import { ENVELOPE_EXPIRY_MS, MAX_CLOCK_DRIFT_MS } from '#schemas/wire/limits.ts';
import { type CourierData, type CourierPlan, courier } from './courier.ts';
import type { ToyLedger } from './toy-ledger.ts';
import { signerOf, TestNode, type World } from './world.ts';

/**
 * What it takes at least to set a database up again, ms: until what it had sent has expired. Else that could come between what it
 * sends now, and its sender could not tell which of the two an acknowledgement means.
 */
const RESTORE_MS = ENVELOPE_EXPIRY_MS + 2 * MAX_CLOCK_DRIFT_MS;

export class Station {
  readonly names: readonly string[];
  readonly ids: readonly string[];
  disk = new MemoryDisk();
  backup = new MemoryDisk();
  /** How often it lost its state. */
  memory = 0;
  /** How far its clock is from the others'. */
  skew_ms = 0;
  readonly #world: World;
  readonly #plan: Omit<CourierPlan, 'memory'>;
  readonly #prng: Prng;
  readonly #ledger: ToyLedger;
  readonly #count: (what: string) => void;
  #node: TestNode | undefined;
  #delivered = 0;
  #fault:
    | { writes: number; readonly how: WriteFault; readonly darkens: boolean; readonly isOfMail: boolean }
    | undefined;
  #isDark = false;
  #isHealed = false;

  constructor(
    world: World,
    names: readonly string[],
    plan: Omit<CourierPlan, 'memory'>,
    prng: Prng,
    ledger: ToyLedger,
    count: (what: string) => void,
  ) {
    this.#world = world;
    this.names = names;
    this.ids = names.map((name) => signerOf(name).id);
    this.#plan = plan;
    this.#prng = prng;
    this.#ledger = ledger;
    this.#count = count;
  }

  get isUp(): boolean {
    return this.#node !== undefined;
  }
  get hasCrashed(): boolean {
    return (this.#node?.failures.length ?? 0) > 0;
  }

  /** A start that crashes leaves it down. */
  async start(): Promise<void> {
    if (this.#node !== undefined) return;
    const node = new TestNode(this.#world, {
      actors: this.names.map(signerOf),
      definition: courier({ ...this.#plan, memory: this.memory }),
      disk: this.disk,
      clock: this.#clock(),
      echo: () => this.#echo(),
      fault: (ops) => this.#drawFault(ops),
    });
    try {
      await node.start();
    } catch {
      this.#count('crash_at_start');
      return node.kill();
    }
    this.#node = node;
    this.#delivered = node.host.ledgerWatermark();
  }

  async restart(): Promise<void> {
    await this.kill();
    await this.start();
  }

  async kill(): Promise<void> {
    const node = this.#node;
    this.#node = undefined;
    for (const { code } of node?.host.refusals() ?? []) this.#count(code);
    await node?.kill();
  }

  async drain(): Promise<void> {
    const node = this.#node;
    this.#node = undefined;
    for (const { code } of node?.host.refusals() ?? []) this.#count(code);
    await node?.drain().catch(() => this.#count('crash_at_drain'));
    // A crash in its last write is one all the same.
    await node?.kill();
  }

  /** The write so many from now on fails; where it `darkens`, the broker loses its disk in the same moment. */
  crashAt(writes: number, how: WriteFault, darkens = false): void {
    this.#fault = { writes, how, darkens, isOfMail: this.#prng.chance(768) };
  }

  /** A power cut for node and broker. */
  get isDark(): boolean {
    return this.hasCrashed && this.#isDark;
  }

  backUp(): void {
    this.backup = this.disk.copy();
  }

  /** It comes back without what it knew, or with what it knew once. */
  async lose(disk: MemoryDisk): Promise<void> {
    await this.kill();
    this.#world.clock.advance(RESTORE_MS);
    this.disk = disk;
    this.memory++;
    await this.start();
  }

  async resumeAll(): Promise<void> {
    const host = this.#node?.host;
    if (host === undefined || this.hasCrashed) return;
    for (const id of this.ids) void host.quarantine.resume(id).catch(() => undefined);
    await new Promise((resolve) => setImmediate(resolve));
    // What they missed meanwhile is replayed, as a real node does.
    this.#delivered = Math.min(this.#delivered, host.ledgerWatermark());
  }

  deliverBlocks(): void {
    const host = this.#node?.host;
    if (host === undefined || this.hasCrashed) return;
    for (; this.#delivered < this.#ledger.blocks.length; this.#delivered++) {
      const events = this.#ledger.blocks[this.#delivered] ?? [];
      void host.deliverBlock(this.#delivered + 1, this.#world.clock.now_ms(), events).catch(() => undefined);
    }
  }

  async heal(): Promise<void> {
    this.#isHealed = true;
    this.#fault = undefined;
    this.skew_ms = 0;
    if (this.hasCrashed) await this.kill();
    await this.start();
    await this.resumeAll();
  }

  /** What is on its way, and what waits. @param withTimers also for its time */
  async unrest(withTimers = true): Promise<string[]> {
    const node = this.#node;
    if (node === undefined) return [`${this.names.join()} is down`];
    const found: string[] = [];
    for (const [index, id] of this.ids.entries()) {
      const name = this.names[index];
      const { outbox, timers, io, submits, is_stopped, stopped_because, context } = await node.host.inspect(id);
      const to = (other: string) => this.#plan.names.get(other) ?? other;
      for (const { to: other, count } of outbox)
        found.push(`${count} messages of ${name} to ${to(other)} are in the outbox`);
      for (const timer of withTimers ? timers : []) found.push(`timer ${timer.id} of ${name} is set`);
      for (const { key } of io) found.push(`call ${key} of ${name} is not answered`);
      if (submits.length > 0) found.push(`transactions ${submits.join()} of ${name} are not consumed`);
      if (is_stopped) found.push(`${name} is stopped: ${stopped_because}`);
      if (withTimers && this.#plan.hasLedger && context !== null)
        for (const errand of Object.keys((context as { d: CourierData }).d.held))
          found.push(`${name} waits for ${errand}`);
    }
    return found;
  }

  async books(): Promise<CourierData[]> {
    const found: CourierData[] = [];
    for (const id of this.ids) {
      const { context } = (await this.#node?.host.inspect(id)) ?? { context: null };
      if (context !== null) found.push((context as { d: CourierData }).d);
    }
    return found;
  }

  /** Rows that should be gone, after a clean stop. */
  async leftovers(): Promise<string[]> {
    await this.drain();
    const gone = /^(outbox|submit|io|timer)\//;
    return [...this.disk.rows.keys()].filter((key) => gone.test(key)).map((key) => `${key} is left on disk`);
  }

  #clock(): Clock {
    const { clock } = this.#world;
    return {
      now_ms: () => clock.now_ms() + this.skew_ms,
      setTimer: (delay_ms, fire) => clock.setTimer(delay_ms, fire),
    };
  }

  /** Answers now, late, with a failure, or not before the next life. */
  #echo(): Promise<unknown> {
    if (this.#isHealed || this.#prng.chance(512)) return Promise.resolve('echo');
    if (this.#prng.chance(256)) return Promise.reject(new Error('no echo'));
    return new Promise((resolve) => this.#world.clock.setTimer(this.#prng.below(1_000), () => resolve('late')));
  }

  #drawFault(ops: readonly StoreOp[]): WriteFault | undefined {
    if (this.#fault === undefined) return undefined;
    // Mostly of a turn that heard something: what was heard is what must not be lost.
    if (this.#fault.isOfMail && !ops.some(({ key }) => key.startsWith('mark/'))) return undefined;
    if (--this.#fault.writes > 0) return undefined;
    const { how, darkens } = this.#fault;
    this.#isDark = darkens;
    this.#fault = undefined;
    this.#count(how);
    return how;
  }
}
