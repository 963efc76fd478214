// The cryptography that pure code is handed in production: SHA-256 and Ed25519 of node:crypto, the beacon of blst.
import type { Crypto } from '#machines/consensus/types.ts';
import { verifyBls } from '../consensus/beacon.ts';
import { verify } from '../keys/ed25519.ts';
import { sha256 } from '../keys/sha256.ts';

export const productionCrypto: Crypto = { sha256, verify, verifyBeacon: verifyBls };
