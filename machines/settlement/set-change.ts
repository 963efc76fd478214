// How the validator set changes: at a boundary of epochs the next set is proposed, a beacon key is made for it, then it is fixed.
import { bytesToHex, concatBytes, hexToBytes } from '@noble/hashes/utils.js';
import type { Membership } from '#schemas/consensus/types.ts';
import type { KeygenRow } from '#schemas/settlement/state.ts';
import type { BeaconKey } from '../beacon/dealing.ts';
import { assert, present } from '../primitives/assert.ts';
import { type Books, emit } from './books.ts';
import { convict, dealingOf, isDealt, openKeygen, phaseAt, planOf } from './keygen-plan.ts';
import { ANNOUNCED_HEIGHTS, keepMembership, membershipAt, newestMembership } from './memberships.ts';
import { isSameSet, nextSet } from './next-set.ts';
import { noteMembership, tidyRegistry, wishesOf } from './validators.ts';

/** Epochs whose generation stays on the ledger beside the newest: validators compute their secret shares of it again at start. */
const KEPT_EPOCHS = 1;

/**
 * End of a block: open a generation, move it on, or end it.
 *
 * @param beacon signature that the block brought; null where it brought none
 */
export function changeSet(books: Books, beacon: Uint8Array | null): void {
  const row = openKeygen(books);
  if (row === undefined) return proposeIfDue(books);
  const passed = books.block.height - row.start_height;
  if (passed % books.params.keygen_phase_heights !== 0) return;
  if (phaseAt(books, row, books.block.height + 1) === undefined) endKeygen(books, row, beacon);
  else tellPhase(books, row);
}

function proposeIfDue(books: Books): void {
  const { height } = books.block;
  if (height % books.params.epoch_heights !== 0) return;
  const newest = newestMembership(books);
  if (newest !== membershipAt(books, height + 1)) return;
  tidyRegistry(books);
  const epoch = newest.epoch + 1;
  const { failed = [] } = books.tables.keygens.get(`${epoch}`) ?? {};
  const proposed = nextSet(newest.validators, wishesWithout(books, newest, failed));
  const isNeeded = newest.beacon_key === null || !isSameSet(proposed, newest.validators);
  if (isNeeded) openGeneration(books, { epoch, kind: newest.beacon_key === null ? 'fresh' : 'reshare', proposed });
}

/** A newcomer who failed to deal the last time waits for the time after: it must not stand in the way of the others again. */
function wishesWithout(books: Books, { validators }: Membership, failed: readonly string[]) {
  const isIn = new Set(validators.map(({ id }) => id));
  return wishesOf(books).filter(({ id }) => isIn.has(id) || !failed.includes(id));
}

function openGeneration(books: Books, asked: Pick<KeygenRow, 'epoch' | 'kind' | 'proposed'>): void {
  const row = { ...asked, start_height: books.block.height, end_height: 0, qualified: [], failed: [] };
  books.tables.keygens.put(`${row.epoch}`, row);
  tellPhase(books, row);
}

function tellPhase(books: Books, row: KeygenRow): void {
  const { height } = books.block;
  const phase = present(phaseAt(books, row, height + 1), 'a generation that is under way has a phase');
  const until_height = height + books.params.keygen_phase_heights;
  emit(books, { type: 'keygen.phase', epoch: row.epoch, phase, until_height });
}

/** Put the key together from what was dealt well; if too few did, the set stays as it is until the next boundary. */
function endKeygen(books: Books, row: KeygenRow, beacon: Uint8Array | null): void {
  const plan = planOf(books, row);
  const dealers = plan.dealers.map(({ id }) => id);
  for (const id of dealers) convictSilent(books, row.epoch, id);
  const good = new Map<number, Uint8Array>();
  for (const [i, id] of dealers.entries()) {
    const said = dealingOf(books, row.epoch, id);
    if (isDealt(said)) good.set(i, said.dealing);
  }
  const key = books.crypto.dealings.combineDealings(plan, good);
  const failed = dealers.filter((_, i) => !good.has(i));
  const qualified = key === undefined ? [] : dealers.filter((_, i) => good.has(i));
  books.tables.keygens.put(`${row.epoch}`, { ...row, end_height: books.block.height, qualified, failed });
  if (key !== undefined) return adopt(books, row, key, beacon);
  dropDealings(books, (epoch) => epoch === row.epoch);
  emit(books, { type: 'keygen.failed', epoch: row.epoch, failed });
}

/** A complaint that was not answered convicts the dealer. */
function convictSilent(books: Books, epoch: number, validator: string): void {
  const said = dealingOf(books, epoch, validator);
  if (isDealt(said) && said.complaints.some(({ shares }) => shares.length === 0))
    convict(books, epoch, validator, said, 'COMPLAINT_UNANSWERED');
}

/** The proposed set has its key: it is fixed, to begin two heights on. */
function adopt(books: Books, { epoch, kind, proposed }: KeygenRow, key: BeaconKey, beacon: Uint8Array | null): void {
  const before = newestMembership(books);
  assert(kind === 'fresh' || key.group_key === before.beacon_key, 'resharing keeps the group key');
  const membership: Membership = {
    epoch,
    first_height: books.block.height + ANNOUNCED_HEIGHTS,
    validators: proposed.map((candidate, i) => ({ ...candidate, beacon_shares: key.shares[i] ?? [] })),
    beacon_key: key.group_key,
    proposer_seed: seedOf(books, before, key, beacon),
  };
  keepMembership(books, membership);
  noteMembership(books, membership);
  dropDealings(books, (old) => old < epoch - KEPT_EPOCHS);
  books.tables.keygens.remove(`${epoch - KEPT_EPOCHS - 1}`);
  emit(books, { type: 'membership.changed', epoch, first_height: membership.first_height });
}

/** The beacon that the last block brought was known to nobody when the set was proposed; without one, what the set itself brings. */
function seedOf(books: Books, before: Membership, { group_key }: BeaconKey, beacon: Uint8Array | null): string {
  const seed = beacon ?? concatBytes(hexToBytes(before.proposer_seed), hexToBytes(group_key));
  return bytesToHex(books.crypto.sha256(seed));
}

function dropDealings(books: Books, isOver: (epoch: number) => boolean): void {
  const over = Array.from(books.tables.dealings.entries(), ([key]) => key).filter((key) =>
    isOver(Number(key.slice(0, key.indexOf('/')))),
  );
  for (const key of over) books.tables.dealings.remove(key);
}
