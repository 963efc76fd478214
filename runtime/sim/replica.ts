// One validator in the simulator: a process over a virtual disk and clock, which may crash at any point of a turn.
import type { Input } from '#machines/consensus/types.ts';
import { MAX_SYNC_BLOCKS } from '#schemas/wire/limits.ts';
import { createDisk, type DecidedTip, type Disk } from './disk.ts';
import { createForger, type Forger } from './forger.ts';
import { inputOf, type Message } from './message.ts';
import type { CrashPoint, Pause } from './plan.ts';
import { openProcess, type Process } from './process.ts';
import { type Said, runTurn, type Turn } from './turn.ts';
import { twinBeacon } from './twin-crypto.ts';
import { EPOCH_MS, type SimEvent, type World } from './world.ts';

export class Replica {
  readonly id: number;
  /** Index in the validator set; twins share it. */
  readonly validator: number;
  /** Whether it is held to the rules. */
  readonly isCorrect: boolean;
  readonly #world: World;
  readonly #disk: Disk;
  readonly #clock_ms: number;
  /** By number of the turn. */
  readonly #crashes: ReadonlyMap<number, CrashPoint>;
  readonly #pauses: readonly Pause[];
  /** What it says instead of the truth, if it is a liar. */
  readonly #forger: Forger | undefined;
  #hasLeft = false;
  /** Heights that the oracles know of. */
  #reported = 0;
  /** Undefined while it is down. */
  #process: Process | undefined;
  /** Turns with something to say so far: crash points count them. */
  #turns = 0;
  /** State at the crash, if the disk had all of it: a replay must come back to it. */
  #before: string | undefined;

  constructor(world: World, id: number, validator: number) {
    this.id = id;
    this.validator = validator;
    this.isCorrect = !world.plan.byzantine.has(validator);
    this.#world = world;
    this.#forger = world.plan.byzantine.get(validator) === 'forger' ? createForger(world, validator) : undefined;
    this.#disk = createDisk(world.genesis, world.genesisApp);
    this.#clock_ms = EPOCH_MS + (world.plan.skews_ms[validator] ?? 0);
    this.#pauses = world.plan.pauses.filter((pause) => pause.node === id);
    const crashes = world.plan.crashes.filter((crash) => crash.node === id);
    this.#crashes = new Map(crashes.map((crash) => [crash.turn, crash]));
  }

  /** Height of the last block that is durably final here. */
  get height(): number {
    return this.#disk.tip.height;
  }

