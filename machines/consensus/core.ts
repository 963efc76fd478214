// The validator core: inputs in, effects out. Checks what comes, counts it, lets the rules fire to a fixpoint, decides heights.
// The code that runs in production is the code that the simulator runs.
import { bytesToHex } from '@noble/hashes/utils.js';
import type { Block, Certificate, Evidence, FinalBlock, Header, SignedVote } from '#schemas/consensus/types.ts';
import type { Code } from '#schemas/wire/codes.ts';
import { MAX_FUTURE_ROUNDS, MAX_RECENT_HEIGHTS } from '#schemas/wire/limits.ts';
import { pureStepper } from '../primitives/inert-scope.ts';
import { quorum } from '../primitives/quorum.ts';
import { refuseProposal, refuseVote } from './admission.ts';
import {
  blockId,
  type ChainRules,
  canMakeBlock,
  checkBlock,
  isLinked,
  makeBlock,
  validatorsHash,
} from './block-rules.ts';
import { CatchUp, certifiedHeaders } from './catch-up.ts';
import { checkCertificate, type Electorate, totalPower } from './certificate-rules.ts';
import { type EarlyMessage, EarlyMessages } from './early-messages.ts';
import { Height, type ProposeOrder, type RoundStepper } from './height.ts';
import type { Complex } from './multiplexer.ts';
import { proposerOf } from './proposer.ts';
import { type RoundEvent, type RoundOrder, roundMachine } from './round.machine.ts';
import { Timers } from './timers.ts';
import type { CoreConfig, CoreEffect, Input, Tip } from './types.ts';

/** The set is fixed until set changes come. */
const EPOCH = 0;

/** Parts that a test may replace to plant a bug. */
export type CoreParts = { readonly machine: typeof roundMachine; readonly quorum: (total: number) => number };

/** A validator's consensus, without clock, network, disk or key. */
export type Core = {
  /** Take one input to the fixpoint. Own votes and proposals come back as effects; feed them in again once they are signed. */
  step(input: Input): readonly CoreEffect[];
  /** Replay the recorded inputs of the current height with outputs muted; gives the timers to set. */
  restore(inputs: readonly Input[]): readonly CoreEffect[];
  /** SHA-256 over everything that decides what happens next, hex: equal before a crash and after the replay. */
  stateDigest(): string;
  readonly tip: Tip;
  /** Height that is being worked on, its round (−1: waiting for a reason to begin) and step. */
  readonly position: { readonly height: number; readonly round: number; readonly step: string };
};

/** Make a core that goes on from `config.tip`. Its first input is `started`, unless a log is restored. */
export const createCore = (config: CoreConfig, parts: CoreParts = { machine: roundMachine, quorum }): Core =>
  new Driver(config, parts);

class Driver implements Core {
  readonly #config: CoreConfig;
  readonly #stepper: RoundStepper;
  readonly #electorate: Electorate;
  readonly #rules: ChainRules;
  readonly #catchUp: CatchUp;
  readonly #early = new EarlyMessages();
  readonly #timers: Timers;
  /** Ids of the last decided heights: another certificate for one of them stops the node. */
  readonly #recent = new Map<number, string>();
  #tip: Tip;
  #at: Height;
  #out: CoreEffect[] = [];
  #isReplaying = false;
  #isHalted = false;

  constructor(config: CoreConfig, parts: CoreParts) {
    const { chain, validators, crypto } = config;
    this.#config = config;
    this.#stepper = pureStepper(parts.machine);
    this.#electorate = { chain, epoch: EPOCH, validators, crypto, quorum: parts.quorum(totalPower(validators)) };
    this.#rules = { config, epoch: EPOCH, validators_hash: validatorsHash(config) };
    this.#catchUp = new CatchUp(config.self, validators);
    this.#timers = new Timers((effect) => this.#out.push(effect));
    this.#tip = config.tip;
    this.#at = this.#newHeight(config.tip.time_ms);
  }

