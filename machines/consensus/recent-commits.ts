// The commits of the last decided heights, to recognise another one of the same height: that is a fork.
import type { Certificate, CommitConflict, SignedVote } from '#schemas/consensus/types.ts';
import { MAX_RECENT_HEIGHTS } from '#schemas/wire/limits.ts';
import { conflictOf } from './accountability.ts';
import { checkCertificate } from './certificate-rules.ts';
import type { Electorate } from './electorate.ts';

/** What is held against another decision of the same height, and whose votes count there. */
export type HeldCommit = {
  readonly electorate: Electorate;
  /** Its signatures may not have been looked at: links proved its block. */
  readonly commit: Certificate;
  /** What else may tell who made the fork. */
  readonly votes: readonly SignedVote[];
};

export class RecentCommits {
  readonly #held = new Map<number, HeldCommit>();

  add(held: HeldCommit): void {
    const { height } = held.commit;
    this.#held.set(height, held);
    for (const old of this.#held.keys()) {
      if (old > height - MAX_RECENT_HEIGHTS) break;
      this.#held.delete(old);
    }
  }

  at(height: number): HeldCommit | undefined {
    return this.#held.get(height);
  }
}

/** The fork that a certificate makes with the held one, if both are good commits on different blocks. */
export function conflictWith(held: HeldCommit | undefined, certificate: Certificate): CommitConflict | undefined {
  if (held === undefined || certificate.type !== 'commit' || certificate.value === null) return undefined;
  const { electorate, commit, votes } = held;
  const areGood = () => [certificate, commit].every((each) => checkCertificate(electorate, each) === null);
  return commit.value !== certificate.value && areGood() ? conflictOf(commit, certificate, votes) : undefined;
}
