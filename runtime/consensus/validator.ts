// Hosts one validator: hears the network, runs turns, keeps the order record → sync → speak, serves blocks, goes on after a crash.
import { createHash } from 'node:crypto';
import { type Core, createCore } from '#machines/consensus/core.ts';
import { proposerOf } from '#machines/consensus/proposer.ts';
import type { Application, CoreConfig, Crypto, Input, Tip } from '#machines/consensus/types.ts';
import { quorum } from '#machines/primitives/quorum.ts';
import { beaconMessage } from '#schemas/consensus/beacon.ts';
import type { EvidenceBytes } from '#schemas/consensus/evidence-codec.ts';
import {
  type ConsensusMessage,
  decodeConsensusMessage,
  encodeConsensusMessage,
  encodeFinalBlock,
} from '#schemas/consensus/message-codec.ts';
import type { FinalBlock } from '#schemas/consensus/types.ts';
import type { Code } from '#schemas/wire/codes.ts';
import { MAX_INGRESS_BYTES, SYNC_TIMEOUT_MS } from '#schemas/wire/limits.ts';
import { subject } from '#schemas/wire/subjects.ts';
import type { Bus, Delivery, Subscription } from '../bus/bus.ts';
import type { Clock } from '../host/ports.ts';
import { type Signer, verify } from '../keys/ed25519.ts';
import type { Log } from '../observe/log.ts';
import type { Metrics } from '../observe/metrics.ts';
import type { Store, StoreOp } from '../store/store.ts';
import { loadRecovery, signPartial, verifyBls } from './beacon.ts';
import { BeaconCollector } from './beacon-collector.ts';
import { readFinalBlock, readTip } from './block-store.ts';
import { inputOf } from './input-codec.ts';
import { type LogContent, openLog } from './log.ts';
import { Observer } from './observer.ts';
import { OwnWords } from './own-words.ts';
import { birthOp, MonotonicSigner, readSignerRecord, type SignerRecord } from './signer.ts';
import { serveBlocks } from './sync-server.ts';
import { type Decided, runTurn, type TurnResult, type TurnState } from './turn.ts';

/** Set changes are yet to come. */
const EPOCH = 0;

/** The ledger as a validator hosts it. Its state is at the height of the stored tip when the validator starts. */
export type ValidatorApp = Application & {
  /** Take a transaction into the pool; false where it is refused or known. */
  submit(tx: Uint8Array): boolean;
  /** Rows of the blocks executed since the last call: they go into the batch that makes these blocks final. */
  commitOps(): readonly StoreOp[];
};

export type ValidatorOptions = {
  readonly config: Omit<CoreConfig, 'tip' | 'crypto' | 'app'>;
  /** Height 0: id zeros, the genesis time and state root. */
  readonly genesis: Tip;
  /** The validator's key: `key.id` is `config.validators[config.self].id`. */
  readonly key: Signer;
  /** Group key, and the own secret share, hex. */
  readonly beacon: { readonly group_key: string; readonly secret_share: string };
  /** True only where the keys are new: an empty store then means "has never spoken", later it means "has forgotten". */
  readonly is_first_start: boolean;
  readonly store: Store;
  readonly bus: Bus;
  readonly app: ValidatorApp;
  readonly clock: Clock;
  readonly log: Log;
  readonly metrics: Metrics;
  /** A block is final and on disk here. */
  readonly onFinal: (decided: Decided) => void;
  /** Two conflicting signed statements of a validator, for an `evidence` transaction. */
  readonly onEvidence: (evidence: EvidenceBytes) => void;
  /** Called once when the validator stops by itself: its own data against a certificate, a signer conflict, a store that fails. */
  readonly onHalt: (code: Code, detail: string) => void;
};

export type Validator = {
  readonly tip: Tip;
  readonly position: Core['position'];
  /** Final block of a height with its certificate, if this node holds it. */
  readFinalBlock(height: number): Promise<FinalBlock | undefined>;
  /** The pool has something that did not come over the bus. */
  workArrived(): void;
  /** Finish the turn, write what is recorded, leave the bus. Store and bus stay open. */
  close(): Promise<void>;
};

