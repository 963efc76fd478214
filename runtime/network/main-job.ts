// The main job of a local network: the next range of the Collatz search above 2^71, followed until its settlement is archived.
import { createHash } from 'node:crypto';
import type { ConsoleView } from '#schemas/node/console.ts';
import { u128 } from '#schemas/wire/fields.ts';
import type { Signer } from '../keys/ed25519.ts';
import { type ConsoleClient, pause } from './console-client.ts';
import { RefusedError } from './network-error.ts';

/** Where the published verification of all smaller numbers ends: Barina's claim (J. Supercomputing 81:810, 2025). */
export const FRONTIER = 2n ** 71n;
/** Paid for a unit, minor units of credit. */
const REWARD_PER_UNIT = 1_000n;
const POLL_MS = 250;

export type JobView = ConsoleView['jobs'][number];
export type SettlementInfo = {
  readonly seq: number;
  readonly entries: readonly { readonly a: string; readonly k: string; readonly d: string }[];
  readonly state_root: string;
  readonly jobs: readonly string[];
  readonly cid: string;
};
export type Watch = (view: ConsoleView, job: JobView) => void;

/** The job to follow: one that is under way, or the next range after all that were searched here. */
export async function ensureMainJob(
  client: ConsoleClient,
  signer: Signer,
  size: { readonly units: number; readonly unit_log2: number },
): Promise<string> {
  const view = await client.view();
  const own = view.jobs.filter((job) => job.account === signer.id && job.kernel === 'collatz/v1');
  const open = own.find((job) => job.finished_ms === 0);
  if (open !== undefined) return open.id;
  return submitRange(client, signer, nextStart(own, size.unit_log2), size);
}

/** Submit a range; the same range again is the same job. */
export async function submitRange(
  client: ConsoleClient,
  signer: Signer,
  start: bigint,
  { units, unit_log2 }: { readonly units: number; readonly unit_log2: number },
): Promise<string> {
  const idempotency_key = `collatz/${start}/${units}x2^${unit_log2}`;
  const body = {
    type: 'job.submit',
    idempotency_key,
    kernel: 'collatz/v1',
    start: u128(start),
    unit_log2,
    units,
    reward_per_unit_units: REWARD_PER_UNIT,
  } as const;
  await client.transact(signer, body).catch((error: unknown) => {
    // Submitted before a stop, when nobody heard of it any more.
    if (!(error instanceof RefusedError && error.code === 'JOB_EXISTS')) throw error;
  });
  return jobIdOf(signer.id, idempotency_key);
}

/** First 16 bytes of SHA-256 over account 32 | idempotency key. */
export const jobIdOf = (account: string, idempotency_key: string): string =>
  createHash('sha256').update(Buffer.from(account, 'hex')).update(idempotency_key).digest('hex').slice(0, 32);

/** Behind everything searched so far, at a multiple of the unit. */
function nextStart(jobs: readonly JobView[], unit_log2: number): bigint {
  const size = 1n << BigInt(unit_log2);
  const end = jobs
    .map(({ start, numbers }) => BigInt(start) + BigInt(numbers))
    .reduce((a, b) => (a > b ? a : b), FRONTIER);
  return ((end + size - 1n) / size) * size;
}

/** Resolves when every unit is settled or parked. */
export async function followJob(
  client: ConsoleClient,
  id: string,
  watch: Watch,
): Promise<{ readonly view: ConsoleView; readonly job: JobView }> {
  for (;;) {
    const view = await client.view();
    const job = view.jobs.find((one) => one.id === id);
    if (job !== undefined) watch(view, job);
    if (job !== undefined && job.finished_ms > 0) return { view, job };
    await pause(POLL_MS);
  }
}

/** Resolves when the settlement that holds the job is archived. */
export async function settlementOf(client: ConsoleClient, job: string): Promise<SettlementInfo> {
  for (;;) {
    const { settlements } = await client.view();
    for (const { seq, cid } of settlements) {
      if (cid === '') continue;
      const settlement = await client.get<SettlementInfo>(`/api/settlements/${seq}`);
      if (settlement.jobs.includes(job)) return settlement;
    }
    await pause(POLL_MS);
  }
}
