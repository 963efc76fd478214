// What validators sign for the beacon of a height. No block content is in it: whoever makes the block cannot choose it.
import { sha256 } from '@noble/hashes/sha2.js';
import { TAG } from '../wire/tags.ts';
import { LayoutWriter } from './fixed-layout.ts';

/** A compressed BLS12-381 public key in G1, bytes: the group key and each public share. */
export const BEACON_KEY_BYTES = 48;
/** A compressed BLS12-381 signature in G2, bytes: the beacon signature and each share of it. */
export const BEACON_BYTES = 96;

/** SHA-256(tag 16 | chain 32 | epoch u64 | height u64). `chain` is 64 hex characters. */
export const beaconMessage = (chain: string, epoch: number, height: number): Uint8Array =>
  sha256(new LayoutWriter(64).raw(TAG.beacon).hash(chain).u64(epoch).u64(height).bytes);

/** The beacon value R_h: 32 bytes that nobody could know before the height was committed, and nobody could choose. */
export const beaconValue = (signature: Uint8Array): Uint8Array => sha256(signature);
