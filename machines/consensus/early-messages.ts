// Messages of the next height, kept until this node gets there; their signatures were checked. Bounded for each sender.
// Not part of the replayed state: what was lost is repeated by its sender.
import { MAX_EARLY_MESSAGES } from '#schemas/wire/limits.ts';
import type { Input } from './types.ts';

export type EarlyMessage = Extract<Input, { type: 'vote.received' | 'proposal.received' }>;

export class EarlyMessages {
  readonly #messages: EarlyMessage[] = [];
  readonly #counts = new Map<number, number>();

  /** Keep it, unless its sender has filled its share. */
  add(message: EarlyMessage): void {
    const { validator } = message.type === 'vote.received' ? message.vote : message.proposal;
    const count = this.#counts.get(validator) ?? 0;
    if (count >= MAX_EARLY_MESSAGES) return;
    this.#counts.set(validator, count + 1);
    this.#messages.push(message);
  }

  /** All, in order of arrival; none are left. */
  take(): EarlyMessage[] {
    this.#counts.clear();
    return this.#messages.splice(0);
  }
}
