// Everything bad, sent to one live network: each is refused with its code, counted where an operator sees it, and disturbs nothing else.
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createKeyFile, readKeyFile } from '#runtime/keys/key-file.ts';
import { jobIdOf } from '#runtime/network/main-job.ts';
import { u128 } from '#schemas/wire/fields.ts';
import { sortition } from '../cli/run.ts';
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

/** Against the folder of the running network: what each command prints as JSON, and how it ends. */
describe('the commands, against the same network', () => {
  const json = async (...args: readonly string[]): Promise<unknown> => {
    const { exit, out, err } = await sortition(...args, '--data', world.dir, '--json');
    expect({ exit, err, lines: out.trim().split('\n').length }).toEqual({ exit: 0, err: '', lines: 1 });
    return JSON.parse(out);
  };
  const worker = (): string => world.key('worker-ada-1').id;

  test('status, jobs, draw, inspect and quarantine print one JSON line', async () => {
    const [job = ''] = acceptedJobs;
    expect(await json('status')).toMatchObject({ chain: world.chain, workers_count: 7 });
    expect(await json('jobs')).toMatchObject({ jobs: expect.arrayContaining([expect.objectContaining({ id: job })]) });
    expect(await json('jobs', job)).toMatchObject({ id: job, units: [{ index: 0, phase: 'settled' }] });
    expect(await json('draw', `${job}/0`, '--verify')).toMatchObject({
      draws: [{ verified: true }, { verified: true }],
    });
    expect(await json('inspect', worker())).toMatchObject({ id: worker(), kind: 'worker', is_stopped: false });
    expect(await json('quarantine', 'list', worker())).toEqual({ quarantine: [] });
    const submitted = [
      'submit',
      '--kernel',
      'noop/v1',
      '--start',
      '0',
      '--unit-log2',
      '8',
      '--units',
      '1',
      '--idempotency-key',
      'cli',
    ];
    expect(await json(...submitted)).toMatchObject({ job: jobIdOf(world.key('client').id, 'cli') });
    acceptedJobs.push(jobIdOf(world.key('client').id, 'cli'));
  });

  test('a stranger asks for a place in the validator set, and withdraws', async () => {
    const file = (name: string): string => join(world.dir, 'strangers', name);
    for (const name of ['me', 'operator']) await createKeyFile(file(name));
    const { id } = await readKeyFile(file('me'));
    const asking = [
      '--power',
      '2',
      '--stake',
      '2000000',
      '--cosigner',
      file('cosigner'),
      '--encryption',
      file('x25519'),
    ];
    const keys = ['--key', file('me'), '--operator', file('operator')];
    expect(await json('validator', 'join', ...keys, ...asking)).toMatchObject({ id, power: 2 });
    expect(await json('validators')).toMatchObject({
      total_power: 4,
      validators: expect.arrayContaining([
        expect.objectContaining({ id, state: 'joining', power: 0, wanted_power: 2, locked_units: '2000000' }),
      ]),
    });
    expect(await json('validator', 'leave', '--key', file('me'))).toMatchObject({ id });
    expect(await json('validators')).toMatchObject({
      validators: expect.not.arrayContaining([expect.objectContaining({ id, state: 'joining' })]),
    });
  });

  test.each([
    ['a job that is not there', ['jobs', '0'.repeat(32)], 'JOB_UNKNOWN'],
    ['a draw that is not there', ['draw', `${'0'.repeat(32)}/0`], 'JOB_UNKNOWN'],
    ['an overspend', ['submit', '--units', '100000', '--reward', '1000000000000'], 'BALANCE_LOW'],
    ['a range that begins between units', ['submit', '--start', '2361183241434822606849'], 'JOB_RANGE_INVALID'],
  ] as const)('%s ends with the exit code of a refusal', async (_name, args, code) => {
    const { exit, err } = await sortition(...args, '--data', world.dir);
    expect({ exit, code: err.slice(0, code.length) }).toEqual({ exit: 65, code });
  });

  test('a message that is not in quarantine cannot be dropped', async () => {
    expect(await sortition('quarantine', 'drop', worker(), '7', '--data', world.dir, '--json')).toMatchObject({
      exit: 65,
      out: '{"done":false}\n',
    });
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
