// A row of the ledger with its inclusion proof, and an account's row with the header that it stands under. JSON; bytes are hex.
import { z } from 'zod';
import { CertifiedHeaderJson, HexBytes } from '../consensus/certified-header.ts';
import { MAX_ROW_KEY_LENGTH } from '../wire/limits.ts';

const Key = z.string().max(MAX_ROW_KEY_LENGTH);
/** A way through the state's tree turns at each bit of the key at most. */
const MAX_STEPS = 8 * MAX_ROW_KEY_LENGTH;

/** A row of the ledger with its inclusion proof (machines/primitives/state-tree.ts); `value` null: the proof that there is none. */
export const ProvenRowJson = z.strictObject({
  key: Key,
  value: HexBytes.nullable(),
  steps: z
    .array(z.strictObject({ bit: z.int().min(0).lt(MAX_STEPS), sibling: z.string().regex(/^[0-9a-f]{64}$/) }))
    .max(MAX_STEPS),
  other: z.strictObject({ key: Key, value: HexBytes }).nullable(),
});
export type ProvenRowJson = z.infer<typeof ProvenRowJson>;

/** A row under the state root of a header for which a quorum stands. */
export const CertifiedRowJson = CertifiedHeaderJson.extend({ row: ProvenRowJson });
export type CertifiedRowJson = z.infer<typeof CertifiedRowJson>;

/** Names that hold money: an id, or one of the ledger's pots. */
export const ACCOUNT_NAME: RegExp = /^([0-9a-f]{64}|treasury|burned|escrow:[0-9a-f]{32})$/;
