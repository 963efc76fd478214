// What a key generation is about: who deals to whom, what is said in which phase, and what one of them has said so far.
import {
  type Candidate,
  type DealingRow,
  KEYGEN_PHASES,
  type KeygenPhase,
  type KeygenRow,
} from '#schemas/settlement/state.ts';
import type { Code } from '#schemas/wire/codes.ts';
import { type DealingPlan, generationHash } from '../beacon/plan.ts';
import { present } from '../primitives/assert.ts';
import { type Books, emit } from './books.ts';
import { membershipOf } from './memberships.ts';

/** The generation under way, if there is one: there is one at a time, and it is for the next epoch. */
export function openKeygen(books: Books): KeygenRow | undefined {
  const row = books.tables.keygens.get(`${books.indexes.epoch + 1}`);
  return row?.end_height === 0 ? row : undefined;
}

/** Dealers and receivers. A new set has no shares yet; the one that hands on its key has. */
export function planOf(books: Books, { kind, epoch, proposed }: KeygenRow): DealingPlan {
  const receivers = proposed.map((candidate) => ({ ...candidate, beacon_shares: [] }));
  if (kind === 'fresh') return { kind, dealers: receivers, receivers };
  const { validators } = present(membershipOf(books, epoch - 1), 'a key is handed on by the set before');
  return { kind, dealers: validators, receivers };
}

/** What names the generation to its dealers: see `generationHash`. */
export const generationOf = (books: Books, row: KeygenRow): Uint8Array =>
  generationHash({ chain: books.chain, epoch: row.epoch, opened_height: row.start_height }, planOf(books, row));

/** The phase whose transactions the block at `height` takes; undefined before the first and after the last. */
export function phaseAt(books: Books, { start_height }: KeygenRow, height: number): KeygenPhase | undefined {
  return KEYGEN_PHASES[Math.floor((height - start_height - 1) / books.params.keygen_phase_heights)];
}

/** Where a dealer's row stands. */
export const dealingKey = (epoch: number, dealer: string): string => `${epoch}/${dealer}`;

export const dealingOf = (books: Books, epoch: number, dealer: string): DealingRow | undefined =>
  books.tables.dealings.get(dealingKey(epoch, dealer));

/** What the dealer signed shows that it did wrong: its dealing counts for nothing. */
export function convict(books: Books, epoch: number, validator: string, said: DealingRow, code: Code): void {
  books.tables.dealings.put(dealingKey(epoch, validator), { ...said, fault: code });
  emit(books, { type: 'keygen.fault', epoch, validator, code });
}

/** Whether it was dealt, and nothing is known against it. */
export const isDealt = (row: DealingRow | undefined): row is DealingRow =>
  row !== undefined && row.dealing.length > 0 && row.fault === '';

/** The place of an account among dealers or receivers; −1 where it has none. */
export const placeIn = (members: readonly Pick<Candidate, 'id'>[], id: string): number =>
  members.findIndex((member) => member.id === id);
