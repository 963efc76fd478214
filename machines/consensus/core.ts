// The validator core: inputs in, effects out. Checks what comes, counts it, lets the rules fire, decides heights.
// The code that runs in production is the code that the simulator runs.
import { bytesToHex } from '@noble/hashes/utils.js';
import type {
  Block,
  BlockPart,
  Certificate,
  Evidence,
  FinalBlock,
  Header,
  SignedVote,
} from '#schemas/consensus/types.ts';
import { MAX_FUTURE_ROUNDS, MAX_PAST_PROPOSAL_ROUNDS, MAX_PAST_ROUNDS } from '#schemas/wire/limits.ts';
import { asciiBytes, equalBytes } from '../primitives/bytes.ts';
import { quorum } from '../primitives/quorum.ts';
import { refuseProposal, refuseVote } from './admission.ts';
import type { BlockCutter } from './block-parts.ts';
import { blockId, checkBlock } from './block-rules.ts';
import { BlockSync } from './block-sync.ts';
import { Bodies } from './bodies.ts';
import { checkCertificate } from './certificate-rules.ts';
import { type CoreParts, CoreState, roundStepper } from './core-state.ts';
import { type EarlyMessage, EarlyMessages } from './early-messages.ts';
import type { Electorate } from './electorate.ts';
import { Finality } from './finality.ts';
import { Gossip } from './gossip.ts';
import { type Held, heldBy } from './held.ts';
import { isProposer } from './proposer.ts';
import { RoundRules } from './round-rules.ts';
import type { CoreConfig, CoreEffect, Input, Tip } from './types.ts';

/** A validator's consensus, without clock, network, disk or key. */
export type Core = {
  /** Take one input to the fixpoint. Own votes and proposals come back as effects; feed them in again once they are signed. */
  step(input: Input): readonly CoreEffect[];
  /** Replay the recorded inputs of the current height with outputs muted; gives the timers to set. */
  restore(inputs: readonly Input[]): readonly CoreEffect[];
  /** SHA-256 over everything that decides what happens next, hex: equal before a crash and after the replay. */
  stateDigest(): string;
  readonly tip: Tip;
  /** Whether work is a reason to begin that it does not have yet: nobody need tell it of more. */
  readonly awaitsWork: boolean;
  /** Whose votes count at a height, up to two after the last decided one; at a later one, if it is of the last epoch that is known. */
  electorate(height: number, epoch?: number): Electorate | undefined;
  /** Whether this key id is in the set of the last decided height or of one of the two after it. */
  isMember(id: string): boolean;
  /** Own place in the set of the height that is being worked on; −1: none. */
  readonly self: number;
  /** Whether the next block is this validator's to propose, in the round that runs or would begin now. */
  readonly isProposer: boolean;
  /** Height that is being worked on, its round (−1: waiting for a reason to begin) and step. */
  readonly position: { readonly height: number; readonly round: number; readonly step: string };
  /** How blocks travel. */
  readonly cutter: BlockCutter;
  /** How much it holds, for whoever watches the bounds. */
  readonly held: Held;
  /** A part of a body of the present or the last height, for a peer that lacks it. */
  part(value: string, index: number): BlockPart | undefined;
};

/** The parts of production. */
export const SOUND_PARTS: CoreParts = { stepper: roundStepper, quorum };

/** Make a core that goes on from `config.tip`. Its first input is `started`, unless a log is restored. */
export const createCore = (config: CoreConfig, parts: CoreParts = SOUND_PARTS): Core => new Driver(config, parts);

type InputOf<T extends Input['type']> = Extract<Input, { type: T }>;

class Driver implements Core {
  readonly #core: CoreState;
  readonly #rules: RoundRules;
  readonly #gossip: Gossip;
  readonly #finality: Finality;
  readonly #early = new EarlyMessages();
  readonly #bodies: Bodies;
  readonly #blockSync: BlockSync;

  constructor(config: CoreConfig, parts: CoreParts) {
    this.#core = new CoreState(config, parts);
    this.#rules = new RoundRules(this.#core, (final, header, now_ms) => this.#decide(final, header, now_ms));
    this.#gossip = new Gossip(this.#core);
    this.#finality = new Finality(this.#core);
    this.#bodies = new Bodies(this.#core);
    this.#blockSync = new BlockSync(this.#core, this.#gossip, this.#finality, (now_ms) => this.#begin(now_ms));
  }

  get tip(): Tip {
    return this.#core.tip;
  }

  get position(): Core['position'] {
    const { height, round, step } = this.#core.at;
    return { height, round, step };
  }

