// Makes certified blocks final: executes them on the tip, and stops where two certificates or two states stand against each other.
import type { Certificate, FinalBlock, Header } from '#schemas/consensus/types.ts';
import { MAX_RECENT_HEIGHTS } from '#schemas/wire/limits.ts';
import { blockId, isLinked } from './block-rules.ts';
import { checkCertificate } from './certificate-rules.ts';
import type { CoreState } from './core-state.ts';

export class Finality {
  readonly #core: CoreState;
  /** Ids of the last decided heights. */
  readonly #recent = new Map<number, string>();

  constructor(core: CoreState) {
    this.#core = core;
  }

  /** Execute the block on top of the tip. False where this node must stop: its own state is not what a quorum signed. */
  add(final: FinalBlock, header: Header): boolean {
    const { rules, tip, config, timers } = this.#core;
    if (!isLinked(rules, tip, header)) {
      this.#core.halt('STATE_ROOT_MISMATCH', `height ${final.certificate.height} does not follow ${tip.state_root}`);
      return false;
    }
    const { height, time_ms } = header;
    const { state_root } = config.app.execute(header, final.block.txs);
    const id = blockId(config.crypto, final.block.header);
    this.#core.tip = { height, id, time_ms, state_root, final };
    this.#recent.set(height, id).delete(height - MAX_RECENT_HEIGHTS);
    timers.cancelHeight();
    this.#core.emit({ type: 'decided', height, round: final.certificate.round, final, header, state_root });
    this.#core.emit({ type: 'beacon.release', height });
    return true;
  }

  /** A certificate for a decided height: the same block, or the end of trust. */
  compare(certificate: Certificate): void {
    const decided = this.#recent.get(certificate.height);
    if (decided === undefined || !contradicts(certificate, decided)) return;
    if (checkCertificate(this.#core.electorate, certificate) === null) this.#stop(certificate, decided);
  }

  /** The same for the height that is being worked on; the certificate was checked. True where it stops the node. */
  isConflict(certificate: Certificate): boolean {
    const held = this.#core.at.votes.commit?.value;
    if (typeof held !== 'string' || !contradicts(certificate, held)) return false;
    this.#stop(certificate, held);
    return true;
  }

  #stop({ height, value }: Certificate, other: string): void {
    this.#core.halt('CONFLICTING_COMMITS', `height ${height}: ${other} and ${value}`);
  }
}

const contradicts = ({ type, value }: Certificate, decided: string): boolean =>
  type === 'commit' && value !== null && value !== decided;
