// What this validator has said at its height. The latest is repeated until the height is decided, since nothing else brings it back
// when lost; all of it tells whether a word of the own key is its own.
import type { Input } from '#machines/consensus/types.ts';
import type { ConsensusMessage } from '#schemas/consensus/message-codec.ts';
import type { Proposal, Vote } from '#schemas/consensus/types.ts';

/** A proposal or vote of this validator, as it travels. */
export type OwnWord = Extract<ConsensusMessage, { type: 'proposal' | 'vote' }>;
/** What one validator signs. */
export type Statement = Vote | Proposal;

export class OwnWords {
  /** By kind of statement: only the latest round of each is of use to others. */
  readonly #latest = new Map<string, OwnWord>();
  /** All of this height: a few a round. */
  readonly #said = new Set<string>();

  add(word: OwnWord): void {
    this.#latest.set(word.type === 'vote' ? word.vote.type : 'proposal', word);
    this.#said.add(keyOf(word.type === 'vote' ? word.vote : word.proposal));
  }

  /** What the log has of it, after a restart. */
  remember(input: Input, self: number): void {
    if (input.type === 'vote.received' && input.vote.validator === self) this.add({ type: 'vote', vote: input.vote });
    if (input.type !== 'proposal.received' || input.proposal.validator !== self) return;
    const { type: _, now_ms: __, ...proposal } = input;
    this.add({ type: 'proposal', ...proposal });
  }

  /** Whether it has said this. */
  has(statement: Statement): boolean {
    return this.#said.has(keyOf(statement));
  }

  clear(): void {
    this.#latest.clear();
    this.#said.clear();
  }

  /** In the order in which they were first said. */
  all(): OwnWord[] {
    return [...this.#latest.values()];
  }
}

function keyOf(statement: Statement): string {
  const { height, round, value, valid_round } = statement;
  return `${'type' in statement ? statement.type : 'proposal'}/${height}/${round}/${value}/${valid_round}`;
}
