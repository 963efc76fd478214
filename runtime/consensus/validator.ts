// Hosts one validator: hears the network, runs turns, keeps the order record → sync → speak, serves blocks, goes on after a crash.
import type { Core } from '#machines/consensus/core.ts';
import { indexOf } from '#machines/consensus/electorate.ts';
import { isProposer } from '#machines/consensus/proposer.ts';
import type { Input, Tip } from '#machines/consensus/types.ts';
import type { EvidenceBytes } from '#schemas/consensus/evidence-codec.ts';
import {
  type ConsensusMessage,
  encodeConsensusMessage,
  encodeFinalBlock,
  finalBlockBytes,
} from '#schemas/consensus/message-codec.ts';
import type { CommitConflict, FinalBlock } from '#schemas/consensus/types.ts';
import type { Code } from '#schemas/wire/codes.ts';
import { MAX_MESSAGE_BYTES } from '#schemas/wire/limits.ts';
import { subject } from '#schemas/wire/subjects.ts';
import type { Delivery, Subscription } from '../bus/bus.ts';
import { BeaconDuty } from './beacon-duty.ts';
import { readFinalBlock, readLowest, readTip } from './block-store.ts';
import { Ingress } from './ingress.ts';
import { openLog } from './log.ts';
import { birthOp, readSignerRecord } from './signer.ts';
import { fetchBlocks, fetchPart, fetchPosition, type PartRequest, type SyncRequest } from './sync-client.ts';
import { serveSync } from './sync-server.ts';
import { readDecided } from './testimony-store.ts';
import { type Decided, runTurn, type TurnResult, type TurnState } from './turn.ts';
import { TurnLoop } from './turn-loop.ts';
import type { Validator, ValidatorOptions } from './validator-options.ts';
import { positionOf, turnStateOf } from './validator-state.ts';
import { WakeTimers } from './wake-timers.ts';

/** @throws ConsensusError LOG_CORRUPT; StoreError; BusError */
export async function startValidator(options: ValidatorOptions): Promise<Validator> {
  const tip = (await readTip(options.store)) ?? options.genesis;
  if (options.is_first_start && (await readSignerRecord(options.store)) === undefined)
    await options.store.batch([birthOp()]);
  const record = await readSignerRecord(options.store);
  const content = await openLog(options.store, tip.height + 1);
  const config = {
    ...options.config,
    decided: await readDecided(options.store, tip.height),
    lowest_height: await readLowest(options.store),
  };
  const here = { ...options, config };
  const host = new ValidatorHost(here, turnStateOf(here, tip, record, content));
  host.start(content.inputs);
  return host;
}

