// Mailbox messages between the archiver and the validators, and the answers of the archiver's ports.
import { z } from 'zod';
import { CODES, type Code } from '../wire/codes.ts';
import { Hash, Id, Signature } from '../wire/fields.ts';
import { MAX_CONSISTENCY_HASHES, MAX_COSIGNERS, MAX_SET_POWER, MAX_VALIDATOR_POWER } from '../wire/limits.ts';

const Seq = z.int().min(0).max(Number.MAX_SAFE_INTEGER);
const Size = z.int().min(1).max(Number.MAX_SAFE_INTEGER);
/** Seconds since the Unix epoch (tlog-cosignature). */
const TimeS = z.int().min(0).max(Number.MAX_SAFE_INTEGER);
const CodeField = z.custom<Code>((value) => typeof value === 'string' && Object.hasOwn(CODES, value));

/** `cosign.request.v1`: the archiver asks a validator to cosign a checkpoint that extends the one of `old_size`. */
export const CosignRequest = z.strictObject({
  size: Size,
  root: Hash,
  /** The note text to sign: origin, size, base64 root, each with its newline. */
  checkpoint: z.string().max(256),
  old_size: Seq,
  /** Consistency proof from `old_size` to `size` (RFC 9162 §2.1.4); empty when `old_size` is 0. */
  proof: z.array(Hash).max(MAX_CONSISTENCY_HASHES),
});
export type CosignRequest = z.infer<typeof CosignRequest>;

/** Request of the `cosign` port: who asks, and for what. */
export const CosignCall = z.strictObject({ from: Id, ask: CosignRequest });

/** `cosign.reply.v1`: the cosignature, or why there is none. */
export const CosignReply = z.discriminatedUnion('ok', [
  z.strictObject({ ok: z.literal(true), size: Size, root: Hash, time_s: TimeS, signature: Signature }),
  z.strictObject({ ok: z.literal(false), size: Size, code: CodeField }),
]);
export type CosignReply = z.infer<typeof CosignReply>;

/** Request of `archive.seal`: which settlement to seal. */
export const SealRequest = z.strictObject({ seq: Seq });
/** Answer of `archive.seal`: the sealed record, what to ask the validators, and whom. */
export const SealAnswer = z.strictObject({
  seq: Seq,
  cid: z.string().max(128),
  ask: CosignRequest,
  validators: z.array(Id).min(1).max(MAX_COSIGNERS),
  /** Of each, in their order; absent where each counts one. */
  powers: z.array(z.int().min(1).max(MAX_VALIDATOR_POWER)).max(MAX_COSIGNERS).optional(),
  /** Power that decides. */
  quorum: z.int().min(1).max(MAX_SET_POWER),
});
export type SealAnswer = z.infer<typeof SealAnswer>;

/** One validator's cosignature, as the archiver collected it. */
export const CollectedCosignature = z.strictObject({ validator: Id, time_s: TimeS, signature: Signature });
export type CollectedCosignature = z.infer<typeof CollectedCosignature>;
/** Request of `archive.publish`: the cosignatures for the checkpoint after settlement `seq`. */
export const PublishRequest = z.strictObject({
  seq: Seq,
  cosignatures: z.array(CollectedCosignature).max(MAX_COSIGNERS),
});
/** Answer of `archive.publish`: done, or whose cosignatures do not verify. */
export const PublishAnswer = z.discriminatedUnion('ok', [
  z.strictObject({ ok: z.literal(true), seq: Seq, cid: z.string().max(128), log_root: Hash, folder: z.string() }),
  z.strictObject({ ok: z.literal(false), seq: Seq, invalid: z.array(Id) }),
]);
export type PublishAnswer = z.infer<typeof PublishAnswer>;
