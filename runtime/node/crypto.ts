// The cryptography that pure code is handed in production: SHA-256 and Ed25519 of node:crypto, the beacon of blst, dealings by noble.
import { checkDealing, checkRevealed, combineDealings } from '#machines/beacon/dealing.ts';
import type { Crypto } from '#machines/consensus/types.ts';
import type { LedgerCrypto } from '#machines/settlement/books.ts';
import { verifyBls } from '../consensus/beacon.ts';
import { verify } from '../keys/ed25519.ts';
import { sha256 } from '../keys/sha256.ts';

export const productionCrypto: Crypto & LedgerCrypto = {
  sha256,
  verify,
  verifyBeacon: verifyBls,
  dealings: { checkDealing, checkRevealed, combineDealings },
};
