// The registry of validators: who is in the set or wants to be, with what power, and what that locks.
import { concatBytes, hexToBytes } from '@noble/hashes/utils.js';
import type { Membership } from '#schemas/consensus/types.ts';
import type { Candidate, ValidatorRow, ValidatorState } from '#schemas/settlement/state.ts';
import type { Tx } from '#schemas/settlement/transaction.ts';
import type { Code } from '#schemas/wire/codes.ts';
import { MAX_CANDIDATES } from '#schemas/wire/limits.ts';
import { TAG } from '#schemas/wire/tags.ts';
import { present } from '../primitives/assert.ts';
import { writeU32 } from '../primitives/bytes.ts';
import { balanceOf } from './accounts.ts';
import { type Books, emit } from './books.ts';
import { newestMembership } from './memberships.ts';
import { addNode, operatorSignBytes } from './nodes.ts';
import { bondedStake } from './stake-lock.ts';

type Join = Extract<Tx['body'], { type: 'validator.join' }>;

/** What a cosigner signs to agree to a validator: TAG.possession | chain 32 | id 32 | power u32 | encryption key 32. */
export function possessionSignBytes(
  chain: string,
  { id, power, encryption_key }: Pick<Candidate, 'id' | 'power' | 'encryption_key'>,
): Uint8Array {
  const seats = new Uint8Array(4);
  writeU32(seats, 0, power);
  return concatBytes(TAG.possession, hexToBytes(chain), hexToBytes(id), seats, hexToBytes(encryption_key));
}

/** Transaction `validator.join`. Who left may ask again once its stake is free; who was punished may not. */
export function applyJoin(books: Books, { account: id }: Tx, body: Join): Code | null {
  const { operator, power, cosigner, encryption_key } = body;
  const candidate: Candidate = { id, operator, power, cosigner, encryption_key };
  const code = checkPast(books, id) ?? checkPlace(books, candidate) ?? checkSignatures(books, candidate, body);
  if (code !== null) return code;
  const node = books.tables.nodes.get(id);
  if (node === undefined) addNode(books, { id, kind: 'validator', operator });
  else books.tables.nodes.put(id, { ...node, operator });
  books.tables.validators.put(id, { ...candidate, state: 'joining', since_height: books.block.height });
  emit(books, { type: 'validator.joining', validator: id, power });
  return null;
}

/** What the account is already. */
function checkPast(books: Books, id: string): Code | null {
  const row = books.tables.validators.get(id);
  if (row?.state === 'punished') return 'VALIDATOR_PUNISHED';
  if (row?.state === 'left' && bondedStake(books, id) > 0n) return 'STAKE_LOCKED';
  if (row !== undefined && row.state !== 'left') return 'VALIDATOR_EXISTS';
  return (books.tables.nodes.get(id)?.kind ?? 'validator') === 'validator' ? null : 'NODE_EXISTS';
}

function checkPlace(books: Books, { id, power, cosigner }: Candidate): Code | null {
  const others = rowsOf(books).filter((other) => other.id !== id);
  if (others.filter(({ state }) => state === 'joining').length >= MAX_CANDIDATES) return 'VALIDATORS_FULL';
  if (others.some((other) => other.cosigner === cosigner)) return 'COSIGNER_TAKEN';
  const needed_units = BigInt(power) * books.params.validator_stake_units;
  return balanceOf(books, 'stake', id) < needed_units ? 'STAKE_LOW' : null;
}

function checkSignatures(books: Books, candidate: Candidate, body: Join): Code | null {
  const { id, operator, cosigner } = candidate;
  if (!books.crypto.verify(operator, operatorSignBytes(id), body.operator_signature))
    return 'OPERATOR_SIGNATURE_INVALID';
  const isHeld = books.crypto.verify(cosigner, possessionSignBytes(books.chain, candidate), body.cosigner_signature);
  return isHeld ? null : 'COSIGNER_SIGNATURE_INVALID';
}

/** Transaction `validator.leave`: out of the set as soon as the others may go on without, or out of the queue. */
export function applyLeave(books: Books, { account }: Tx): Code | null {
  const state = books.tables.validators.get(account)?.state;
  if (state !== 'member' && state !== 'joining') return 'VALIDATOR_ABSENT';
  setState(books, account, 'leaving', books.block.height);
  emit(books, { type: 'validator.leaving', validator: account });
  return null;
}

/** Evidence was accepted: the validator leaves at the next change of the set, whatever it wanted, and never comes back. */
export function punish(books: Books, id: string): void {
  const state = books.tables.validators.get(id)?.state;
  if (state !== undefined && state !== 'punished') setState(books, id, 'punished', books.block.height);
}

/** Who goes before whom: the guilty, those who want to go, those who want more; who left wants nothing. */
const URGENCY: Readonly<Record<ValidatorState, number>> = { punished: 0, leaving: 1, joining: 2, member: 2, left: 3 };

/** What everybody in the registry wants, most urgent first, then by when they asked; power 0 is to be gone. */
export function wishesOf(books: Books): readonly Candidate[] {
  const wishes = rowsOf(books).filter(({ state }) => state !== 'left');
  return wishes
    .toSorted((a, b) => URGENCY[a.state] - URGENCY[b.state] || byAge(a, b))
    .map(({ id, operator, power, cosigner, encryption_key, state }) => {
      return { id, operator, power: state === 'punished' || state === 'leaving' ? 0 : power, cosigner, encryption_key };
    });
}

/** A membership is fixed: newcomers are members, and the stake of who is out of it begins to be unbonded. */
export function noteMembership(books: Books, { validators, first_height }: Membership): void {
  const isIn = new Set(validators.map(({ id }) => id));
  for (const { id, state, since_height } of rowsOf(books)) {
    if (isIn.has(id) && state === 'joining') setState(books, id, 'member', since_height);
    if (!isIn.has(id) && state === 'leaving') setState(books, id, 'left', first_height);
  }
}

/** Between two key generations: forget who left when its stake is free, and who asked to go before it ever came. */
export function tidyRegistry(books: Books): void {
  const members = new Set(newestMembership(books).validators.map(({ id }) => id));
  for (const { id, state } of rowsOf(books)) {
    const isGone = state === 'left' ? bondedStake(books, id) === 0n : state === 'leaving' && !members.has(id);
    if (isGone) books.tables.validators.remove(id);
  }
}

/** The registry: members in the order of their seats, then the others by when they asked. */
export function validatorRows(books: Books): readonly ValidatorRow[] {
  const places = new Map(newestMembership(books).validators.map(({ id }, i) => [id, i]));
  const placeOf = ({ id }: ValidatorRow): number => places.get(id) ?? places.size;
  return rowsOf(books).toSorted((a, b) => placeOf(a) - placeOf(b) || byAge(a, b));
}

function setState(books: Books, id: string, state: ValidatorState, since_height: number): void {
  const row = present(books.tables.validators.get(id), `validator ${id} is in the registry`);
  books.tables.validators.put(id, { ...row, state, since_height });
}

const byAge = (a: ValidatorRow, b: ValidatorRow): number => a.since_height - b.since_height || (a.id < b.id ? -1 : 1);

const rowsOf = (books: Books): readonly ValidatorRow[] =>
  Array.from(books.tables.validators.entries(), ([, row]) => row);
