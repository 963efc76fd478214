// What a core says and asks beside the protocol's own steps: where it stands, what others may lack, what it lacks itself.
// Nothing here is part of the replayed state.
import type { Block, Certificate, Header } from '#schemas/consensus/types.ts';
import type { CoreState } from './core-state.ts';
import { type Electorate, indexOf } from './electorate.ts';
import type { Status } from './types.ts';

/** Timers that belong to no height. */
const REBROADCAST = { kind: 'rebroadcast', height: 0, round: 0 } as const;
const SYNC = { kind: 'sync', height: 0, round: 0 } as const;

export class Gossip {
  readonly #core: CoreState;

  constructor(core: CoreState) {
    this.#core = core;
  }

  /** A message of `validator` at a later height: it has decided everything before. */
  sawAhead({ validators }: Electorate, validator: number, height: number, now_ms: number): void {
    this.#saw(validators, validator, height);
    this.#watchForBlocks(now_ms);
  }

  /** Whoever signed a certificate has, or will soon have, what came before it; a commit's signers the block itself. */
  sawCertificate({ validators }: Electorate, { type, height, votes }: Certificate, now_ms: number): void {
    for (const vote of votes) this.#saw(validators, vote.validator, type === 'commit' ? height + 1 : height);
    this.#watchForBlocks(now_ms);
  }

  /** A peer ahead is one to ask; a peer that lacks just the last height is helped at once, by two. */
  heard(from: string, status: Status, now_ms: number): void {
    const { catchUp, tip, at, electorates } = this.#core;
    catchUp.sawHeight(from, status.height);
    catchUp.sawLowest(from, status.lowest_height);
    if (status.height > at.height) this.#watchForBlocks(now_ms);
    if (
      tip.final === undefined ||
      status.height !== tip.height ||
      !catchUp.shouldHelp(electorates.at(tip.height), from, tip.height)
    )
      return;
    this.#publish(tip.final.certificate, tip.final.block);
  }

  /** Ask for ranges that someone claims to have, each of another peer; and of others what did not come. */
  requestBlocks(now_ms: number): void {
    const { ranges, at, timers, config } = this.#core;
    const patience_ms = config.timeouts.rebroadcast_ms;
    const requests = ranges.plan(at.height, now_ms, patience_ms);
    for (const request of requests) this.#core.emit({ type: 'sync.request', ...request });
    timers.set(SYNC, now_ms + patience_ms);
  }

  /** Whether the header, to which a quorum committed, rests on another block than the tip: then that one was decided too. */
  isElsewhere({ previous }: Header): boolean {
    const { tip } = this.#core;
    return tip.height > 0 && previous !== tip.id;
  }

  /** Whoever committed to the open height on another parent can show what it decided before. */
  askForRivals(): void {
    for (const { validator } of this.#core.at.votes.commit?.votes ?? []) this.askMember(validator);
  }

  /** @param validator of the open height's set */
  askMember(validator: number): void {
    const peer = this.#core.at.electorate.validators[validator]?.id;
    if (peer !== undefined && peer !== this.#core.config.self) this.askForRival(peer);
  }

  /** Somebody builds on another block than the tip: if that was decided too, its certificate stands against the tip's. */
  askForRival(peer: string): void {
    const { height } = this.#core.tip;
    if (height > 0) this.#core.emit({ type: 'sync.request', peer, first_height: height, last_height: height });
  }

  /** Position, own words, and as units the certificates that others may lack. */
  rebroadcast(now_ms: number): void {
    const { at, config } = this.#core;
    if (!this.#isHeard()) return this.scheduleRebroadcast(now_ms);
    const { lowest_height = 1 } = config;
    const status = { height: at.height, round: Math.max(at.round, 0), lowest_height };
    this.#core.emit({ type: 'publish.status', status });
    this.#core.emit({ type: 'rebroadcast' });
    // Decided, and yet not left: its block is not on the tip.
    if (at.step === 'commit') this.askForRivals();
    for (const certificate of this.#bestCertificates()) {
      this.#publish(certificate, at.proposals.block(certificate.value ?? '')?.block);
    }
    this.scheduleRebroadcast(now_ms);
  }

  /**
   * In its time, however fast heights follow each other: who lags by an epoch knows nobody's votes, and a status is all that tells it.
   */
  scheduleRebroadcast(now_ms: number): void {
    const { timers, config } = this.#core;
    if (!timers.has(REBROADCAST)) timers.set(REBROADCAST, now_ms + config.timeouts.rebroadcast_ms);
  }

  /** The missing messages are mostly on their way: ask for blocks only after the time of a vote. */
  #watchForBlocks(now_ms: number): void {
    const { isReplaying, timers, config } = this.#core;
    if (!isReplaying && !timers.has(SYNC)) timers.set(SYNC, now_ms + config.timeouts.vote_ms);
  }

  /** The polkas of this round and of the valid value; and why the round before ended, for whom it has not. */
  #bestCertificates(): Certificate[] {
    const { votes, round, state, height } = this.#core.at;
    const polkas = [...new Set([round, state.valid_round])].flatMap((r) => votes.round(r)?.polkas ?? []);
    const precommits = votes.round(round - 1)?.quorumOfPrecommits();
    if (precommits === undefined) return polkas;
    return [...polkas, { type: 'skip', height, round: round - 1, value: null, votes: precommits }];
  }

  /** A member speaks; and who was one at the last height, until the next one is decided: others may lack what it alone knows of it. */
  #isHeard(): boolean {
    const { at, tip, electorates, config } = this.#core;
    return at.self >= 0 || indexOf(electorates.at(tip.height).validators, config.self) >= 0;
  }

  #saw(validators: Electorate['validators'], validator: number, height: number): void {
    const peer = validators[validator];
    if (peer !== undefined) this.#core.catchUp.sawHeight(peer.id, height);
  }

  #publish(certificate: Certificate, block: Block | undefined): void {
    const message = { type: 'certificate', certificate, ...(block && { block }) } as const;
    this.#core.emit({ ...this.#core.cutter.shortened(message), type: 'publish.certificate' });
  }
}
