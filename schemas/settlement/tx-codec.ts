// Transaction to bytes and back: signed over TAG.tx | bytes, on the wire `signature 64 | bytes`, never encoded a second time.
import { sha256 } from '@noble/hashes/sha2.js';
import { bytesToHex } from '@noble/hashes/utils.js';
import { accept, type Result, refuse } from '../wire/codes.ts';
import { MAX_TX_BYTES } from '../wire/limits.ts';
import { checkBody, decode, encode } from '../wire/msgpack.ts';
import { frame, SIGNATURE_BYTES, signBytes, unframe } from '../wire/signed.ts';
import { TAG } from '../wire/tags.ts';
import { readBatchTx } from './batch-shape.ts';
import { Tx } from './transaction.ts';

/** A transaction as received: `signature` is yet to be verified over `txSignBytes(bytes)` with the key `tx.account`. */
export type ReceivedTx = {
  readonly tx: Tx;
  /** As they came, a view. */
  readonly bytes: Uint8Array;
  readonly signature: Uint8Array;
};

/** The bytes that travel, encoded once; sign `txSignBytes` of them. */
export const txBytes = (tx: Tx): Uint8Array => encode(tx);

/** What the account signs: TAG.tx | bytes; its SHA-256 is the transaction's id. */
export const txSignBytes = (bytes: Uint8Array): Uint8Array => signBytes(TAG.tx, bytes);

/** The signed transaction: signature 64 | bytes. */
export const encodeTx = (bytes: Uint8Array, signature: Uint8Array): Uint8Array => frame(bytes, signature);

/** Shape and limits only. Refusals: MESSAGE_TOO_LARGE, TX_MALFORMED, SCHEMA_MISMATCH with the field at fault. */
export function decodeTx(wire: Uint8Array): Result<ReceivedTx> {
  if (wire.length > MAX_TX_BYTES) return refuse('MESSAGE_TOO_LARGE', `${wire.length} bytes`);
  if (wire.length <= SIGNATURE_BYTES) return refuse('TX_MALFORMED', `${wire.length} bytes`);
  const { signature, bytes } = unframe(wire);
  const batch = readBatchTx(bytes);
  if (batch !== undefined) return accept({ tx: batch, bytes, signature });
  const tx = decode(bytes);
  if (!tx.ok) return { ...tx, code: 'TX_MALFORMED' };
  const checked = checkBody(Tx, tx.value);
  return checked.ok ? accept({ tx: checked.value, bytes, signature }) : checked;
}

/**
 * SHA-256 over TAG.tx | bytes, hex. The signature is left out, so that another signature of the same account does not make
 * another id. Hence: verify before an id is remembered, or a forged copy shuts out the true one.
 */
export const txId = (wire: Uint8Array): string => bytesToHex(sha256(txSignBytes(wire.subarray(SIGNATURE_BYTES))));