  get isProposer(): boolean {
    const { electorate, self } = this.#core.at;
    return isProposer(electorate, this.#core.at, self);
  }

  get self(): number {
    return this.#core.at.self;
  }

  electorate(height: number, epoch?: number): Electorate | undefined {
    return this.#core.electorates.find(height, epoch);
  }

  isMember(id: string): boolean {
    return this.#core.electorates.isMember(id);
  }

  get awaitsWork(): boolean {
    const { step, pacing } = this.#core.at;
    return step === 'unstarted' && !pacing.hasReason;
  }

  get held(): Held {
    return heldBy(this.#core, this.#bodies, this.#early);
  }

  get cutter(): BlockCutter {
    return this.#core.cutter;
  }

  part(value: string, index: number): BlockPart | undefined {
    const { at, tip, cutter } = this.#core;
    const block = at.proposals.block(value)?.block ?? (tip.id === value ? tip.final?.block : undefined);
    return block && cutter.parts(block)[index];
  }

  step(input: Input): readonly CoreEffect[] {
    this.#core.out = [];
    if (!this.#core.isHalted) this.#take(input);
    return this.#core.out;
  }

  restore(inputs: readonly Input[]): readonly CoreEffect[] {
    this.#core.isReplaying = true;
    for (const input of inputs) this.step(input);
    this.#core.isReplaying = false;
    return this.#core.timers.pending();
  }

  stateDigest(): string {
    const { tip, at, config } = this.#core;
    const beacon = tip.beacon && bytesToHex(tip.beacon);
    const text = JSON.stringify([tip.height, tip.id, tip.state_root, beacon, ...at.summary()]);
    return bytesToHex(config.crypto.sha256(asciiBytes(text)));
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
      case 'part.received':
        return this.#onPart(input);
      case 'certificate.received':
        return this.#onCertificate(input);
      case 'conflict.received':
        return this.#finality.hear(input.conflict);
      case 'status.received':
        return this.#gossip.heard(input.from, input.status, input.now_ms);
      case 'beacon.recovered':
        return this.#onBeacon(input);
      case 'blocks.synced':
        return this.#blockSync.hear(input);
    }
  }

  #onWork(input: InputOf<'work.arrived'>): void {
    const { at } = this.#core;
    if (at.step !== 'unstarted' || !at.pacing.addReason()) return;
    this.#core.record(input);
    this.#advance(input.now_ms);
  }

  #onTimer(input: InputOf<'timer.fired'>): void {
    const { timers, catchUp, at } = this.#core;
    const timer = timers.take(input.id);
    if (timer?.kind === 'rebroadcast') {
      this.#bodies.expectNamed(input.now_ms);
      return this.#gossip.rebroadcast(input.now_ms);
    }
    if (timer?.kind === 'parts') return this.#bodies.ask(input.now_ms);
    if (timer?.kind === 'sync')
      return catchUp.isBehind(at.height) ? this.#gossip.requestBlocks(input.now_ms) : undefined;
    if (timer === undefined || !this.#rules.isDue(timer)) return;
    this.#core.record(input);
    this.#rules.expire(timer, input.now_ms);
  }

  #onVote(input: InputOf<'vote.received'>): void {
    const { vote, now_ms } = input;
    const { at, electorates, isReplaying } = this.#core;
    if (vote.height < at.height || (vote.height === at.height && this.#tellsNothing(vote))) return;
    const electorate = electorates.find(vote.height, vote.epoch);
    if (electorate === undefined) return;
    const code = isReplaying ? null : refuseVote(electorate, vote);
    if (code !== null) return this.#core.refuse(code);
    if (vote.height > at.height) return this.#keepForLater(input, electorate, vote);
    const { isNews, offence } = this.#count(vote);
    if (!isNews || this.#isForked()) return;
    this.#core.record(input);
    if (offence !== undefined) this.#core.emit({ type: 'evidence.found', evidence: offence });
    if (vote.validator !== at.self) at.pacing.addReason();
    this.#advance(now_ms);
  }

  #onProposal(input: InputOf<'proposal.received'>): void {
    const { proposal, polka, now_ms } = input;
    const { at, electorates, isReplaying, rules, tip } = this.#core;
    const arrived = input.block ?? this.#bodies.block(proposal.value);
    const block = arrived ?? at.proposals.block(proposal.value)?.block;
    if (proposal.height < at.height || at.proposals.has(proposal)) return;
    if (block === undefined && this.#bodies.isAwaited(proposal)) return;
    const electorate = electorates.find(proposal.height, proposal.epoch);
    if (electorate === undefined) return; // of a set that is not known here yet: a status tells as much
    const code = isReplaying ? null : refuseProposal(electorate, proposal, block, polka);
    if (code !== null) return this.#core.refuse(code);
    if (proposal.height > at.height) return this.#keepProposalForLater(input, electorate);
    if (proposal.round > at.round + MAX_FUTURE_ROUNDS) return this.#core.refuse('ROUND_TOO_FAR');
    const isOver = proposal.round < at.round - MAX_PAST_PROPOSAL_ROUNDS;
    if (isOver && !at.votes.names(proposal.value)) return undefined;
    if (block === undefined) return this.#awaitBody(input);
    const checked = at.proposals.block(proposal.value) ?? checkBlock(rules, tip, block, now_ms);
    if (checked === undefined) return this.#core.refuse('BLOCK_INVALID');
    if (checked.header.previous !== tip.id) this.#gossip.askMember(proposal.validator);
    const conflict = at.proposals.conflict(proposal);
    if (at.proposals.add(proposal, at.round, at.votes.names(proposal.value)) === 'full')
      return this.#core.refuse('PROPOSALS_FULL');
    this.#core.record(arrived === undefined ? input : { ...input, block: arrived });
    at.proposals.addBlock(proposal.value, checked);
    this.#bodies.forget(proposal.value);
    if (conflict !== undefined && at.isNews(conflict)) this.#core.emit({ type: 'evidence.found', evidence: conflict });
    if (polka !== undefined) this.#keepCertificate(polka);
    if (at.step === 'unstarted' && proposal.round === 0) this.#rules.startRound(0, now_ms);
    this.#advance(now_ms);
  }

  /** Its polka counts at once, and names the block whose parts are to come. */
  #awaitBody(input: InputOf<'proposal.received'>): void {
    const { proposal, polka, now_ms } = input;
    if (polka !== undefined) this.#onCertificate({ type: 'certificate.received', certificate: polka, now_ms });
    if (proposal.height === this.#core.at.height && !this.#bodies.await(input)) this.#core.refuse('PROPOSALS_FULL');
  }

  #onPart({ from, part, now_ms }: InputOf<'part.received'>): void {
    const outcome = this.#bodies.hear(from, part);
    if (outcome === 'false') this.#core.refuse('PART_INVALID');
    if (typeof outcome === 'object') this.#onBody(blockId(this.#core.config.crypto, part.header), outcome, now_ms);
  }

  /** All parts of a body are here: what waited for it goes on, and so does a certificate that names it. */
  #onBody(value: string, block: Block, now_ms: number): void {
    for (const waiting of this.#bodies.take(value)) this.#onProposal({ ...waiting, block, now_ms });
    const { at } = this.#core;
    const certificate = at.votes.naming(value);
    if (certificate === undefined || at.proposals.block(value) !== undefined) return;
    this.#onCertificate({ type: 'certificate.received', certificate, block, now_ms });
  }

  #onCertificate(input: InputOf<'certificate.received'>): void {
    const { certificate, block, now_ms } = input;
    const { at, electorates, isReplaying, rules, tip } = this.#core;
    if (certificate.height < at.height) return void this.#finality.isConflict(certificate);
    if (certificate.value === null && certificate.round < at.round - MAX_PAST_ROUNDS) return;
    const isKnown = this.#isKnown(certificate);
    const wanted = block !== undefined && this.#isWanted(certificate, block) ? block : undefined;
    if (isKnown && wanted === undefined) return;
    const electorate = electorates.find(certificate.height, certificate.votes[0]?.epoch);
    if (electorate === undefined) return;
    const code = isReplaying ? null : checkCertificate(electorate, certificate, this.#isKnownVote);
    if (code !== null) return this.#core.refuse(code);
    if (certificate.height > at.height) return this.#gossip.sawCertificate(electorate, certificate, now_ms);
    // What a liar hangs on a certificate is not recorded.
    const body = wanted && checkBlock(rules, tip, wanted, now_ms);
    if (isKnown && body === undefined) return;
    const isNews = this.#keepCertificate(certificate);
    if (this.#isForked() || (certificate.type === 'skip' && !isNews)) return;
    this.#core.record({ type: input.type, certificate, ...(body && { block: body.block }), now_ms });
    if (body !== undefined) at.proposals.addBlock(certificate.value ?? '', body);
    for (const waiting of this.#bodies.take(certificate.value ?? '')) this.#onProposal({ ...waiting, now_ms });
    at.pacing.addReason();
    this.#advance(now_ms);
  }

  #onBeacon(input: InputOf<'beacon.recovered'>): void {
    const { tip } = this.#core;
    if (input.height !== tip.height || tip.beacon !== undefined) return;
    this.#core.record(input);
    this.#core.tip = { ...tip, beacon: input.signature };
    this.#advance(input.now_ms);
  }

  /** Let the rules fire; a commit certificate without its block makes this node ask for it. */
  #advance(now_ms: number): void {
    this.#rules.advance(now_ms);
    const { votes, electorate } = this.#core.at;
    if (votes.commit !== undefined && !this.#core.isHalted)
      this.#gossip.sawCertificate(electorate, votes.commit, now_ms);
  }

  #decide(final: FinalBlock, header: Header, now_ms: number): void {
    if (this.#gossip.isElsewhere(header)) this.#gossip.askForRivals();
    else if (this.#finality.add(final, header)) this.#begin(now_ms);
  }

  /** Line 54: the next height. What is asked of the application here comes back from the log in a replay. */
  #begin(now_ms: number): void {
    const core = this.#core;
    core.at = core.nextHeight(now_ms);
    core.record({ type: 'started', now_ms });
    core.timers.set({ kind: 'begin', height: core.at.height, round: -1 }, core.at.pacing.latest_ms);
    this.#gossip.scheduleRebroadcast(now_ms);
    if (!core.isReplaying && core.config.app.hasWork()) this.#take({ type: 'work.arrived', now_ms });
    this.#bodies.begin(core.at.height);
    for (const message of this.#early.take()) this.#take({ ...message, now_ms });
    this.#advance(now_ms);
  }

  /** Its parts are on their way too. */
  #keepProposalForLater(input: InputOf<'proposal.received'>, electorate: Electorate): void {
    const { height, round, value } = input.proposal;
    if (input.block === undefined && height === this.#core.at.height + 1)
      this.#bodies.expect(value, { height, round }, input.now_ms);
    this.#keepForLater(input, electorate, input.proposal);
  }

  #keepForLater(message: EarlyMessage, electorate: Electorate, by: Pick<SignedVote, 'validator' | 'height'>): void {
    if (by.height === this.#core.at.height + 1) this.#early.add(message);
    this.#gossip.sawAhead(electorate, by.validator, by.height, message.now_ms);
  }

  /** Said before; or what enough others said, unless it is the own: the log must give that back. */
  #tellsNothing(vote: SignedVote): boolean {
    const { votes, self } = this.#core.at;
    return votes.known(vote) !== undefined || (vote.validator !== self && votes.isSpare(vote));
  }

  /** Count a checked vote: whether it or what it shows is news, and the offence that it shows, if that was not told yet. */
  #count(vote: SignedVote): { readonly isNews: boolean; readonly offence: Evidence | undefined } {
    const { at } = this.#core;
    const outcome = at.votes.add(vote);
    const shown = typeof outcome === 'object' ? outcome : at.votes.amnesiaBy(vote);
    const offence = shown !== undefined && at.isNews(shown) ? shown : undefined;
    return { isNews: offence !== undefined || outcome === 'counted' || outcome === 'noted', offence };
  }

  /** As a unit, and vote by vote: the votes may show an offence. Whether a vote or an offence was news. */
  #keepCertificate(certificate: Certificate): boolean {
    const { votes } = this.#core.at;
    let isNews = false;
    for (const vote of certificate.votes) {
      const counted = this.#count(vote);
      isNews ||= counted.isNews;
      if (counted.offence !== undefined) this.#core.emit({ type: 'evidence.found', evidence: counted.offence });
    }
    votes.addCertificate(certificate);
    return isNews;
  }

  /** Whether the block has the header that the certificate names, and is not here yet. */
  #isWanted({ height, value }: Certificate, { header }: Block): boolean {
    const { at, config } = this.#core;
    const isMissing = height === at.height && value !== null && at.proposals.block(value) === undefined;
    return isMissing && blockId(config.crypto, header) === value;
  }

  /** Two quorums of this height stand against each other: the node stops, and what showed it is not recorded. */
  #isForked(): boolean {
    const { rival } = this.#core.at.votes;
    return rival !== undefined && this.#finality.isConflict(rival);
  }

  /** Whether a certificate tells nothing new. */
  #isKnown({ type, height, round, value, votes }: Certificate): boolean {
    const { at } = this.#core;
    const first = votes[0];
    if (height !== at.height || first === undefined) return false;
    if (type === 'skip') return votes.every(this.#isKnownVote);
    const held = at.votes.round(round)?.certificate(first.type, first.value, first.valid_round);
    return held?.value === value;
  }

  /** Whether this very vote, signature included, was checked before. */
  readonly #isKnownVote = (vote: SignedVote): boolean => {
    const { at } = this.#core;
    const known = vote.height === at.height ? at.votes.known(vote) : undefined;
    return known !== undefined && equalBytes(known.signature, vote.signature);
  };
}