/** @throws ConsensusError LOG_CORRUPT; StoreError; BusError */
export async function startValidator(options: ValidatorOptions): Promise<Validator> {
  await loadRecovery();
  const tip = (await readTip(options.store)) ?? options.genesis;
  if (options.is_first_start && (await readSignerRecord(options.store)) === undefined)
    await options.store.batch([birthOp()]);
  const record = await readSignerRecord(options.store);
  const content = await openLog(options.store, tip.height + 1);
  const host = new ValidatorHost(options, tip, record, content);
  host.start(content.inputs);
  return host;
}

/** What the store remembers of the past decides when this validator may speak. */
function observerOf(
  validators_count: number,
  tip: Tip,
  record: SignerRecord | undefined,
  inputs: readonly Input[],
): Observer {
  if (record === undefined) return Observer.learning(quorum(validators_count) - 1);
  const isRemembered = record.height <= tip.height || (record.height === tip.height + 1 && inputs.length > 0);
  return Observer.through(isRemembered ? 0 : record.height);
}

class ValidatorHost implements Validator {
  readonly #options: ValidatorOptions;
  readonly #state: TurnState;
  readonly #beacon: BeaconCollector;
  readonly #subscriptions: Subscription[] = [];
  readonly #timers = new Map<string, () => void>();
  readonly #indices: ReadonlyMap<string, number>;
  /** The own share of the last committed height. */
  #share: { readonly height: number; readonly signature: Uint8Array } = { height: 0, signature: new Uint8Array(0) };
  #inputs: Input[] = [];
  #isWorkQueued = false;
  /** Bytes of the messages among the inputs. */
  #waiting_bytes = 0;
  #turn: Promise<void> | undefined;
  #isClosed = false;

