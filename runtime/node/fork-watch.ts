// A follower's eye for forks: two commits of one height in what it receives, or what a validator has stopped on. It ends the node.
import { checkConflict } from '#machines/consensus/accountability.ts';
import type { Electorate } from '#machines/consensus/electorate.ts';
import { conflictWith, type HeldCommit, RecentCommits } from '#machines/consensus/recent-commits.ts';
import { decodeConsensusMessage } from '#schemas/consensus/message-codec.ts';
import type { Certificate, CommitConflict } from '#schemas/consensus/types.ts';
import type { Code } from '#schemas/wire/codes.ts';
import type { Bus } from '../bus/bus.ts';
import { ConsensusError } from '../consensus/consensus-error.ts';
import { fetchBlocks } from '../consensus/sync-client.ts';
import type { Log } from '../observe/log.ts';
import type { Metrics } from '../observe/metrics.ts';
import type { CheckedBlock } from './final-blocks.ts';

/** Whose votes count at a height, in an epoch; undefined where that is not known here yet. */
export type ElectorateOf = (height: number, epoch?: number) => Electorate | undefined;

export type ForkPorts = {
  readonly bus: Pick<Bus, 'request'>;
  readonly log: Pick<Log, 'error'>;
  readonly metrics: Pick<Metrics, 'add'>;
  /** The proof of a fork, before the failure that it is told as. */
  readonly keepConflict: (conflict: CommitConflict) => Promise<void>;
  readonly onFailure: (error: unknown) => void;
};

export class ForkWatch {
  readonly #electorates: ElectorateOf;
  readonly #o: ForkPorts;
  readonly #recent = new RecentCommits();
  /** The last block that was executed here; none since the start. */
  #tip: CheckedBlock | undefined;
  #isOver = false;

  constructor(electorates: ElectorateOf, ports: ForkPorts) {
    this.#electorates = electorates;
    this.#o = ports;
  }

  /**
   * Whether the next block, which a quorum committed to, follows the last one. If not, another block was decided in the last
   * one's place: validators are asked for it, since its certificate is the proof.
   */
  follows(next: CheckedBlock): boolean {
    const isNext = this.#tip === undefined || next.header.previous === this.#tip.id;
    if (!isNext) void this.#findRival(next.header.height - 1);
    return isNext;
  }

  executed(block: CheckedBlock): void {
    this.#tip = block;
    const held = this.#held(block.final.certificate);
    if (held !== undefined) this.#recent.add(held);
  }

  /** A certificate against what is held of its height. @param early the one of a block that waits to be executed */
  async compare(certificate: Certificate, early: Certificate | undefined): Promise<void> {
    const held = early === undefined ? this.#recent.at(certificate.height) : this.#held(early);
    const conflict = conflictWith(held, certificate);
    if (conflict !== undefined) await this.#stop(conflict);
  }

  /** What a validator says that it stopped on. */
  async hear(data: Uint8Array): Promise<void> {
    const message = decodeConsensusMessage(data);
    if (!message.ok) return this.#refuse(message.code);
    if (message.value.type !== 'conflict') return this.#refuse('KIND_UNKNOWN');
    const { conflict } = message.value;
    const { height, votes } = conflict.first;
    const electorate = this.#electorates(height, votes[0]?.epoch);
    if (electorate === undefined) return undefined; // of a set that is not known here yet
    const checked = checkConflict(electorate, conflict);
    return checked.ok ? this.#stop(conflict) : this.#refuse(checked.code);
  }

  #held(commit: Certificate): HeldCommit | undefined {
    const electorate = this.#electorates(commit.height, commit.votes[0]?.epoch);
    return electorate && { electorate, commit, votes: [] };
  }

  async #findRival(height: number): Promise<void> {
    for (const { id } of this.#electorates(height)?.validators ?? []) {
      if (this.#isOver) return;
      const [final] = await fetchBlocks(this.#o.bus, id, { first_height: height, last_height: height });
      if (final !== undefined) await this.compare(final.certificate, undefined);
    }
  }

  async #stop(conflict: CommitConflict): Promise<void> {
    if (this.#isOver) return;
    this.#isOver = true;
    const { first, second } = conflict;
    await this.#o.keepConflict(conflict).catch((error: unknown) => {
      this.#o.log.error({ height: first.height, error: String(error) }, 'evidence of a fork was not written');
    });
    this.#o.onFailure(
      new ConsensusError('CONFLICTING_COMMITS', `height ${first.height}: ${first.value} and ${second.value}`),
    );
  }

  #refuse(code: Code): void {
    this.#o.metrics.add('sortition_host_refusals_total', 1, code);
  }
}
