// The field types that all message and row schemas are made of.
import { z } from 'zod';
import { MAX_AMOUNT } from './limits.ts';

/** Bytes in whatever memory: a Buffer's too, which the class alone would not say in its type. */
const anyBytes: z.ZodType<Uint8Array> = z.instanceof(Uint8Array);
/** Bytes of exactly `length`. */
export const bytes = (length: number) =>
  anyBytes.refine((b) => b.length === length, { error: `must be ${length} bytes` });
/** Bytes of at most `max`. */
export const bytesUpTo = (max: number) =>
  anyBytes.refine((b) => b.length <= max, { error: `must be at most ${max} bytes` });

/** An actor, account or operator: its Ed25519 public key in lower-case hex, 64 characters. */
export const Id = z.string().regex(/^[0-9a-f]{64}$/);
export type Id = string;
/** A job: the first 16 bytes of SHA-256 over (account | idempotency key), in hex, 32 characters. */
export const JobId = z.string().regex(/^[0-9a-f]{32}$/);
/** A unit: `<job id>/<index>`, index from 0. */
export const UnitId = z.string().regex(/^[0-9a-f]{32}\/(0|[1-9][0-9]{0,5})$/);
/** SHA-256 digest. */
export const Hash = bytes(32);
/** Ed25519 signature (RFC 8032). */
export const Signature = bytes(64);
/** A height of the chain, from 1. */
export const Height = z.int().min(0).max(Number.MAX_SAFE_INTEGER);
/** Milliseconds since the Unix epoch. */
export const TimeMs = z.int().min(0).max(Number.MAX_SAFE_INTEGER);
/** A positive amount of minor units. */
export const Amount = z.bigint().positive().max(MAX_AMOUNT);
/** An amount that may be zero. */
export const AmountOrZero = z.bigint().nonnegative().max(MAX_AMOUNT);
/** An unsigned 128-bit number, 16 bytes big-endian: the first number of a range. */
export const U128 = bytes(16);

/** Big-endian 16 bytes of a number below 2^128. */
export function u128(n: bigint): Uint8Array {
  const view = new DataView(new ArrayBuffer(16));
  view.setBigUint64(0, n >> 64n);
  view.setBigUint64(8, n);
  return new Uint8Array(view.buffer);
}
/** The number in 16 big-endian bytes. */
export function fromU128(b: Uint8Array): bigint {
  const view = new DataView(b.buffer, b.byteOffset, 16);
  return (view.getBigUint64(0) << 64n) | view.getBigUint64(8);
}
