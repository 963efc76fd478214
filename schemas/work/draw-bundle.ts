// The proof of a draw: what anyone needs to repeat it, knowing nothing but the genesis file. JSON; bytes are hex.
import { z } from 'zod';
import { HexBytes } from '../consensus/certified-header.ts';
import { ProvenRowJson } from '../settlement/proven-row.ts';
import { Height, Id, UnitId } from '../wire/fields.ts';

export const DrawBundle = z.strictObject({
  v: z.literal(1),
  algorithm: z.literal('draw/v1'),
  /** SHA-256 of the genesis, hex. */
  chain: Id,
  unit: UnitId,
  attempt: z.int().min(1),
  purpose: z.enum(['work', 'audit']),
  /** Height whose beacon and registry decide. */
  height: Height,
  /**
   * A later header: with its commit certificate (schemas/consensus/certificate-codec.ts) a quorum stands for its state root, that
   * of a checkpoint after the draw.
   */
  header: HexBytes,
  certificate: HexBytes,
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
