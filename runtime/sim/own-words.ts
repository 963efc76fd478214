// What a validator itself signed at the height that it is deciding: repeated until the height is over.
import type { Input } from '#machines/consensus/types.ts';
import type { Message } from './message.ts';

/** The latest own message of each type at one height. */
export type OwnWords = {
  add(message: Message): void;
  /** Latest proposal, prevote and precommit. */
  latest(): readonly Message[];
  /** A new height began. */
  clear(): void;
};

/** Nothing said yet. */
export function createOwnWords(): OwnWords {
  const words = new Map<string, Message>();
  return {
    add: (message) => void words.set(message.type === 'vote' ? message.vote.type : message.type, message),
    latest: () => [...words.values()],
    clear: () => words.clear(),
  };
}

/** The own message that an input of the log repeats, or null when somebody else said it. */
export function ownMessage(input: Input, self: number): Message | null {
  if (input.type === 'vote.received' && input.vote.validator === self) return { type: 'vote', vote: input.vote };
  if (input.type === 'proposal.received' && input.proposal.validator === self) {
    const { proposal, block, polka } = input;
    return { type: 'proposal', proposal, block, ...(polka && { polka }) };
  }
  return null;
}
