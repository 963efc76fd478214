// What this validator last said at its height: repeated until the height is decided, since nothing else brings it back when lost.
import type { Input } from '#machines/consensus/types.ts';
import type { ConsensusMessage } from '#schemas/consensus/message-codec.ts';

/** A proposal or vote of this validator, as it travels. */
export type OwnWord = Extract<ConsensusMessage, { type: 'proposal' | 'vote' }>;

export class OwnWords {
  /** By kind of statement: only the latest round of each is of use to others. */
  readonly #latest = new Map<string, OwnWord>();

  add(word: OwnWord): void {
    this.#latest.set(word.type === 'vote' ? word.vote.type : 'proposal', word);
  }

  /** What the log has of it, after a restart. */
  remember(input: Input, self: number): void {
    if (input.type === 'vote.received' && input.vote.validator === self) this.add({ type: 'vote', vote: input.vote });
    if (input.type !== 'proposal.received' || input.proposal.validator !== self) return;
    const { type: _, now_ms: __, ...proposal } = input;
    this.add({ type: 'proposal', ...proposal });
  }

  clear(): void {
    this.#latest.clear();
  }

  /** In the order in which they were first said. */
  all(): OwnWord[] {
    return [...this.#latest.values()];
  }
}
