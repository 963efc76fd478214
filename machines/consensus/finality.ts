// Makes certified blocks final: executes them on the tip, and stops where two certificates or two states stand against each other.
import type { Certificate, FinalBlock, Header, SignedVote } from '#schemas/consensus/types.ts';
import { MAX_RECENT_HEIGHTS } from '#schemas/wire/limits.ts';
import { conflictOf, testimony } from './accountability.ts';
import { blockId, isLinked } from './block-rules.ts';
import { checkCertificate } from './certificate-rules.ts';
import type { CoreState } from './core-state.ts';

/** What is held against another decision of the same height. */
type Held = { readonly commit: Certificate; readonly votes: readonly SignedVote[] };

export class Finality {
  readonly #core: CoreState;
  /** The last decided heights. */
  readonly #recent = new Map<number, Held>();

  constructor(core: CoreState) {
    this.#core = core;
  }

  /**
   * Execute the block on top of the tip. False where this node must stop: its own state is not what a quorum signed.
   *
   * @param isChecked whether the signatures of its certificate were: others are no evidence of anything
   */
  add(final: FinalBlock, header: Header, isChecked = true): boolean {
    const { rules, tip, config, timers, at } = this.#core;
    if (!isLinked(rules, tip, header)) {
      this.#core.halt('STATE_ROOT_MISMATCH', `height ${final.certificate.height} does not follow ${tip.state_root}`);
      return false;
    }
    const { height, time_ms } = header;
    const { state_root } = config.app.execute(header, final.block.txs);
    const id = blockId(config.crypto, final.block.header);
    this.#core.tip = { height, id, time_ms, state_root, final };
    const votes = at.height === height ? testimony(at.votes.told()) : [];
    if (isChecked) this.#recent.set(height, { commit: final.certificate, votes });
    this.#recent.delete(height - MAX_RECENT_HEIGHTS);
    timers.cancelHeight();
    this.#core.emit({ type: 'decided', height, round: final.certificate.round, final, header, state_root });
    this.#core.emit({ type: 'beacon.release', height });
    return true;
  }

  /** A certificate against the one that is held of its height: the same block, or the end of trust. True where it stops the node. */
  isConflict(certificate: Certificate): boolean {
    if (certificate.type !== 'commit' || certificate.value === null) return false;
    const held = this.#heldOf(certificate.height);
    if (held === undefined || held.commit.value === certificate.value) return false;
    if (checkCertificate(this.#core.electorate, certificate) !== null) return false;
    this.#stop(held, certificate);
    return true;
  }

  /** The tip's own certificate is all that a restart leaves. */
  #heldOf(height: number): Held | undefined {
    const { at, tip } = this.#core;
    if (height === at.height) return at.votes.commit && { commit: at.votes.commit, votes: testimony(at.votes.told()) };
    const last = height === tip.height && tip.final ? { commit: tip.final.certificate, votes: [] } : undefined;
    return this.#recent.get(height) ?? last;
  }

  #stop({ commit, votes }: Held, certificate: Certificate): void {
    const conflict = conflictOf(commit, certificate, votes);
    const { first, second } = conflict;
    const detail = `height ${first.height}: ${first.value} in round ${first.round}, ${second.value} in round ${second.round}`;
    this.#core.halt('CONFLICTING_COMMITS', detail, conflict);
  }
}