  /** Where it stands, for people. */
  get position(): string {
    if (this.#process === undefined) return 'down';
    const { height, round, step } = this.#process.core.position;
    return `${height}/${round} ${step}`;
  }

  /** First start, or a restart over what the disk has. */
  start(): void {
    if (this.#hasLeft) return;
    const process = openProcess(this.#world, this.#disk, this.id, this.validator);
    this.#process = process;
    this.#checkReplay(process);
    this.#reportDecided();
    for (const [id, at_ms] of process.timers) this.#arm(id, at_ms);
    if (this.#disk.inputs.length === 0) this.#turn({ type: 'started', now_ms: this.#now });
    for (const message of process.own.latest()) this.#send({ message, to: 'all' });
  }

  hear(from: Replica, message: Message): void {
    if (this.#process === undefined) return;
    this.#forger?.overhear(message);
    if (message.type === 'range.request') return this.#serve(from, message.first_height, message.last_height);
    const input = inputOf(message, from.validator, this.#now) ?? this.#assist(this.#process, message);
    if (input !== null) this.#turn(input);
  }

  fire(id: string, at_ms: number): void {
    if (this.#process?.timers.get(id) !== at_ms) return;
    this.#process.timers.delete(id);
    this.#turn({ type: 'timer.fired', id, now_ms: this.#now });
  }

  /** Power loss between two turns. */
  crash(keepsUnsynced: boolean, down_ms: number): void {
    if (this.#process === undefined) return;
    this.#before = this.#disk.isSynced || keepsUnsynced ? this.#process.core.stateDigest() : undefined;
    this.#process = undefined;
    this.#disk.crash(keepsUnsynced);
    this.#world.queue.push(this.#world.queue.now_ms + down_ms, { type: 'restart', to: this.id });
  }

  /** Stop and never come back. */
  leave(): void {
    this.#process = undefined;
    this.#hasLeft = true;
  }

  /** Whether the process is paused now: then the event happens when it wakes. */
  postpones(event: SimEvent): boolean {
    const { queue } = this.#world;
    const pause = this.#pauses.find(({ start_ms, end_ms }) => queue.now_ms >= start_ms && queue.now_ms < end_ms);
    if (pause !== undefined) queue.push(pause.end_ms, event);
    return pause !== undefined;
  }

  get #now(): number {
    return this.#world.queue.now_ms + this.#clock_ms;
  }

  #turn(input: Input): void {
    const process = this.#process;
    if (process === undefined) return;
    try {
      const releasesBeacon = this.#world.base.beacon_required;
      this.#commit(runTurn(process, { self: this.validator, now_ms: this.#now, releasesBeacon }, input));
    } catch (error) {
      this.#process = undefined;
      if (this.isCorrect) this.#world.report('threw', this.validator, String(error));
    }
  }

  /** Record, sync, then speak; the plan's crash points lie in between. */
  #commit(turn: Turn): void {
    const crash = turn.said.length > 0 ? this.#crashes.get(++this.#turns) : undefined;
    if (this.#world.mutation.speaksBeforeSync) this.#speak(turn, crash);
    if (turn.rows.length > 0) this.#disk.write(turn.rows);
    if (crash?.moment === 'before_sync') return this.crash(crash.keepsUnsynced, crash.down_ms);
    this.#disk.sync();
    this.#reportDecided();
    if (!this.#world.mutation.speaksBeforeSync) this.#speak(turn, crash);
    if (crash !== undefined) this.crash(false, crash.down_ms);
  }

  /** Words leave for the links, and the oracles hear what is final; a crash may cut the words off. */
  #speak(turn: Turn, crash: CrashPoint | undefined): void {
    const words = crash?.moment === 'mid_publish' ? this.#world.prng.below(turn.said.length) : turn.said.length;
    const heard = crash?.moment === 'after_sync' ? 0 : words;
    for (let i = 0; i < heard; i++) this.#send(turn.said[i] as Said);
    for (const timer of turn.timers) this.#arm(timer.id, timer.at_ms);
    if (this.isCorrect) this.#report(turn);
  }

  #report({ evidence, halt }: Turn): void {
    for (const { type, a } of evidence) this.#world.accused(a.validator, type);
    if (halt !== undefined) this.#world.report('halted', this.validator, halt);
  }

  /** Tell the oracles what has become durably final since the last time. */
  #reportDecided(): void {
    const { chain, trace } = this.#world;
    for (; this.#reported < this.#disk.decided.length; this.#reported++) {
      const tip = this.#disk.decided[this.#reported] as DecidedTip;
      trace.text(tip.id);
      if (this.isCorrect) chain.decided(this.validator, tip);
    }
  }

  #send({ message, to }: Said): void {
    if (this.isCorrect) this.#log(message);
    for (const peer of this.#world.replicas) {
      if (peer.id === this.id || (to !== 'all' && to !== peer.validator)) continue;
      if (this.#forger === undefined) this.#world.send(this, peer, message);
      else for (const lie of this.#forger.twist(message)) this.#world.send(this, peer, lie);
    }
  }

  #log(message: Message): void {
    if (message.type === 'vote') this.#world.votes.spoken(message.vote);
    if (message.type === 'proposal') this.#world.votes.proposed(message.proposal);
  }

  #arm(id: string, at_ms: number): void {
    const { queue } = this.#world;
    queue.push(Math.max(queue.now_ms, at_ms - this.#clock_ms), { type: 'timer', to: this.id, id, at_ms });
  }

  /** Final blocks for a peer that lags. */
  #serve(peer: Replica, first_height: number, last_height: number): void {
    const last = Math.min(last_height, first_height + MAX_SYNC_BLOCKS - 1);
    const blocks = this.#disk.decided.slice(first_height - 1, last).map(({ final }) => final);
    if (blocks.length > 0) this.#world.send(this, peer, { type: 'range', blocks });
  }

  /** What the host does with messages before the core hears of them: collect beacon shares, pool transactions. */
  #assist({ shares, app }: Process, message: Message): Input | null {
    const now_ms = this.#now;
    if (message.type === 'transaction') return app.submit(message.bytes) ? { type: 'work.arrived', now_ms } : null;
    if (message.type !== 'beacon.partial' || !this.#world.base.beacon_required) return null;
    const holders = shares.get(message.height) ?? new Set([this.validator]);
    shares.set(message.height, holders.add(message.validator));
    if (3 * holders.size <= 2 * this.#world.plan.powers.length) return null;
    return { type: 'beacon.recovered', height: message.height, signature: twinBeacon(message.height), now_ms };
  }

  /** State after the replay is the state before the crash, byte for byte (design/consensus.md, "Proof that it holds", 5). */
  #checkReplay({ core }: Process): void {
    if (this.#before === undefined || !this.isCorrect) return;
    const after = core.stateDigest();
    if (after !== this.#before) this.#world.report('replay', this.validator, `at height ${this.height + 1}`);
  }
}
