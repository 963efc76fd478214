// A header with its commit certificate as they leave the gateway, and the block that a light client trusts. JSON; bytes are hex.
import { z } from 'zod';
import { Height, Id } from '../wire/fields.ts';

/** Any number of bytes. */
export const HexBytes = z.string().regex(/^([0-9a-f]{2})*$/);

/** Header as hashed (block-codec.ts) and the certificate over it (certificate-codec.ts). */
export const CertifiedHeaderJson = z.strictObject({ header: HexBytes, certificate: HexBytes });
export type CertifiedHeaderJson = z.infer<typeof CertifiedHeaderJson>;

/** The membership of an epoch (membership-codec.ts), and the last header of the epoch before, which names it. */
export const HandoverJson = CertifiedHeaderJson.extend({ membership: HexBytes });
export type HandoverJson = z.infer<typeof HandoverJson>;

/** What `sortition light` keeps between two runs: a final block of a chain. Who compares two files compares height and block. */
export const LightCheckpoint = CertifiedHeaderJson.extend({
  v: z.literal(1),
  /** SHA-256 of the genesis. */
  chain: Id,
  height: Height.min(1),
  /** Block id: the hash of the header. */
  block: Id,
  /** Of the block's height, as the header names it (membership-codec.ts): later sets follow from it. */
  membership: HexBytes,
});
export type LightCheckpoint = z.infer<typeof LightCheckpoint>;
