// What a validator's turns work with, made from its options and from what its store remembers.
import { createCore } from '#machines/consensus/core.ts';
import { EPOCH } from '#machines/consensus/core-state.ts';
import type { Crypto, Tip } from '#machines/consensus/types.ts';
import { quorum } from '#machines/primitives/quorum.ts';
import { beaconMessage } from '#schemas/consensus/beacon.ts';
import { verify } from '../keys/ed25519.ts';
import { sha256 } from '../keys/sha256.ts';
import { verifyBls } from './beacon.ts';
import type { LogContent } from './log.ts';
import { Observer } from './observer.ts';
import { OwnWords } from './own-words.ts';
import { MonotonicSigner, type SignerRecord } from './signer.ts';
import type { TurnState } from './turn.ts';
import type { ValidatorOptions } from './validator-options.ts';

/** @param record the signer's, undefined where the store has none */
export function turnStateOf(
  { config, app, key, beacon }: ValidatorOptions,
  tip: Tip,
  record: SignerRecord | undefined,
  { log, inputs }: LogContent,
): TurnState {
  const signer = new MonotonicSigner(key.sign, record);
  return {
    chain: config.chain,
    self: config.self,
    core: createCore({ ...config, tip, app, crypto: cryptoOf(config.chain, beacon.group_key, key.id, signer) }),
    signer,
    log,
    own: new OwnWords(),
    observer:
      record === undefined
        ? Observer.learning(quorum(config.validators.length) - 1)
        : Observer.after(record, tip, inputs.length > 0),
    commitOps: () => app.commitOps(),
  };
}

/** Own words come back to the core as inputs: what was signed a moment ago need not be checked. */
const cryptoOf = (chain: string, group_key: string, self: string, signer: MonotonicSigner): Crypto => ({
  sha256,
  verify: (id, bytes, signature) => (id === self && signer.hasSigned(bytes, signature)) || verify(id, bytes, signature),
  verifyBeacon: (height, signature) => verifyBls(group_key, beaconMessage(chain, EPOCH, height), signature),
});
