// Memberships in fixed bytes: what `validators_hash` is the hash of, and what a light client is told of a new set.
import { sha256 } from '@noble/hashes/sha2.js';
import { bytesToHex, hexToBytes } from '@noble/hashes/utils.js';
import { accept, type Result, refuse } from '../wire/codes.ts';
import { MAX_SET_POWER, MAX_VALIDATORS } from '../wire/limits.ts';
import { BEACON_KEY_BYTES } from './beacon.ts';
import { HASH_BYTES, LayoutReader, LayoutWriter } from './fixed-layout.ts';
import type { Membership, ValidatorInfo } from './types.ts';

/** epoch u64 | first_height u64 | proposer_seed 32 | beacon key, length u8 first | count u16. */
const HEAD_BYTES = 8 + 8 + HASH_BYTES + 1 + 2;
/** id | operator | cosigner | encryption key, 32 each | power u8 | count of shares u8. */
const MEMBER_BYTES = 4 * HASH_BYTES + 2;
/** Bytes of the largest membership. */
export const MAX_MEMBERSHIP_BYTES =
  HEAD_BYTES + BEACON_KEY_BYTES + MAX_VALIDATORS * MEMBER_BYTES + MAX_SET_POWER * BEACON_KEY_BYTES;

/** Head | (member | share 48 each)*. */
export function encodeMembership(membership: Membership): Uint8Array {
  const { epoch, first_height, validators, beacon_key, proposer_seed } = membership;
  const key = hexToBytes(beacon_key ?? '');
  const writer = new LayoutWriter(membershipBytes(membership)).u64(epoch).u64(first_height).hash(proposer_seed);
  writer.u8(key.length).raw(key).u16(validators.length);
  for (const { id, operator, cosigner, encryption_key, power, beacon_shares } of validators) {
    writer.hash(id).hash(operator).hash(cosigner).hash(encryption_key).u8(power).u8(beacon_shares.length);
    for (const share of beacon_shares) writer.raw(hexToBytes(share));
  }
  return writer.bytes;
}

/** What headers call a membership by: SHA-256 over its bytes, hex. */
export const membershipHash = (membership: Membership): string => bytesToHex(sha256(encodeMembership(membership)));

/** Refuses with MEMBERSHIP_MALFORMED what is not the bytes of one membership within the limits. */
export function decodeMembership(bytes: Uint8Array): Result<Membership> {
  const reader = new LayoutReader(bytes);
  const head = { epoch: reader.u64(), first_height: reader.u64(), proposer_seed: reader.hash() };
  const key = reader.raw(reader.u8());
  const count = reader.u16();
  if (count === 0 || count > MAX_VALIDATORS) reader.fail();
  const validators: ValidatorInfo[] = [];
  for (let i = 0; i < count && !reader.hasFailed; i++) validators.push(readMember(reader, key.length > 0));
  const seats_count = validators.reduce((sum, { power }) => sum + power, 0);
  const isWhole = [0, BEACON_KEY_BYTES].includes(key.length) && seats_count <= MAX_SET_POWER;
  if (!reader.isDone || !isWhole) return refuse('MEMBERSHIP_MALFORMED', `${bytes.length} bytes`);
  return accept({ ...head, beacon_key: key.length === 0 ? null : bytesToHex(key), validators });
}

/** With a share for each seat where the set has a key, and none where it has not. */
function readMember(reader: LayoutReader, hasKey: boolean): ValidatorInfo {
  const [id, operator, cosigner, encryption_key] = [reader.hash(), reader.hash(), reader.hash(), reader.hash()];
  const power = reader.u8();
  const count = reader.u8();
  if (power === 0 || count !== (hasKey ? power : 0)) reader.fail();
  const beacon_shares = Array.from({ length: count }, () => bytesToHex(reader.raw(BEACON_KEY_BYTES)));
  return { id, operator, power, beacon_shares, cosigner, encryption_key };
}

const membershipBytes = ({ validators, beacon_key }: Membership): number =>
  validators.reduce(
    (sum, { beacon_shares }) => sum + MEMBER_BYTES + beacon_shares.length * BEACON_KEY_BYTES,
    HEAD_BYTES + (beacon_key === null ? 0 : BEACON_KEY_BYTES),
  );
