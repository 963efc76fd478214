// What a validator's turns work with, made from its options and from what its store remembers.
import { randomBytes } from 'node:crypto';
import { createCore } from '#machines/consensus/core.ts';
import type { Crypto, Tip } from '#machines/consensus/types.ts';
import type { ConsensusMessage } from '#schemas/consensus/message-codec.ts';
import { POSITION_NONCE_BYTES, positionSignBytes } from '#schemas/consensus/position.ts';
import type { Signer } from '../keys/ed25519.ts';
import { verify } from '../keys/ed25519.ts';
import { sha256 } from '../keys/sha256.ts';
import { verifyBls } from './beacon.ts';
import type { LogContent } from './log.ts';
import { Observer } from './observer.ts';
import { OwnWords } from './own-words.ts';
import { isInLog, MonotonicSigner, type SignerRecord } from './signer.ts';
import type { TurnState } from './turn.ts';
import type { ValidatorOptions } from './validator-options.ts';

/** @param record the signer's, undefined where the store has none */
export function turnStateOf(
  { config, app, key }: ValidatorOptions,
  tip: Tip,
  record: SignerRecord | undefined,
  { log, inputs }: LogContent,
): TurnState {
  const signer = new MonotonicSigner(key.sign, record);
  const core = createCore({ ...config, tip, app, crypto: cryptoOf(key.id, signer) });
  return {
    chain: config.chain,
    self: config.self,
    core,
    signer,
    log,
    own: new OwnWords(),
    observer:
      record === undefined
        ? Observer.asking({
            nonce: randomBytes(POSITION_NONCE_BYTES),
            self: key.id,
            electorate: (height, epoch) => core.electorate(height, epoch),
          })
        : Observer.after(record, tip, isInLog(inputs, record)),
    commitOps: () => app.commitOps(),
  };
}

/**
 * Where this validator stands, signed for a question with this nonce; the certificate shows that it claims no more than is decided.
 * Undefined where it is no member: its word would not count.
 */
export function positionOf({ chain, core }: TurnState, key: Signer, nonce: Uint8Array): ConsensusMessage | undefined {
  const { height, round } = core.position;
  const epoch = core.electorate(height)?.epoch;
  if (epoch === undefined || core.self < 0) return undefined;
  const position = { epoch, height, round: Math.max(round, 0), validator: key.id, nonce };
  const signed = { ...position, signature: key.sign(positionSignBytes(chain, position)) };
  const certificate = core.tip.final?.certificate;
  return { type: 'position', position: signed, ...(certificate && { certificate }) };
}

/** Own words come back to the core as inputs: what was signed a moment ago need not be checked. */
const cryptoOf = (self: string, signer: MonotonicSigner): Crypto => ({
  sha256,
  verify: (id, bytes, signature) => (id === self && signer.hasSigned(bytes, signature)) || verify(id, bytes, signature),
  verifyBeacon: verifyBls,
});
