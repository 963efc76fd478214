// Everything bad, sent to one live network: each is refused with its code, counted where an operator sees it, and disturbs nothing else.
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { jobIdOf } from '#runtime/network/main-job.ts';
import { u128 } from '#schemas/wire/fields.ts';
import { expectExact } from '../support/left-on-disk.ts';
import { acceptedJobs } from '../support/refusal-jobs.ts';
import type { Row } from '../support/refusal-row.ts';
import { REFUSALS } from '../support/refusal-table.ts';
import { mend } from '../support/refusal-work.ts';
import { PATIENT_MS, RefusalWorld } from '../support/refusal-world.ts';
import { until } from '../support/until.ts';

let world: RefusalWorld;
let pids: readonly number[];
const pidsOf = ({ running }: RefusalWorld): number[] => [
  running.broker.pid,
  ...running.network.nodes.map(({ name }) => running.process(name)?.pid ?? 0),
];

/** Every job is in a settlement, and every settlement in the archive. */
function isArchived({ ledger }: RefusalWorld): boolean {
  const settlements = Array.from({ length: ledger.settlementsCount() }, (_, seq) => ledger.settlement(seq));
  const jobs = new Set(settlements.flatMap((settlement) => settlement?.jobs ?? []));
  return acceptedJobs.every((id) => jobs.has(id)) && settlements.every((settlement) => settlement?.cid !== '');
}

beforeAll(async () => {
  world = await RefusalWorld.start();
  pids = pidsOf(world);
}, 120_000);
afterAll(() => world?.forget());

describe.each(REFUSALS)('$way: $name', ({ code, place, send }: Row) => {
  test(`is refused with ${code}, and ${place} counts it`, async () => {
    const before = await world.counted(place, code);
    // Where the sender is told nothing, the count alone speaks.
    expect((await send(world)) ?? code).toBe(code);
    await until(async () => (await world.counted(place, code)) > before, PATIENT_MS, `${place} counts ${code}`);
  });
});

describe('after all of them', () => {
  test('every job ends, also a new one, and the network makes blocks', async () => {
    await mend(world);
    const { height } = await world.client.view();
    const body = {
      type: 'job.submit',
      idempotency_key: 'after all',
      kernel: 'noop/v1',
      start: u128(0n),
      unit_log2: 8,
      units: 4,
      reward_per_unit_units: 1_000n,
    } as const;
    await world.client.transact(world.key('client'), body);
    const id = jobIdOf(world.key('client').id, body.idempotency_key);
    acceptedJobs.push(id);
    await until(() => (world.ledger.job(id)?.finished_ms ?? 0) > 0, 2 * PATIENT_MS, 'the last job ends');
    expect(world.ledger.job(id)).toMatchObject({ settled_count: 4, parked_count: 0, disagreements_count: 0 });
    expect((await world.client.view()).height).toBeGreaterThan(height);
  });

  test('nothing was restarted, and every node is ready', async () => {
    expect(pidsOf(world)).toEqual(pids);
    const nodes = world.running.network.nodes.map(({ name }) => world.running.process(name));
    expect(nodes.filter((node) => node?.isRunning() !== true)).toEqual([]);
    const ready = nodes.map(async (node) => (await fetch(`${await node?.ready}/readyz`)).status);
    expect(new Set(await Promise.all(ready))).toEqual(new Set([200]));
  });

  test('all nodes are at one state, all money is there, every unit was paid once, every bundle verifies', async () => {
    await until(() => isArchived(world), 2 * PATIENT_MS, 'every job is in an archived settlement');
    await world.stop();
    expect(await expectExact(world.dir, acceptedJobs)).toMatch(/receipts/);
  });
});
