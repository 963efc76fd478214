// One validator in the simulator: a process over a virtual disk and clock, which may crash at any point of a turn.
import type { Input } from '#machines/consensus/types.ts';
import type { ConsensusMessage } from '#schemas/consensus/message-codec.ts';
import { ConsensusError } from '../consensus/consensus-error.ts';
import { readProvenRange } from '../consensus/sync-server.ts';
import { runTurn, SILENT, type TurnResult } from '../consensus/turn.ts';
import { positionOf } from '../consensus/validator-state.ts';
import { ownShares, recovered } from './beacon-shares.ts';
import { type CrashPlan, crashPlanOf } from './crash-plan.ts';
import { createDisk, type Disk } from './disk.ts';
import { DAMAGES, type Damage } from './disk-damage.ts';
import { EPOCH_MS } from './event-queue.ts';
import { createForger, type Forger } from './forger.ts';
import { coreInput, type Message, statementOf } from './message.ts';
import { type CrashPoint, isCorrect, isToStop, type Pause } from './plan.ts';
import { openProcess, type Process } from './process.ts';
import { keyOf } from './sim-genesis.ts';
import { takeUpState } from './state-sync.ts';
import { type Pending, Witness } from './witness.ts';
import type { Peer, SimEvent, SnapshotSource, World } from './world.ts';

export class Replica {
  readonly id: number;
  /** Number of its key among all that the plan has, member or not; twins share it. */
  readonly validator: number;
  /** Whether it is held to the rules. */
  readonly isCorrect: boolean;
  readonly #world: World;
  readonly #witness: Witness;
  readonly #disk: Disk = createDisk();
  readonly #clock_ms: number;
  readonly #crashes: CrashPlan;
  readonly #pauses: readonly Pause[];
  /** What it says instead of the truth, if it is a liar. */
  readonly #forger: Forger | undefined;
  #hasLeft = false;
  /** Whether it has ever run; newcomers begin later. */
  #hasBegun = false;
  /** Whether it ends when the set has changed and it is out of it. */
  readonly #isToStop: boolean;
  /** Undefined while it is down. */
  #process: Process | undefined;
  /** Turns with something to say so far: crash points count them. */
  #turns = 0;
  /** Decided in a batch that is not written yet. */
  #pending: Pending[] = [];
  /** Whether the disk has all that the core went by. */
  #isRecorded = false;
  /** What happened to its store while it was down, and whether there was anything to damage. */
  #damage: { readonly kind: Damage; readonly wasStruck: boolean } | undefined;
  /** Whether it is to speak again some day. */
  #isSilent = false;
  /** State at the crash, where the disk had all of it: the replay must come back to it. */
  #before: string | undefined;
  #height = 0;

  constructor(world: World, id: number, validator: number) {
    const { byzantine, skews_ms, pauses } = world.plan;
    this.id = id;
    this.validator = validator;
    this.isCorrect = isCorrect(world.plan, validator);
    this.#world = world;
    this.#witness = new Witness(world, this);
    this.#clock_ms = EPOCH_MS + (skews_ms[validator] ?? 0);
    const faulty = byzantine[validator];
    this.#forger = faulty?.style === 'forger' ? createForger(world, validator, faulty.habits) : undefined;
    this.#pauses = pauses.filter((pause) => pause.node === id);
    this.#isToStop = isToStop(world.plan, validator);
    this.#crashes = crashPlanOf(world, id);
  }

  /** Height of the last block that is final here. */
  get height(): number {
    return this.#height;
  }

  get hasBegun(): boolean {
    return this.#hasBegun;
  }

  get snapshot(): SnapshotSource | undefined {
    return this.#process === undefined ? undefined : { disk: this.#disk, lies: !this.isCorrect };
  }

