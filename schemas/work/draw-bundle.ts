// The proof of a draw: what anyone needs to repeat it, knowing nothing but the genesis file. JSON; bytes are hex.
import { z } from 'zod';
import { Height, Id, UnitId } from '../wire/fields.ts';
import { MAX_ROW_KEY_LENGTH } from '../wire/limits.ts';

const Hex = z.string().regex(/^([0-9a-f]{2})*$/);
const Hash = z.string().regex(/^[0-9a-f]{64}$/);
const Key = z.string().max(MAX_ROW_KEY_LENGTH);
/** A way through the state's tree turns at each bit of the key at most. */
const MAX_STEPS = 8 * MAX_ROW_KEY_LENGTH;

/** A row of the ledger with its inclusion proof (machines/primitives/state-tree.ts). */
export const ProvenRowJson = z.strictObject({
  key: Key,
  value: Hex.nullable(),
  steps: z.array(z.strictObject({ bit: z.int().min(0).lt(MAX_STEPS), sibling: Hash })).max(MAX_STEPS),
  other: z.strictObject({ key: Key, value: Hex }).nullable(),
});
export type ProvenRowJson = z.infer<typeof ProvenRowJson>;

export const DrawBundle = z.strictObject({
  v: z.literal(1),
  algorithm: z.literal('draw/v1'),
  /** SHA-256 of the genesis, hex. */
  chain: Hash,
  unit: UnitId,
  attempt: z.int().min(1),
  purpose: z.enum(['work', 'audit']),
  /** Height whose beacon and registry decide. */
  height: Height,
  /**
   * A later header: with its commit certificate (schemas/consensus/certificate-codec.ts) a quorum stands for its state root, that
   * of a checkpoint after the draw.
   */
  header: Hex,
  certificate: Hex,
  /**
   * Rows under that state root: the unit or its receipt, its job, the height's beacon with the version of its pool, that pool, and
   * for an audit the worker.
   */
  rows: z.strictObject({
    unit: ProvenRowJson,
    job: ProvenRowJson,
    beacon: ProvenRowJson,
    pool: ProvenRowJson,
    worker: ProvenRowJson.nullable(),
  }),
  /** What follows from all that; who verifies computes it again. */
  drawn: z.array(Id).max(7),
});
export type DrawBundle = z.infer<typeof DrawBundle>;
