// Messages of the next height, kept until this node gets there; their signatures were checked. Bounded for each sender.
// Not part of the replayed state: what was lost is repeated by its sender.
import { MAX_EARLY_MESSAGES, MAX_EARLY_PROPOSALS, MAX_EARLY_ROUND } from '#schemas/wire/limits.ts';
import type { Input } from './types.ts';

export type EarlyMessage = Extract<Input, { type: 'vote.received' | 'proposal.received' }>;

export class EarlyMessages {
  readonly #messages: EarlyMessage[] = [];

  /** Keep it, unless its sender has filled its share. Each proposal may be a whole message: only of rounds that can come soon. */
  add(message: EarlyMessage): void {
    const { validator, round } = statementOf(message);
    const ofSender = this.#messages.filter((kept) => statementOf(kept).validator === validator);
    const isProposal = message.type === 'proposal.received';
    const proposals = ofSender.filter(({ type }) => type === 'proposal.received').length;
    if (ofSender.length >= MAX_EARLY_MESSAGES) return;
    if (isProposal && (round > MAX_EARLY_ROUND || proposals >= MAX_EARLY_PROPOSALS)) return;
    this.#messages.push(message);
  }

  /** All, in order of arrival; none are left. */
  take(): EarlyMessage[] {
    return this.#messages.splice(0);
  }

  get size(): number {
    return this.#messages.length;
  }
}

const statementOf = (message: EarlyMessage) => (message.type === 'vote.received' ? message.vote : message.proposal);
