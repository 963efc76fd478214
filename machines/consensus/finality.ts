// Makes certified blocks final: executes them on the tip, and stops where two certificates or two states stand against each other.
import type { Certificate, CommitConflict, FinalBlock, Header, SignedVote } from '#schemas/consensus/types.ts';
import { checkConflict, testimony, withVotes } from './accountability.ts';
import { blockId, isLinked } from './block-rules.ts';
import type { CoreState } from './core-state.ts';
import { conflictWith, type HeldCommit, RecentCommits } from './recent-commits.ts';

export class Finality {
  readonly #core: CoreState;
  readonly #recent = new RecentCommits();

  constructor(core: CoreState) {
    this.#core = core;
    const { tip, decided } = core.config;
    const last = tip.final === undefined ? [] : [{ commit: tip.final.certificate, votes: [] }];
    for (const held of decided ?? last)
      this.#recent.add({ ...held, electorate: core.electorates.at(held.commit.height) });
  }

  /** Execute the block on top of the tip. False where this node must stop: its own state is not what a quorum signed. */
  add(final: FinalBlock, header: Header): boolean {
    const { rules, electorates, tip, config, timers } = this.#core;
    if (!isLinked(rules, tip, header)) {
      this.#core.halt('STATE_ROOT_MISMATCH', `height ${final.certificate.height} does not follow ${tip.state_root}`);
      return false;
    }
    const { height, time_ms } = header;
    const { state_root } = config.app.execute(header, final.block.txs);
    const id = blockId(config.crypto, final.block.header);
    this.#core.tip = { height, id, time_ms, state_root, final };
    const electorate = electorates.at(height);
    const votes = this.#beside(final.certificate);
    this.#recent.add({ electorate, commit: final.certificate, votes });
    electorates.advance(height);
    timers.cancelHeight();
    const { round } = final.certificate;
    this.#core.emit({ type: 'decided', height, round, final, header, state_root, votes, membership: electorate });
    this.#core.emit({ type: 'beacon.release', height });
    return true;
  }

  /** A certificate against the one that is held of its height: the same block, or the end of trust. True where it stops the node. */
  isConflict(certificate: Certificate): boolean {
    const conflict = conflictWith(this.#heldOf(certificate.height), certificate);
    if (conflict !== undefined) this.#stop(conflict);
    return conflict !== undefined;
  }

  /** What another node stopped on stops this one too, once it is proven; what is held here of the height joins it. */
  hear(conflict: CommitConflict): void {
    const { height, votes } = conflict.first;
    const held = this.#heldOf(height);
    const electorate = held?.electorate ?? this.#core.electorates.find(height, votes[0]?.epoch);
    if (electorate === undefined) return; // of a set that is not known here yet
    const checked = checkConflict(electorate, conflict);
    if (!checked.ok) return this.#core.refuse(checked.code);
    this.#stop(withVotes(conflict, held?.votes ?? this.#testimonyOf(height)));
  }

  /** Votes of the open height, before anything is decided in it. */
  #testimonyOf(height: number): readonly SignedVote[] {
    const { at } = this.#core;
    return height === at.height ? testimony(at.votes.told()) : [];
  }

  /** The same without what the certificate says already. */
  #beside({ height, votes }: Certificate): readonly SignedVote[] {
    const certified = new Set(votes);
    return this.#testimonyOf(height).filter((vote) => !certified.has(vote));
  }

  #heldOf(height: number): HeldCommit | undefined {
    const { at } = this.#core;
    if (height === at.height && at.votes.commit !== undefined)
      return { electorate: at.electorate, commit: at.votes.commit, votes: this.#testimonyOf(height) };
    return this.#recent.at(height);
  }

  #stop(conflict: CommitConflict): void {
    const { first, second } = conflict;
    const detail = `height ${first.height}: ${first.value} in round ${first.round}, ${second.value} in round ${second.round}`;
    this.#core.halt('CONFLICTING_COMMITS', detail, conflict);
  }
}