  get tip(): Tip {
    return this.#tip;
  }

  get position() {
    return { height: this.#at.height, round: this.#at.round, step: this.#at.step };
  }

  step(input: Input): readonly CoreEffect[] {
    this.#out = [];
    if (!this.#isHalted) this.#take(input);
    return this.#out;
  }

  restore(inputs: readonly Input[]): readonly CoreEffect[] {
    this.#isReplaying = true;
    for (const input of inputs) this.step(input);
    this.#isReplaying = false;
    return this.#timers.pending();
  }

  stateDigest(): string {
    const { height, id, state_root, beacon } = this.#tip;
    const text = JSON.stringify([height, id, state_root, beacon && bytesToHex(beacon), ...this.#at.summary()]);
    return bytesToHex(this.#config.crypto.sha256(Uint8Array.from(text, (char) => char.charCodeAt(0))));
  }

  #take(input: Input): void {
    switch (input.type) {
      case 'started':
        return this.#begin(input.now_ms);
      case 'work.arrived':
        return this.#onWork(input);
      case 'timer.fired':
        return this.#onTimer(input);
      case 'vote.received':
        return this.#onVote(input);
      case 'proposal.received':
        return this.#onProposal(input);
      case 'certificate.received':
        return this.#onCertificate(input);
      case 'status.received':
        return this.#onStatus(input);
      case 'beacon.recovered':
        return this.#onBeacon(input);
      case 'blocks.synced':
        return this.#onBlocks(input);
    }
  }

  // Inputs.

  #onWork(input: Input): void {
    if (this.#at.step !== 'unstarted' || !this.#at.pacing.addReason()) return;
    this.#record(input);
    this.#advance(input.now_ms);
  }

  #onVote(input: Extract<Input, { type: 'vote.received' }>): void {
    const { vote, now_ms } = input;
    if (vote.height < this.#at.height) return;
    if (vote.height === this.#at.height && this.#at.votes.known(vote) !== undefined) return;
    const code = this.#isReplaying ? null : refuseVote(this.#electorate, vote);
    if (code !== null) return this.#refuse(vote.validator, code);
    if (vote.height > this.#at.height) return this.#keepForLater(input, vote, now_ms);
    const outcome = this.#at.votes.add(vote);
    if (outcome === 'known' || (typeof outcome === 'object' && !this.#at.isNews(outcome))) return;
    this.#record(input);
    if (typeof outcome === 'object') this.#out.push({ type: 'evidence.found', evidence: outcome });
    if (vote.validator !== this.#config.self) this.#at.pacing.addReason();
    this.#advance(now_ms);
  }

  #onProposal(input: Extract<Input, { type: 'proposal.received' }>): void {
    const { proposal, polka, block, now_ms } = input;
    if (proposal.height < this.#at.height || this.#at.proposals.has(proposal)) return;
    const code = this.#isReplaying ? null : refuseProposal(this.#electorate, proposal, block, polka);
    if (code !== null) return this.#refuse(proposal.validator, code);
    if (proposal.height > this.#at.height) return this.#keepForLater(input, proposal, now_ms);
    if (proposal.round > this.#at.round + MAX_FUTURE_ROUNDS) return this.#refuse(proposal.validator, 'ROUND_TOO_FAR');
    const checked = this.#at.proposals.block(proposal.value) ?? checkBlock(this.#rules, this.#tip, block, now_ms);
    if (checked === undefined) return this.#refuse(proposal.validator, 'BLOCK_INVALID');
    const conflict = this.#at.proposals.conflict(proposal);
    const outcome = this.#at.proposals.add(proposal, this.#at.votes.names(proposal.value));
    if (outcome === 'full') return this.#refuse(proposal.validator, 'PROPOSALS_FULL');
    this.#record(input);
    this.#at.proposals.addBlock(proposal.value, checked);
    if (conflict !== undefined) this.#accuse(conflict);
    if (polka !== undefined) this.#keepCertificate(polka);
    if (this.#at.step === 'unstarted' && proposal.round === 0) this.#startRound(0, now_ms);
    this.#advance(now_ms);
  }

  #onCertificate(input: Extract<Input, { type: 'certificate.received' }>): void {
    const { certificate, block, now_ms } = input;
    if (certificate.height < this.#at.height) return this.#compareWithDecided(certificate);
    if (this.#isKnownCertificate(certificate, block)) return;
    const code = this.#isReplaying ? null : checkCertificate(this.#electorate, certificate, this.#isKnownVote);
    if (code !== null) return this.#refuse(-1, code);
    if (certificate.height > this.#at.height) return this.#noteAhead(certificate, now_ms);
    const other = this.#at.votes.commit;
    if (
      certificate.type === 'commit' &&
      certificate.value !== null &&
      other !== undefined &&
      other.value !== certificate.value
    ) {
      return this.#halt('CONFLICTING_COMMITS', `height ${certificate.height}: ${other.value} and ${certificate.value}`);
    }
    this.#record(input);
    this.#keepCertificate(certificate);
    if (block !== undefined) this.#keepBody(certificate, block, now_ms);
    this.#at.pacing.addReason();
    this.#advance(now_ms);
  }

  #onStatus({ from, status, now_ms }: Extract<Input, { type: 'status.received' }>): void {
    this.#catchUp.sawHeight(from, status.height);
    if (status.height > this.#at.height) this.#watchForBlocks(now_ms);
    const { final, height } = this.#tip;
    if (final === undefined || status.height !== height || !this.#catchUp.shouldHelp(from, height)) return;
    this.#out.push({ type: 'publish.certificate', certificate: final.certificate, block: final.block });
  }

  #onBeacon(input: Extract<Input, { type: 'beacon.recovered' }>): void {
    if (input.height !== this.#tip.height || this.#tip.beacon !== undefined) return;
    this.#record(input);
    this.#tip = { ...this.#tip, beacon: input.signature };
    this.#advance(input.now_ms);
  }

  #onBlocks({ from, blocks, now_ms }: Extract<Input, { type: 'blocks.synced' }>): void {
    const first = this.#at.height;
    const news = blocks.filter(({ certificate }) => certificate.height >= first);
    if (news.length === 0) return this.#catchUp.distrust(from);
    const headers = certifiedHeaders(this.#electorate, this.#tip.id, first, news);
    if (headers === undefined) {
      this.#catchUp.distrust(from);
      return this.#refuse(from, 'RANGE_INVALID');
    }
    const areExecuted = headers.every((header, i) => this.#finalise(news[i] as FinalBlock, header));
    if (!areExecuted) return;
    this.#begin(now_ms);
    if (this.#catchUp.isBehind(this.#at.height)) this.#requestBlocks(now_ms);
  }

  #onTimer(input: Extract<Input, { type: 'timer.fired' }>): void {
    const timer = this.#timers.take(input.id);
    if (timer === undefined) return;
    if (timer.kind === 'rebroadcast') return this.#rebroadcast(input.now_ms);
    if (timer.kind === 'sync')
      return this.#catchUp.isBehind(this.#at.height) ? this.#requestBlocks(input.now_ms) : undefined;
    const waits = timer.kind === 'begin' ? 'unstarted' : timer.kind;
    const isCurrent = timer.kind === 'begin' || timer.round === this.#at.round;
    if (!isCurrent || (timer.kind !== 'precommit' && waits !== this.#at.step)) return;
    this.#record(input);
    if (timer.kind === 'propose') this.#send({ type: 'propose.expired' }, input.now_ms); // 57
    if (timer.kind === 'prevote') this.#send({ type: 'prevote.expired' }, input.now_ms); // 61
    if (timer.kind === 'precommit') this.#startRound(timer.round + 1, input.now_ms); // 65
    this.#advance(input.now_ms);
  }

  // Rules.

  /** Let the rules fire until none holds. */
  #advance(now_ms: number): void {
    if (this.#at.step === 'unstarted') this.#pace(now_ms);
    for (let next = this.#at.next(); next !== undefined && !this.#isHalted; next = this.#at.next())
      this.#fire(next, now_ms);
    if (this.#at.wanted !== undefined) this.#propose(this.#at.wanted, now_ms);
    if (this.#at.votes.commit !== undefined && this.#at.step !== 'commit')
      this.#noteAhead(this.#at.votes.commit, now_ms);
  }

  #fire(complex: Complex, now_ms: number): void {
    switch (complex.type) {
      case 'value.decided':
        return this.#decide(now_ms);
      case 'round.reached':
        return this.#startRound(complex.round, now_ms);
      case 'proposal.fresh':
      case 'proposal.repeated': {
        const { value, valid_round } = complex.proposal;
        const is_valid = this.#at.proposals.block(value)?.is_valid ?? false;
        return this.#send({ type: complex.type, value, valid_round, is_valid }, now_ms);
      }
      case 'polka.reached':
      case 'polka.nil':
      case 'prevotes.split':
      case 'precommits.split':
        return this.#send(complex, now_ms);
    }
  }

  /** Begin the height when there is a reason and the time has come. */
  #pace(now_ms: number): void {
    const pace = this.#at.pacing.at(now_ms);
    if (pace === 'begin') return this.#startRound(0, now_ms);
    const timer = { kind: 'begin', height: this.#at.height, round: 0 } as const;
    if (pace !== 'wait' && !this.#timers.has(timer)) this.#timers.set(timer, pace.wait_until_ms);
  }

  #startRound(round: number, now_ms: number): void {
    this.#timers.cancelBefore(round);
    const is_proposer = this.#proposer(this.#at.height, round) === this.#config.self;
    this.#send({ type: 'round.started', round, is_proposer }, now_ms);
  }

  #send(event: RoundEvent, now_ms: number): void {
    for (const order of this.#at.send(event)) this.#obey(order, now_ms);
    if (this.#at.step !== 'propose') this.#at.wanted = undefined;
  }

  #obey(order: RoundOrder, now_ms: number): void {
    const { height } = this.#at;
    switch (order.type) {
      case 'schedule':
        return this.#timers.set(
          { kind: order.step, height, round: order.round },
          now_ms + this.#timeout(order.step, order.round),
        );
      case 'propose':
        this.#at.wanted = order;
        return undefined;
      case 'prevote':
      case 'precommit': {
        const valid_round = order.type === 'prevote' ? order.valid_round : -1;
        const { round, value, type } = order;
        this.#out.push({
          type: 'vote',
          vote: { type, epoch: EPOCH, height, round, value, valid_round, validator: this.#config.self },
        });
      }
    }
  }

  /** Lines 14–19; a new block waits for the beacon of the last height. */
  #propose({ round, value, valid_round }: ProposeOrder, now_ms: number): void {
    if (value === null && !canMakeBlock(this.#rules, this.#tip)) return;
    this.#at.wanted = undefined;
    // What the application would prepare is not replayed: the own proposal comes from the log.
    if (this.#isReplaying) return;
    const block = value === null ? makeBlock(this.#rules, this.#tip, now_ms) : this.#at.proposals.block(value)?.block;
    if (block === undefined) return;
    const polka = this.#at.votes.round(valid_round)?.polkas.find((c) => c.value === value);
    const id = value ?? blockId(this.#config.crypto, block.header);
    const proposal = {
      epoch: EPOCH,
      height: this.#at.height,
      round,
      value: id,
      valid_round,
      validator: this.#config.self,
    };
    this.#out.push(
      polka === undefined ? { type: 'propose', proposal, block } : { type: 'propose', proposal, block, polka },
    );
  }

  /** Line 49–54. */
  #decide(now_ms: number): void {
    const certificate = this.#at.votes.commit;
    const checked = this.#at.proposals.block(certificate?.value ?? '');
    if (certificate === undefined || checked === undefined) return;
    this.#send({ type: 'value.decided' }, now_ms);
    if (this.#finalise({ block: checked.block, certificate }, checked.header)) this.#begin(now_ms);
  }

  /** Execute a certified block on top of the tip. False where this node must stop: its own state is not what a quorum signed. */
  #finalise(final: FinalBlock, header: Header): boolean {
    if (!isLinked(this.#rules, this.#tip, header)) {
      this.#halt('STATE_ROOT_MISMATCH', `height ${final.certificate.height} does not follow ${this.#tip.state_root}`);
      return false;
    }
    const { height, time_ms } = header;
    const { state_root } = this.#config.app.execute(header, final.block.txs);
    const id = blockId(this.#config.crypto, final.block.header);
    this.#tip = { height, id, time_ms, state_root, final };
    this.#recent.set(height, id).delete(height - MAX_RECENT_HEIGHTS);
    this.#timers.cancelHeight();
    this.#out.push({ type: 'decided', height, round: final.certificate.round, final, header, state_root });
    this.#out.push({ type: 'beacon.release', height });
    return true;
  }

  /** Line 54: the next height. What is asked of the application here comes back from the log in a replay. */
  #begin(now_ms: number): void {
    this.#at = this.#newHeight(now_ms);
    this.#record({ type: 'started', now_ms });
    this.#timers.set({ kind: 'begin', height: this.#at.height, round: -1 }, this.#at.pacing.latest_ms);
    this.#timers.set(REBROADCAST, now_ms + this.#config.timeouts.rebroadcast_ms);
    if (!this.#isReplaying && this.#config.app.hasWork()) this.#take({ type: 'work.arrived', now_ms });
    for (const message of this.#early.take()) this.#take({ ...message, now_ms });
    this.#advance(now_ms);
  }

  #newHeight(started_ms: number): Height {
    return new Height(this.#tip.height + 1, started_ms, this.#electorate, this.#config, this.#stepper);
  }

  // Counting.

  readonly #isKnownVote = (vote: SignedVote): boolean => {
    const known = vote.height === this.#at.height ? this.#at.votes.known(vote) : undefined;
    return known !== undefined && bytesToHex(known.signature) === bytesToHex(vote.signature);
  };

  #accuse(evidence: Evidence): void {
    if (this.#at.isNews(evidence)) this.#out.push({ type: 'evidence.found', evidence });
  }

  #isKnownCertificate(certificate: Certificate, block?: Block): boolean {
    const first = certificate.votes[0];
    if (certificate.height !== this.#at.height || first === undefined) return false;
    if (certificate.type === 'skip') return certificate.votes.every(this.#isKnownVote);
    const held = this.#at.votes.round(certificate.round)?.certificate(first.type, first.value, first.valid_round);
    const isBodyNews =
      block !== undefined && certificate.value !== null && this.#at.proposals.block(certificate.value) === undefined;
    return held !== undefined && held.value === certificate.value && !isBodyNews;
  }

  #keepCertificate(certificate: Certificate): void {
    for (const vote of certificate.votes) {
      const outcome = this.#at.votes.add(vote);
      if (typeof outcome === 'object') this.#accuse(outcome);
    }
    this.#at.votes.addCertificate(certificate);
  }

  #keepBody({ value }: Certificate, block: Block, now_ms: number): void {
    if (value === null || blockId(this.#config.crypto, block.header) !== value) return;
    const checked = checkBlock(this.#rules, this.#tip, block, now_ms);
    if (checked !== undefined) this.#at.proposals.addBlock(value, checked);
  }

  /** A certificate for a decided height: the same block, or the end of trust. */
  #compareWithDecided(certificate: Certificate): void {
    const decided = this.#recent.get(certificate.height);
    if (
      certificate.type !== 'commit' ||
      certificate.value === null ||
      decided === undefined ||
      decided === certificate.value
    )
      return;
    if (checkCertificate(this.#electorate, certificate) !== null) return;
    this.#halt('CONFLICTING_COMMITS', `height ${certificate.height}: ${decided} and ${certificate.value}`);
  }

  // Where the others are.

  #keepForLater(
    message: EarlyMessage,
    by: { readonly validator: number; readonly height: number },
    now_ms: number,
  ): void {
    if (by.height === this.#at.height + 1) this.#early.add(message);
    this.#catchUp.sawHeight(by.validator, by.height);
    this.#watchForBlocks(now_ms);
  }

  /** Whoever signed a certificate has, or will soon have, what came before it. */
  #noteAhead(certificate: Certificate, now_ms: number): void {
    const height = certificate.type === 'commit' ? certificate.height + 1 : certificate.height;
    for (const vote of certificate.votes) this.#catchUp.sawHeight(vote.validator, height);
    this.#watchForBlocks(now_ms);
  }

  /** The missing messages are mostly on their way: ask for blocks only after the time of a vote. */
  #watchForBlocks(now_ms: number): void {
    if (!this.#isReplaying && !this.#timers.has(SYNC)) this.#timers.set(SYNC, now_ms + this.#config.timeouts.vote_ms);
  }

  #requestBlocks(now_ms: number): void {
    const request = this.#catchUp.nextRequest(this.#at.height);
    if (request === undefined) return;
    this.#out.push({ type: 'sync.request', ...request });
    this.#timers.set(SYNC, now_ms + this.#config.timeouts.rebroadcast_ms);
  }

  #rebroadcast(now_ms: number): void {
    const { height, round } = this.#at;
    this.#out.push({ type: 'publish.status', status: { height, round: Math.max(round, 0), lowest_height: 1 } });
    this.#out.push({ type: 'rebroadcast' });
    for (const certificate of this.#bestCertificates()) {
      const block = certificate.value === null ? undefined : this.#at.proposals.block(certificate.value)?.block;
      this.#out.push(
        block === undefined
          ? { type: 'publish.certificate', certificate }
          : { type: 'publish.certificate', certificate, block },
      );
    }
    this.#timers.set(REBROADCAST, now_ms + this.#config.timeouts.rebroadcast_ms);
  }

  /** As units: the polkas of this round and of the valid value; and why the round before ended, for whom it has not. */
  #bestCertificates(): Certificate[] {
    const { votes, round, state, height } = this.#at;
    const rounds = new Set([round, state.valid_round]);
    const polkas = [...rounds].flatMap((r) => votes.round(r)?.polkas ?? []);
    const precommits = votes.round(round - 1)?.quorumOfPrecommits();
    if (precommits === undefined) return polkas;
    return [...polkas, { type: 'skip', height, round: round - 1, value: null, votes: precommits }];
  }

  // Small things.

  #proposer(height: number, round: number): number {
    return proposerOf(height, round, this.#config.validators.length);
  }

  /** Grows by half of its base each round, so that it passes any network delay some day. */
  #timeout(step: 'propose' | 'prevote' | 'precommit', round: number): number {
    const { propose_ms, vote_ms, cap_ms } = this.#config.timeouts;
    const base = step === 'propose' ? propose_ms : vote_ms;
    return Math.min(base + Math.floor(base / 2) * round, cap_ms);
  }

  #record(input: Input): void {
    if (!this.#isReplaying) this.#out.push({ type: 'record', input });
  }

  #refuse(from: number, code: Code): void {
    this.#out.push({ type: 'refused', from, code });
  }

  #halt(code: Code, detail: string): void {
    this.#isHalted = true;
    this.#out.push({ type: 'halt', code, detail });
  }
}

/** Timers that do not belong to a height. */
const REBROADCAST = { kind: 'rebroadcast', height: 0, round: 0 } as const;
const SYNC = { kind: 'sync', height: 0, round: 0 } as const;