  /** Where it stands, for people. */
  get position(): string {
    if (this.#process === undefined) return 'down';
    const { height, round, step } = this.#process.state.core.position;
    return `${height}/${round} ${step}`;
  }

  /** First start, or a restart over what the disk has. */
  async start(): Promise<void> {
    if (this.#hasLeft || this.#process !== undefined) return;
    this.#hasBegun = true;
    const process = await this.#open();
    if (process === undefined) return;
    this.#process = process;
    const { core } = process.state;
    this.#witness.restarted(core.tip.height, this.#height);
    this.#height = core.tip.height;
    if (this.#before !== undefined) this.#witness.replayed(this.#before, core.stateDigest(), core.tip.height + 1);
    if (!process.isFresh) this.#witness.sees('log_replayed');
    for (const [id, at_ms] of process.timers) this.#arm(id, at_ms);
    if (process.isFresh) this.#turn({ type: 'started', now_ms: this.#now });
    this.#release(process, process.state.core.tip.height);
    for (const word of process.state.own.all()) this.#cast(word);
    this.#askPositions(process);
  }

  /** Undefined where it refuses to start: then it never comes back. */
  async #open(): Promise<Process | undefined> {
    const damage = this.#damage;
    this.#damage = undefined;
    try {
      if (this.#disk.rows.size === 0) await takeUpState(this.#world, this.#disk, this.validator, this.#witness);
      const process = await openProcess(this.#world, this.#disk, this.validator);
      this.#isSilent = !process.state.observer.maySpeak(process.state.core.tip.height + 1);
      if (damage !== undefined)
        this.#witness.started(damage.kind, damage.wasStruck, this.#isSilent ? 'observes' : 'goes on');
      return process;
    } catch (error) {
      this.leave();
      if (damage !== undefined && error instanceof ConsensusError)
        this.#witness.started(damage.kind, damage.wasStruck, 'refuses');
      else this.#witness.threw(error);
      return undefined;
    }
  }

  /** Resolves later only where the answer is read from the disk. */
  hear(from: Peer, message: Message): Promise<void> | undefined {
    if (this.#process === undefined) return undefined;
    this.#forger?.overhear(message);
    if (message.type === 'part.request') return this.#servePart(this.#process, from, message.value, message.index);
    if (message.type === 'range.request') return this.#serve(from, message.first_height, message.last_height);
    if (this.#isOwn(message) && !this.#hearOwnKey(this.#process, message)) return undefined;
    if (message.type === 'transaction') this.#take(this.#process, message.bytes);
    else if (message.type === 'beacon.partial') this.#hearShare(this.#process, message.height, idOf(from));
    else if (message.type === 'position.request') this.#answerPosition(this.#process, from, message.nonce);
    else if (message.type === 'position') this.#process.state.observer.hear(message);
    else this.#hearInput(coreInput(message, idOf(from), this.#now));
    return undefined;
  }

  /** Twins answer under one key; who is no member of its height's set does not. */
  #answerPosition({ state, key }: Process, peer: Peer, nonce: Uint8Array): void {
    const position = positionOf(state, key, nonce);
    if (position !== undefined) this.#send(position, idOf(peer));
  }

  #isOwn(message: Message): boolean {
    const said = statementOf(message);
    const set = said && this.#process?.state.core.electorate(said.height)?.validators;
    return set?.[said?.validator ?? -1]?.id === idOf(this);
  }

  /**
   * Whether it goes on to the core: Byzantine twins do not listen to each other, they would stop. A proposal tells once its body is
   * whole: before that it is not taken in.
   */
  #hearOwnKey({ state }: Process, message: Message): boolean {
    const height = statementOf(message)?.height ?? 0;
    const isWhole = message.type !== 'proposal' || message.block !== undefined;
    const mayTell = isWhole && height === state.core.position.height && state.observer.maySpeak(height);
    if (mayTell) this.#witness.heardOwnKey(message);
    return this.isCorrect;
  }

  fire(id: string, at_ms: number): void {
    if (this.#process?.timers.get(id) !== at_ms) return;
    this.#process.timers.delete(id);
    this.#turn({ type: 'timer.fired', id, now_ms: this.#now });
  }

  /** Power loss between two turns. */
  crash(keepsUnsynced: boolean, down_ms: number, damage: Damage | null = null): void {
    if (this.#process === undefined) return;
    const survives = this.#isRecorded && (this.#disk.isSynced || keepsUnsynced);
    this.#before = survives ? this.#process.state.core.stateDigest() : undefined;
    this.#witness.crashed(down_ms, this.position);
    if (this.#isBetweenSets()) this.#witness.sees('crash_at_epoch_end');
    this.#process = undefined;
    this.#disk.crash(keepsUnsynced);
    if (keepsUnsynced) this.#noteFinal();
    this.#pending = [];
    if (damage !== null) {
      this.#damage = { kind: damage, wasStruck: DAMAGES[damage].strike(this.#disk, this.#world.prng) };
      this.#before = undefined;
    } else if (this.#crashes.isToBeRestored) this.#disk.backUp();
    this.#world.queue.push(this.#world.queue.now_ms + down_ms, { type: 'restart', to: this.id });
  }

  /** Stop and never come back. */
  leave(): void {
    this.#witness.tells('leaves');
    this.#process = undefined;
    this.#hasLeft = true;
  }

  /** Whether the process is paused now: then the event happens when it wakes. */
  postpones(event: SimEvent): boolean {
    if (this.#pauses.length === 0) return false;
    const { queue } = this.#world;
    const pause = this.#pauses.find(({ start_ms, end_ms }) => queue.now_ms >= start_ms && queue.now_ms < end_ms);
    if (pause !== undefined) queue.push(pause.end_ms, event);
    return pause !== undefined;
  }

  get #now(): number {
    return this.#world.queue.now_ms + this.#clock_ms;
  }

  #hearInput(input: Input | undefined): void {
    if (input !== undefined) this.#turn(input);
  }

  #turn(input: Input): void {
    const process = this.#process;
    if (process === undefined) return;
    try {
      this.#commit(process, runTurn(process.state, [input]));
    } catch (error) {
      this.leave();
      this.#witness.threw(error);
    }
  }

  /** Record, sync, then speak; the plan's crash points lie in between. */
  #commit(process: Process, turn: TurnResult): void {
    if (turn === SILENT) return this.#pass();
    const { mutation } = this.#world;
    const crash = turn.words.length > 0 ? this.#crashes.at(++this.#turns) : undefined;
    this.#witness.signed(turn);
    if (mutation.speaksBeforeSync) {
      this.#sync();
      this.#speak(process, turn, crash);
    }
    this.#isRecorded = turn.mustSync;
    if (turn.decided.length > 0) this.#awaitWrite(process, turn);
    this.#disk.write(turn.ops);
    if (crash?.moment === 'before_sync') return this.crash(crash.keepsUnsynced, crash.down_ms, crash.damage);
    if (!mutation.speaksBeforeSync) {
      if (turn.mustSync && !mutation.appendsOwnWords) this.#disk.sync();
      this.#noteFinal();
      this.#speak(process, turn, crash);
    }
    if (crash !== undefined) this.crash(false, crash.down_ms, crash.damage);
    else if (turn.halt !== undefined && this.isCorrect) this.leave();
    else if (turn.decided.length > 0 && this.#isToStop && this.#isOut()) this.leave();
  }

  /** Whether a set without it has decided a block: then nobody waits for anything that it alone could say. */
  #isOut(): boolean {
    return !this.#world.sets.at(this.#height).nodes.includes(this.validator);
  }

  /** Whether the set of the height after the next is fixed, and is another than that of the last. */
  #isBetweenSets(): boolean {
    const { sets } = this.#world;
    return sets.at(this.#height + 2) !== sets.at(this.#height);
  }

  #awaitWrite({ app }: Process, { decided }: TurnResult): void {
    const executions = app.takeExecuted();
    decided.forEach((each, i) => this.#pending.push({ decided: each, execution: executions[i] }));
  }

  /** Nothing to write or say; what the core went by may not be on the disk. */
  #pass(): void {
    this.#isRecorded = false;
    if (this.#world.mutation.speaksBeforeSync) this.#sync();
  }

  #sync(): void {
    this.#disk.sync();
    this.#noteFinal();
  }

  /** What was decided is written: whoever listens hears of it. */
  #noteFinal(): void {
    const last = this.#pending.at(-1);
    if (last === undefined) return;
    this.#height = last.decided.height;
    this.#witness.decided(this.#pending.splice(0), this.#disk.rows.keys());
  }

  /** Words leave for the links; a crash may cut them off. */
  #speak(process: Process, turn: TurnResult, crash: CrashPoint | undefined): void {
    const { prng } = this.#world;
    if (crash?.moment === 'after_sync') return this.#witness.sees('unsaid_after_sync');
    const words = crash === undefined ? turn.words : turn.words.slice(0, prng.below(turn.words.length));
    for (const word of words) this.#cast(word);
    for (const timer of turn.timers) this.#setTimer(process, timer);
    for (const { peer, ...request } of turn.requests) {
      if (request.type === 'part.request') this.#send(request, peer);
      else this.#send({ ...request, type: 'range.request', offset_bytes: 0 }, peer);
    }
    for (const height of turn.releases) this.#release(process, height);
    this.#gather(process);
    this.#witness.found(turn);
    if (turn.halt?.conflict !== undefined) this.leave();
    if (turn.words.some(({ type }) => type === 'status')) this.#askPositions(process);
  }

  /** Where the others are, if that decides when it may speak again. */
  #askPositions({ state }: Process): void {
    const { nonce } = state.observer;
    if (nonce !== undefined) this.#send({ type: 'position.request', nonce }, 'all');
  }