  constructor(options: ValidatorOptions, tip: Tip, record: SignerRecord | undefined, content: LogContent) {
    const { config, app, key, beacon } = options;
    this.#options = options;
    this.#indices = new Map(config.validators.map((validator, i) => [validator.id, i]));
    const core = createCore({ ...config, tip, app, crypto: cryptoOf(config.chain, beacon.group_key) });
    this.#state = {
      chain: config.chain,
      self: config.self,
      core,
      signer: new MonotonicSigner(key.sign, record),
      log: content.log,
      own: new OwnWords(),
      observer: observerOf(config.validators.length, tip, record, content.inputs),
      commitOps: () => app.commitOps(),
    };
    const threshold = quorum(config.validators.length);
    const keys = {
      chain: config.chain,
      epoch: EPOCH,
      group_key: beacon.group_key,
      validators: config.validators,
      threshold,
    };
    this.#beacon = new BeaconCollector(keys, tip.height - 1);
  }

  get tip(): Tip {
    return this.#state.core.tip;
  }

  get position(): Core['position'] {
    return this.#state.core.position;
  }

  readFinalBlock(height: number): Promise<FinalBlock | undefined> {
    return readFinalBlock(this.#options.store, height);
  }

  /** Replay, listen, repeat what may have been lost. */
  start(inputs: readonly Input[]): void {
    const { bus, key, store } = this.#options;
    for (const effect of this.#state.core.restore(inputs)) if (effect.type === 'timer.set') this.#setTimer(effect);
    for (const input of inputs) this.#remember(input);
    this.#subscriptions.push(
      bus.subscribe(subject.consensusAll, (delivery) => this.#hear(delivery)),
      bus.subscribe(subject.transactionAll, ({ data }) => this.#takeTransaction(data)),
      serveBlocks(bus, key.id, store, (code) => this.#countRefusal(code)),
    );
    if (inputs.length === 0) this.#push({ type: 'started', now_ms: this.#now() });
    this.#release(this.tip.height);
    bus.onConnect(() => this.#repeat());
    this.#readHistory();
  }

  workArrived(): void {
    if (this.#isWorkQueued) return;
    this.#isWorkQueued = true;
    this.#push({ type: 'work.arrived', now_ms: this.#now() });
  }

  async close(): Promise<void> {
    this.#leave();
    await this.#turn;
    await this.#options.store.batch(this.#state.log.take());
  }

  // What comes.

  #hear({ subject: from, data }: Delivery): void {
    const sender = this.#indices.get(from.slice(from.lastIndexOf('.') + 1));
    if (sender === this.#state.self || this.#isClosed) return;
    if (sender === undefined) return this.#countRefusal('VALIDATOR_UNKNOWN');
    // Dropped, not queued without bound: its sender says it again.
    if (this.#waiting_bytes + data.length > MAX_INGRESS_BYTES) return this.#countRefusal('HOST_BUSY');
    const message = decodeConsensusMessage(data);
    if (!message.ok) return this.#countRefusal(message.code);
    if (message.value.type === 'beacon.partial') return this.#takePartial(sender, message.value);
    if (message.value.type === 'status') {
      if (message.value.from !== sender) return this.#countRefusal('SENDER_MISMATCH');
      this.#state.observer.heard(sender, message.value.height);
    }
    const input = inputOf(message.value, this.#now());
    if (input === undefined) return this.#countRefusal('KIND_UNKNOWN');
    this.#push(input);
  }

  #takeTransaction(data: Uint8Array): void {
    if (this.#options.app.submit(data)) this.workArrived();
  }

  /** A share proves itself when the beacon is verified; its sender is whom the broker let publish here. */
  #takePartial(
    sender: number,
    { validator, epoch, height, signature }: Extract<ConsensusMessage, { type: 'beacon.partial' }>,
  ): void {
    if (validator !== sender) return this.#countRefusal('SENDER_MISMATCH');
    if (epoch !== EPOCH) return this.#countRefusal('EPOCH_MISMATCH');
    this.#beacon.add(height, { validator, signature });
    this.#gatherBeacon();
  }

  /** What the streams still hold: nothing rests on it, since peers repeat themselves. */
  #readHistory(): void {
    const { bus, log } = this.#options;
    const ignore = (error: unknown) => log.info({ error: String(error) }, 'no history from the broker');
    bus.history(subject.transactionAll, ({ data }) => this.#takeTransaction(data)).catch(ignore);
    bus.history(subject.consensusAll, (delivery) => this.#hear(delivery)).catch(ignore);
  }

  #push(input: Input): void {
    this.#inputs.push(input);
    // Whatever else has arrived by now is read first and shares the turn.
    if (this.#turn === undefined && !this.#isClosed)
      this.#turn = new Promise((resolve) => setImmediate(() => resolve(this.#run())));
  }

  // Turns.

  async #run(): Promise<void> {
    try {
      while (this.#inputs.length > 0 && !this.#isClosed) await this.#runOne(this.#takeInputs());
    } catch (error) {
      // Memory may be ahead of the disk now: end, and start again from the disk.
      this.#halt('VALIDATOR_FAILED', String(error));
    } finally {
      this.#turn = undefined;
    }
  }

  #takeInputs(): Input[] {
    this.#isWorkQueued = false;
    this.#waiting_bytes = 0;
    return this.#inputs.splice(0);
  }

  async #runOne(inputs: readonly Input[]): Promise<void> {
    const { store, clock, metrics } = this.#options;
    const started_ms = clock.now_ms();
    const result = runTurn(this.#state, inputs);
    if (result.mustSync) await store.batch(result.ops);
    this.#carryOut(result);
    metrics.set('sortition_consensus_turn_seconds', (clock.now_ms() - started_ms) / 1_000);
  }

  /** The rows are on disk: now others may hear. */
  #carryOut(result: TurnResult): void {
    for (const word of result.words) this.#cast(word);
    for (const timer of result.timers) this.#setTimer(timer);
    for (const decided of result.decided) this.#announce(decided);
    for (const request of result.requests) void this.#fetch(request);
    for (const evidence of result.evidence) this.#accuse(evidence);
    for (const code of result.refusals) this.#countRefusal(code);
    for (const height of result.releases) this.#release(height);
    if (result.halt !== undefined) this.#halt(result.halt.code, result.halt.detail);
  }

  #announce(decided: Decided): void {
    const { bus, key, metrics, onFinal, config } = this.#options;
    const { height, round, final, header } = decided;
    metrics.set('sortition_consensus_height', height);
    metrics.set('sortition_consensus_round', round);
    metrics.set('sortition_consensus_finality_seconds', Math.max(0, this.#now() - header.time_ms) / 1_000);
    const isAnnouncer = [round, round + 1].some((r) => proposerOf(height, r, config.validators.length) === config.self);
    if (isAnnouncer) bus.cast(subject.block(key.id), encodeFinalBlock(final));
    onFinal(decided);
  }

  #accuse(evidence: EvidenceBytes): void {
    this.#options.metrics.add('sortition_consensus_evidence_total', 1);
    this.#options.onEvidence(evidence);
  }

  async #fetch({
    peer,
    first_height,
    last_height,
  }: {
    readonly peer: number;
    readonly first_height: number;
    readonly last_height: number;
  }): Promise<void> {
    const { bus, config } = this.#options;
    const id = config.validators[peer]?.id ?? '';
    const request = encodeConsensusMessage({ type: 'range.request', first_height, last_height });
    const answer = await bus
      .request(subject.sync(id), request, SYNC_TIMEOUT_MS)
      .then(decodeConsensusMessage, () => undefined);
    const blocks = answer?.ok && answer.value.type === 'range' ? answer.value.blocks : [];
    this.#push({ type: 'blocks.synced', from: peer, blocks, now_ms: this.#now() });
  }

  // The beacon, off the critical path: after a commit is on disk.

  /** Say the own share of the last committed height, again until the next one is committed: someone may still lack it. */
  #release(height: number): void {
    if (height === 0 || height !== this.tip.height || !this.#options.config.beacon_required) return;
    this.#beacon.settle(height - 1);
    const signature = this.#partial(height);
    this.#beacon.add(height, { validator: this.#state.self, signature });
    this.#cast({ type: 'beacon.partial', epoch: EPOCH, height, validator: this.#state.self, signature });
    this.#gatherBeacon();
  }

  #partial(height: number): Uint8Array {
    if (this.#share.height === height) return this.#share.signature;
    const { config, beacon } = this.#options;
    const signature = signPartial(beacon.secret_share, beaconMessage(config.chain, EPOCH, height));
    this.#share = { height, signature };
    return signature;
  }

  #gatherBeacon(): void {
    const { height, beacon } = this.tip;
    if (beacon !== undefined) return;
    const { recovered, invalid } = this.#beacon.gather(height);
    for (const _ of invalid) this.#countRefusal('BEACON_SHARE_INVALID');
    if (recovered !== undefined)
      this.#push({ type: 'beacon.recovered', height, signature: recovered, now_ms: this.#now() });
  }

  // What goes.

  #cast(message: ConsensusMessage): void {
    const { bus, key } = this.#options;
    const { height, round } = this.position;
    bus.cast(
      subject.consensus(height, Math.max(round, 0), message.type.replace('.', '-'), key.id),
      encodeConsensusMessage(message),
    );
  }

  /** After a restart or a reconnect: own words, position and share again. */
  #repeat(): void {
    const { height, round } = this.position;
    this.#cast({ type: 'status', from: this.#state.self, height, round: Math.max(round, 0), lowest_height: 1 });
    for (const word of this.#state.own.all()) this.#cast(word);
  }

  #remember(input: Input): void {
    const { self, own } = this.#state;
    if (input.type === 'vote.received' && input.vote.validator === self) own.add({ type: 'vote', vote: input.vote });
    if (input.type !== 'proposal.received' || input.proposal.validator !== self) return;
    const { type: _, now_ms: __, ...proposal } = input;
    own.add({ type: 'proposal', ...proposal });
  }

  #setTimer(timer: TurnResult['timers'][number]): void {
    this.#timers.get(timer.id)?.();
    this.#timers.delete(timer.id);
    if (timer.type === 'timer.cancel') return;
    const fire = () => this.#push({ type: 'timer.fired', id: timer.id, now_ms: Math.max(this.#now(), timer.at_ms) });
    this.#timers.set(timer.id, this.#options.clock.setTimer(Math.max(0, timer.at_ms - this.#now()), fire));
  }

  #countRefusal(code: Code): void {
    this.#options.metrics.add('sortition_host_refusals_total', 1, code);
  }

  #now(): number {
    return this.#options.clock.now_ms();
  }

  #halt(code: Code, detail: string): void {
    if (this.#isClosed) return;
    this.#options.log.error({ code, detail }, 'validator stopped');
    this.#leave();
    this.#options.onHalt(code, detail);
  }

  #leave(): void {
    this.#isClosed = true;
    for (const cancel of this.#timers.values()) cancel();
    for (const subscription of this.#subscriptions.splice(0)) subscription.close();
  }
}

const cryptoOf = (chain: string, group_key: string): Crypto => ({
  sha256: (data) => createHash('sha256').update(data).digest(),
  verify,
  verifyBeacon: (height, signature) => verifyBls(group_key, beaconMessage(chain, EPOCH, height), signature),
});
