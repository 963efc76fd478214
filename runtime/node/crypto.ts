// The cryptography that pure code is handed in production: SHA-256 and Ed25519 of node:crypto, the beacon of blst.
import { EPOCH } from '#machines/consensus/core-state.ts';
import type { Crypto } from '#machines/consensus/types.ts';
import { beaconMessage } from '#schemas/consensus/beacon.ts';
import { verifyBls } from '../consensus/beacon.ts';
import { verify } from '../keys/ed25519.ts';
import { sha256 } from '../keys/sha256.ts';
import type { Chain } from '../network/genesis-file.ts';

export const productionCrypto = ({ id, genesis }: Chain): Crypto => ({
  sha256,
  verify,
  verifyBeacon: (height, signature) => verifyBls(genesis.beacon_key, beaconMessage(id, EPOCH, height), signature),
});