class ValidatorHost implements Validator {
  readonly #options: ValidatorOptions;
  readonly #state: TurnState;
  readonly #loop = new TurnLoop(
    (inputs) => this.#runTurn(inputs),
    // Memory may be ahead of the disk now: end, and start again from the disk.
    (error) => this.#halt('VALIDATOR_FAILED', String(error)),
  );
  readonly #timers: WakeTimers;
  readonly #ingress: Ingress;
  readonly #beacon: BeaconDuty;
  readonly #subscriptions: Subscription[] = [];

  constructor(options: ValidatorOptions, state: TurnState) {
    this.#options = options;
    this.#state = state;
    this.#timers = new WakeTimers(options.clock, (id, now_ms) => this.#loop.push({ type: 'timer.fired', id, now_ms }));
    this.#beacon = this.#beaconDuty();
    this.#ingress = new Ingress(options.config.self, this.#state.core, {
      now_ms: () => this.#now(),
      hasRoom: (size_bytes) => this.#loop.hasRoom(size_bytes),
      onInput: (input, size_bytes) => this.#loop.push(input, size_bytes),
      onShares: (sender, shares) => this.#beacon.hear(sender, shares),
      onRefused: (code) => this.#countRefusal(code),
    });
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
    const { bus, key, store, onSnapshotAsked } = this.#options;
    const { core } = this.#state;
    for (const effect of core.restore(inputs)) if (effect.type === 'timer.set') this.#timers.obey(effect);
    for (const input of inputs) this.#state.own.remember(input, core.self);
    this.#subscriptions.push(
      bus.subscribe(subject.consensusAll, (delivery) => this.#hear(delivery)),
      bus.subscribe(subject.transactionAll, ({ data }) => this.#takeTransaction(data)),
      serveSync(bus, key.id, {
        store,
        electorate: (height) => core.electorate(height),
        ...(onSnapshotAsked && { onSnapshotAsked }),
        position: (nonce) => positionOf(this.#state, key, nonce),
        part: (value, index) => this.#state.core.part(value, index),
        onRefused: (code) => this.#countRefusal(code),
      }),
    );
    if (inputs.length === 0) this.#loop.push({ type: 'started', now_ms: this.#now() });
    this.#beacon.release(this.tip.height);
    bus.onConnect(() => this.#repeat());
    this.#readHistory();
  }

  workArrived(): void {
    if (this.#state.core.awaitsWork) this.#loop.pushWork(this.#now());
  }

  async close(): Promise<void> {
    this.#leave();
    await this.#loop.settled();
    await this.#options.store.batch(this.#state.log.take());
  }

  #hear(delivery: Delivery): void {
    if (!this.#loop.isStopped) this.#ingress.hear(delivery);
  }

  #takeTransaction(data: Uint8Array): void {
    if (this.#options.app.submit(data)) this.workArrived();
  }

  /** What the streams still hold: nothing rests on it, since peers repeat themselves. */
  #readHistory(): void {
    const { bus, log } = this.#options;
    const ignore = (error: unknown) => log.info({ error: String(error) }, 'no history from the broker');
    bus.history(subject.transactionAll, ({ data }) => this.#takeTransaction(data)).catch(ignore);
    bus.history(subject.consensusAll, (delivery) => this.#hear(delivery)).catch(ignore);
  }

  async #runTurn(inputs: readonly Input[]): Promise<void> {
    const { store, clock, metrics } = this.#options;
    const started_ms = clock.now_ms();
    const result = runTurn(this.#state, inputs);
    const { ops, mustSync, halt } = result;
    if (halt?.conflict !== undefined) await this.#keepConflict(halt.conflict);
    if (mustSync) await store.batch(ops);
    // Without an own word all of it rests on what others have synced: they need not wait for this node's disk.
    this.#speak(result);
    if (!mustSync && ops.length > 0) await store.append(ops);
    this.#tell(result);
    if (ops.length > 0) metrics.set('sortition_consensus_turn_seconds', (clock.now_ms() - started_ms) / 1_000);
  }

  /** Nobody may be able to show it again. */
  async #keepConflict(conflict: CommitConflict): Promise<void> {
    const { keepConflict, log } = this.#options;
    const { height } = conflict.first;
    await keepConflict(conflict).catch((error: unknown) =>
      log.error({ height, error: String(error) }, 'evidence of a fork was not written'),
    );
  }

  /** To the others. What is said of this node's own is on its disk. */
  #speak(result: TurnResult): void {
    for (const word of result.words) this.#cast(word);
    if (result.words.some(({ type }) => type === 'status')) this.#askPositions();
    for (const timer of result.timers) this.#timers.obey(timer);
    for (const decided of result.decided) this.#announce(decided);
    for (const request of result.requests) void this.#fetch(request);
    for (const height of result.releases) this.#beacon.release(height);
    this.#beacon.gather();
  }

  /** To whoever hosts it. The rows are written: what its listeners sync is behind them in the store's log. */
  #tell(result: TurnResult): void {
    for (const decided of result.decided) this.#options.onFinal(decided);
    for (const evidence of result.evidence) this.#accuse(evidence);
    for (const code of result.refusals) this.#countRefusal(code);
    if (result.halt !== undefined) this.#halt(result.halt.code, result.halt.detail);
  }

  #announce({ height, round, final, header, membership }: Decided): void {
    const { bus, key, metrics, config } = this.#options;
    metrics.set('sortition_consensus_height', height);
    metrics.set('sortition_consensus_round', round);
    metrics.set('sortition_consensus_finality_seconds', Math.max(0, this.#now() - header.time_ms) / 1_000);
    const self = indexOf(membership.validators, config.self);
    const isAnnouncer = [round, round + 1].some((r) => isProposer(membership, { height, round: r }, self));
    if (isAnnouncer) bus.cast(subject.block(key.id), announcement(final));
  }

  #accuse(evidence: EvidenceBytes): void {
    this.#options.metrics.add('sortition_consensus_evidence_total', 1);
    this.#options.onEvidence(evidence);
  }

  async #fetch(request: SyncRequest | PartRequest): Promise<void> {
    const { bus } = this.#options;
    const from = request.peer;
    if (request.type === 'sync.request') {
      const blocks = await fetchBlocks(bus, from, request);
      return this.#loop.push({ type: 'blocks.synced', from, blocks, now_ms: this.#now() });
    }
    const part = await fetchPart(bus, from, request);
    if (part !== undefined) this.#loop.push({ type: 'part.received', from, part, now_ms: this.#now() });
  }

  #beaconDuty(): BeaconDuty {
    const { config, secrets } = this.#options;
    const { core } = this.#state;
    return new BeaconDuty(config.self, secrets, {
      chain: config.chain,
      membership: (height) => core.electorate(height),
      tip: () => core.tip,
      isProposer: () => core.isProposer,
      onShares: (shares) => this.#cast(shares),
      onRecovered: (height, signature) =>
        this.#loop.push({ type: 'beacon.recovered', height, signature, now_ms: this.#now() }),
      onRefused: (code) => this.#countRefusal(code),
      onFalse: (validator, height) => {
        this.#options.log.warn({ validator, height }, 'false share of the beacon');
        this.#countRefusal('BEACON_SHARE_INVALID');
      },
    });
  }

  #cast(message: ConsensusMessage): void {
    const { bus, key } = this.#options;
    const { height, round } = this.position;
    for (const piece of this.#state.core.cutter.pieces(message)) {
      const type = piece.type.replace('.', '-');
      bus.cast(subject.consensus(height, Math.max(round, 0), type, key.id), encodeConsensusMessage(piece));
    }
  }

  /** After a restart or a reconnect: own words, position and share again. */
  #repeat(): void {
    const { height, round } = this.position;
    if (this.#state.core.self < 0) return;
    const { lowest_height = 1 } = this.#options.config;
    this.#cast({ type: 'status', from: this.#state.self, height, round: Math.max(round, 0), lowest_height });
    for (const word of this.#state.own.all()) this.#cast(word);
    this.#askPositions();
  }

  /** Where the others are, if that decides when this validator may speak again. */
  #askPositions(): void {
    const { observer } = this.#state;
    const { nonce } = observer;
    if (nonce === undefined) return;
    const { bus, key } = this.#options;
    for (const { id } of this.#state.core.electorate(this.position.height)?.validators ?? []) {
      if (id !== key.id)
        void fetchPosition(bus, id, nonce).then((answer) => {
          const code = answer && observer.hear(answer);
          if (typeof code === 'string') this.#countRefusal(code);
        });
    }
  }

  #countRefusal(code: Code): void {
    this.#options.metrics.add('sortition_host_refusals_total', 1, code);
  }

  #now(): number {
    return this.#options.clock.now_ms();
  }

  #halt(code: Code, detail: string): void {
    if (this.#loop.isStopped) return;
    this.#options.log.error({ code, detail }, 'validator stopped');
    this.#leave();
    this.#options.onHalt(code, detail);
  }

  #leave(): void {
    this.#loop.stop();
    this.#timers.cancelAll();
    for (const subscription of this.#subscriptions.splice(0)) subscription.close();
  }
}

/** The block for those who follow; where it is larger than a message, its certificate, so that they ask for it. */
const announcement = (final: FinalBlock): Uint8Array =>
  finalBlockBytes(final) <= MAX_MESSAGE_BYTES
    ? encodeFinalBlock(final)
    : encodeConsensusMessage({ type: 'certificate', certificate: final.certificate });
