// The cryptography that pure code is handed in production: SHA-256 and Ed25519 of node:crypto, the beacon of blst.
import { hash } from 'node:crypto';
import type { Crypto } from '#machines/consensus/types.ts';
import { beaconMessage } from '#schemas/consensus/beacon.ts';
import { verifyBls } from '../consensus/beacon.ts';
import { verify } from '../keys/ed25519.ts';
import type { Chain } from '../network/genesis-file.ts';

/** One epoch for now: set changes come with the consensus issue's epochs. */
const EPOCH = 0;

export const productionCrypto = ({ id, genesis }: Chain): Crypto => ({
  sha256,
  verify,
  verifyBeacon: (height, signature) => verifyBls(genesis.beacon_key, beaconMessage(id, EPOCH, height), signature),
});

/**
 * SHA-256, 32 bytes. Taken as text and copied into a small array on the heap: a Buffer of node:crypto has memory of its own
 * outside, which takes twice the time, and more than twice the memory where digests are kept, as the state tree does.
 */
export function sha256(data: Uint8Array): Uint8Array {
  const digest = hash('sha256', data, 'binary');
  const bytes = new Uint8Array(32);
  for (let i = 0; i < 32; i++) bytes[i] = digest.charCodeAt(i);
  return bytes;
}