  #cast(message: ConsensusMessage): void {
    if (this.#isSilent && this.#isOwn(message)) {
      this.#isSilent = false;
      this.#witness.sees('observer_spoke');
    }
    this.#witness.said(message);
    this.#send(message, 'all');
  }

  /** @param to a key id */
  #send(message: Message, to: string): void {
    for (const peer of this.#world.replicas) {
      if (peer.id === this.id || (to !== 'all' && to !== idOf(peer))) continue;
      if (this.#forger === undefined) this.#sendPieces(peer, message);
      else for (const word of this.#forger.twist(message, peer.id)) this.#sendPieces(peer, word);
    }
  }

  /** As it travels: a large body in parts, of which a liar falsifies some. */
  #sendPieces(peer: Peer, message: Message): void {
    const cutter = message.type === 'proposal' ? this.#process?.state.core.cutter : undefined;
    if (cutter === undefined || message.type !== 'proposal') return this.#sendPiece(peer, message);
    for (const piece of cutter.pieces(message)) this.#sendPiece(peer, piece);
  }

  #sendPiece(peer: Peer, piece: Message): void {
    if (this.#forger === undefined) this.#world.send(this, peer, piece);
    else for (const each of this.#forger.twistPiece(piece)) this.#world.send(this, peer, each);
  }

  #setTimer({ timers }: Process, timer: TurnResult['timers'][number]): void {
    if (timer.type === 'timer.cancel') return void timers.delete(timer.id);
    timers.set(timer.id, timer.at_ms);
    this.#arm(timer.id, timer.at_ms);
  }

  #arm(id: string, at_ms: number): void {
    const { queue } = this.#world;
    queue.push(Math.max(queue.now_ms, at_ms - this.#clock_ms), { type: 'timer', to: this.id, id, at_ms });
  }

  /** Final blocks for a peer that lags. */
  async #serve(peer: Peer, first_height: number, last_height: number): Promise<void> {
    const core = this.#process?.state.core;
    if (core === undefined) return;
    const source = { store: this.#disk.store, electorate: (height: number) => core.electorate(height) };
    const blocks = await readProvenRange(source, first_height, last_height);
    if (blocks.length > 0) this.#send({ type: 'range', blocks }, idOf(peer));
  }

  #servePart({ state: { core } }: Process, peer: Peer, value: string, index: number): undefined {
    const part = core.part(value, index);
    if (part !== undefined) this.#send({ type: 'part', part }, idOf(peer));
  }

  #take({ app }: Process, tx: Uint8Array): void {
    if (app.submit(tx)) this.#turn({ type: 'work.arrived', now_ms: this.#now });
  }

  /** Say the own shares of the beacon of a committed height. */
  #release(process: Process, height: number): void {
    const shares = ownShares(process, this.#world.base.chain, height);
    if (shares === undefined) return;
    this.#cast(shares);
    this.#hearShare(process, height, process.state.self);
  }

  #hearShare(process: Process, height: number, holder: string): void {
    const holders = process.shares.get(height) ?? new Set<string>();
    process.shares.set(height, holders.add(holder));
    this.#gather(process);
  }

  /** With the shares of a quorum whoever has to propose knows the beacon of the committed height. */
  #gather(process: Process): void {
    this.#hearInput(recovered(process, this.#world.base.chain, this.#now));
  }
}

/** Key id under which it speaks. */
const idOf = ({ validator }: Pick<Peer, 'validator'>): string => keyOf('validator', validator);
