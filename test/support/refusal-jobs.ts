// Jobs of the table of refusals: what its rows submit, and which of them must end right.
import { jobIdOf } from '#runtime/network/main-job.ts';
import type { TxBody } from '#schemas/settlement/transaction.ts';
import { u128 } from '#schemas/wire/fields.ts';
import type { RefusalWorld } from './refusal-world.ts';
import { until } from './until.ts';

/** Generous: the machines that run this are busy. */
export const PATIENT_MS = 60_000;

/** Jobs that the rows had accepted: each must end right. */
export const acceptedJobs: string[] = [];
let keys = 0;

export type Submit = Extract<TxBody, { type: 'job.submit' }>;
/** A job of one unit that computes nothing, changed by the row. */
export const job = (change: Partial<Submit> = {}): Submit => ({
  type: 'job.submit',
  idempotency_key: `refusals/${keys++}`,
  kernel: 'noop/v1',
  start: u128(0n),
  unit_log2: 8,
  units: 1,
  reward_per_unit_units: 100n,
  ...change,
});
/** A job that is taken; its id. */
export async function accepted(world: RefusalWorld, body: Submit): Promise<string> {
  const code = await world.execute('client', body);
  if (code !== null) throw new Error(`the job was refused: ${code}`);
  const id = jobIdOf(world.key('client').id, body.idempotency_key);
  acceptedJobs.push(id);
  return id;
}
/** Resolves when all its units are settled or parked. */
export const finished = (world: RefusalWorld, id: string): Promise<boolean> =>
  until(() => (world.ledger.job(id)?.finished_ms ?? 0) > 0, PATIENT_MS, `job ${id} finishes`);

/** A transaction of this account; what the ledger made of it. */
export const by = (name: string, body: (world: RefusalWorld) => TxBody) => (world: RefusalWorld) =>
  world.execute(name, body(world));
export const byClient = (body: (world: RefusalWorld) => TxBody) => by('client', body);
