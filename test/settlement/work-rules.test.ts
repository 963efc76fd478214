// What becomes of units whose worker or auditors lie, sleep or vanish: who pays, who is paid, and that the work is done.
import { expect, test } from 'vitest';
import { present } from '#machines/primitives/assert.ts';
import { BURNED, escrowOf } from '#machines/settlement/accounts.ts';
import { CLIENT, sha256, VALIDATORS, WORKERS, World } from './world/chain.ts';
import { type Behaviour, openOf, react, reportOf, resultsBody, resultsOf, run } from './world/nodes.ts';

const ALL = [0, 1, 2, 3];
const REWARD = 100n;
const finished = (world: World) => () => world.events('job.finished').length > 0;

/** A world whose single unit is in audit; nobody has opened or reported. */
function auditing() {
  const world = new World();
  world.heartbeats();
  world.submitJob(1, REWARD);
  let last = world.block();
  while (world.events('audit.assigned').length === 0) {
    react(world, last);
    last = world.block();
  }
  const [{ unit, worker, auditors, indices }] = world.events('audit.assigned') as [ReturnType<typeof assigned>];
  return { world, unit, worker, auditors, indices };
}
const assigned = (world: World) => present(world.events('audit.assigned')[0], 'an audit was assigned');

/** Everybody answers the audit of `auditing`, as their behaviour says, in one block. */
function answer(
  { world, unit, worker, auditors, indices }: ReturnType<typeof auditing>,
  behaviours: ReadonlyMap<string, Behaviour>,
) {
  const of = (node: string) => behaviours.get(node) ?? {};
  world.send(worker, resultsBody({ opens: [openOf(unit, 1, indices, of(worker))] }));
  for (const auditor of auditors)
    world.send(auditor, resultsBody({ reports: [reportOf(auditor, unit, 1, indices, of(auditor))] }));
  return world.block();
}

test('a wrong worker pays ten rewards: 30 % to the auditors that found it, the rest burned; its unit is done by another', () => {
  const world = new World();
  const [liar = ''] = WORKERS;
  world.submitJob(12, REWARD);
  run(world, finished(world), new Map([[liar, { lies: ALL }]]));
  const slashes = world.events('node.slashed');
  const wrong = world.events('unit.requeued').filter(({ reason }) => reason === 'wrong_result');
  expect(wrong.length).toBeGreaterThan(0);
  expect(wrong.every(({ worker }) => worker === liar)).toBe(true);
  expect(slashes.every(({ node, amount_units }) => node === liar && amount_units === 10n * REWARD)).toBe(true);
  expect(world.ledger.balance('stake', BURNED)).toBe(7n * REWARD * BigInt(slashes.length));
  expect(world.ledger.jobs()[0]).toMatchObject({ settled_count: 12, disagreements_count: slashes.length });
  expect(world.events('unit.settled').every(({ worker }) => worker !== liar)).toBe(true);
});

test('a wrong auditor pays the same, the right one finds it, and the worker is paid after another audit', () => {
  const audit = auditing();
  const { world, unit, worker, auditors } = audit;
  const [liar = '', honest = ''] = auditors;
  answer(audit, new Map([[liar, { lies: ALL }]]));
  run(world, finished(world));
  expect(world.events('node.slashed')).toEqual([
    { type: 'node.slashed', node: liar, amount_units: 1_000n, reason: 'wrong_report' },
  ]);
  expect(world.ledger.balance('stake', honest)).toBe(10_000n + 300n);
  expect(world.ledger.receipt(unit)).toMatchObject({ worker, attempt: 1, excluded: [liar] });
  expect(world.ledger.receipt(unit)?.auditors).not.toContain(liar);
});

test('an auditor that copies the other’s report is wrong, though what that one computed is right', () => {
  const audit = auditing();
  const { world, unit, worker, auditors, indices } = audit;
  const [copier = '', honest = ''] = auditors;
  world.send(worker, resultsBody({ opens: [openOf(unit, 1, indices)] }));
  for (const sender of [honest, copier])
    world.send(sender, resultsBody({ reports: [reportOf(honest, unit, 1, indices)] }));
  world.block();
  run(world, finished(world));
  expect(world.events('node.slashed')).toMatchObject([{ node: copier, reason: 'wrong_report' }]);
  expect(world.ledger.receipt(unit)).toMatchObject({ worker, excluded: [copier] });
});

test('when both auditors lie together against an honest worker, the validators see it: both pay, all of it burned', () => {
  const audit = auditing();
  const { world, unit, worker, auditors } = audit;
  answer(audit, new Map(auditors.map((auditor) => [auditor, { lies: ALL }])));
  run(world, finished(world));
  expect(
    world
      .events('node.slashed')
      .map(({ node }) => node)
      .toSorted(),
  ).toEqual([...auditors].toSorted());
  expect(world.ledger.balance('stake', BURNED)).toBe(2_000n);
  expect(world.ledger.receipt(unit)?.worker).toBe(worker);
});

test('less than a quorum of validators decides nothing; when time runs out they are asked again about what is open', () => {
  const audit = auditing();
  const { world, unit, auditors, indices } = audit;
  answer(audit, new Map([[auditors[0] ?? '', { lies: [indices[0] ?? 0] }]]));
  const asked = () => world.events('audit.disputed').length;
  expect(asked()).toBe(indices.length);
  const [first = 0, ...others] = indices;
  const judge = (index: number, validators: readonly string[]): void => {
    const result = present(resultsOf(unit)[index], 'the unit has this sub-unit');
    for (const validator of validators) world.send(validator, { type: 'adjudicate', unit, attempt: 1, index, result });
  };
  judge(first, VALIDATORS.slice(0, 2));
  for (const index of others) judge(index, VALIDATORS);
  world.block();
  expect(world.ledger.unit(unit)?.phase).toBe('disputed');
  world.block(40_000);
  expect(asked()).toBe(indices.length + 1);
  expect(world.events('audit.disputed').at(-1)?.index).toBe(first);
});

test('validators that disagree with each other leave the unit disputed', () => {
  const audit = auditing();
  const { world, unit, auditors, indices } = audit;
  answer(audit, new Map([[auditors[0] ?? '', { lies: [indices[0] ?? 0] }]]));
  for (const [i, validator] of VALIDATORS.entries())
    world.send(validator, {
      type: 'adjudicate',
      unit,
      attempt: 1,
      index: indices[0] ?? 0,
      result: new Uint8Array(64).fill(i % 2),
    });
  world.block();
  expect(world.ledger.unit(unit)?.phase).toBe('disputed');
});

test('a worker that does not commit in time is excluded, not slashed; the unit is drawn again', () => {
  const world = new World();
  const [sleeper = ''] = WORKERS;
  world.submitJob(12);
  const sleep = new Map([[sleeper, { skips: ['commit'] as const }]]);
  run(world, () => false, sleep, 14);
  world.block(11_000);
  run(world, () => false, sleep, 14);
  const late = world.events('unit.requeued');
  expect(late.length).toBeGreaterThan(0);
  expect(late.every(({ worker, reason }) => worker === sleeper && reason === 'late')).toBe(true);
  expect(world.events('node.slashed')).toEqual([]);
  expect(world.ledger.reputation(sleeper)).toBe(4_500);
});

test.each(['reveal', 'open'] as const)('a worker that commits and then does not %s pays one reward', (skipped) => {
  const world = new World();
  const [sleeper = ''] = WORKERS;
  world.submitJob(12, REWARD);
  const sleep = new Map([[sleeper, { skips: [skipped] }]]);
  run(world, () => false, sleep, 14);
  world.block(31_000);
  const reason = skipped === 'reveal' ? 'no_reveal' : 'no_opening';
  const slashes = world.events('node.slashed');
  expect(slashes.length).toBeGreaterThan(0);
  expect(slashes.every((e) => e.node === sleeper && e.amount_units === REWARD && e.reason === reason)).toBe(true);
  expect(
    world
      .events('unit.requeued')
      .filter(({ worker }) => worker === sleeper)
      .every((e) => e.reason === reason),
  ).toBe(true);
});

test('an auditor that is late is replaced without a slash, and the openings stay', () => {
  const audit = auditing();
  const { world, unit, worker, auditors, indices } = audit;
  const [sleeper = '', awake = ''] = auditors;
  world.send(worker, resultsBody({ opens: [openOf(unit, 1, indices)] }));
  world.send(awake, resultsBody({ reports: [reportOf(awake, unit, 1, indices)] }));
  world.block();
  world.block(31_000);
  expect(world.events('unit.requeued')).toMatchObject([{ unit, worker: sleeper, reason: 'audit_late' }]);
  run(world, finished(world));
  expect(world.events('node.slashed')).toEqual([]);
  expect(world.events('audit.assigned').at(-1)).toMatchObject({ worker, indices });
  expect(world.ledger.receipt(unit)?.auditors).not.toContain(sleeper);
});

test('one outage is one fault however many units it hits; three faults pause a worker', () => {
  const world = new World();
  const [sleeper = ''] = WORKERS;
  const sleep = new Map([[sleeper, { skips: ['commit'] as const }]]);
  for (let outage = 1; outage <= 3; outage++) {
    world.submitJob(24, 10n, `job ${outage}`);
    const seen = world.events('unit.requeued').length;
    run(world, () => world.events('unit.requeued').length > seen, sleep, 60);
    world.block(41_000);
    run(world, () => world.events('job.finished').length === outage, sleep, 400);
    world.block(41_000);
    expect(world.ledger.node(sleeper)?.fault_count).toBe(outage);
  }
  expect(world.ledger.node(sleeper)?.paused_until_ms).toBeGreaterThan(world.time_ms + 3_000_000);
});

test('after six attempts a unit is parked, its reward goes back to the client, and the job ends', () => {
  const world = new World();
  world.submitJob(1, REWARD);
  const asleep = new Map(WORKERS.map((worker) => [worker, { skips: ['commit'] as const }]));
  for (let i = 0; i < 12 && !finished(world)(); i++) {
    run(world, () => world.ledger.unit(world.events('unit.drawable')[0]?.unit ?? '')?.phase === 'working', asleep, 20);
    world.block(11_000);
  }
  const [job] = world.ledger.jobs();
  expect(world.events('unit.parked')).toHaveLength(1);
  expect(job).toMatchObject({ parked_count: 1, settled_count: 0, attempts_count: 6 });
  expect(world.ledger.balance('credit', CLIENT)).toBe(1_000_000n - 1n);
  expect(world.ledger.settlement(0)?.entries).toEqual(
    [
      { a: 'credit', k: CLIENT, d: REWARD },
      { a: 'credit', k: escrowOf(job?.id ?? ''), d: -REWARD },
    ].toSorted((a, b) => (a.k < b.k ? -1 : 1)),
  );
});

test('without a worker of another operator than the client, or auditors of another than the worker, units wait', () => {
  const world = new World({ workers: WORKERS.slice(0, 1) });
  world.submitJob(1);
  run(world, finished(world), new Map(), 30);
  expect(world.events('unit.revealed')).toHaveLength(1);
  expect(world.events('audit.assigned')).toEqual([]);
  expect(world.events('unit.drawable').filter(({ purpose }) => purpose === 'audit').length).toBeGreaterThan(5);
});

test('what enters the lottery in a block is drawn by the beacon of that block, among those who are there at its end', () => {
  const world = new World();
  world.submitJob(1);
  world.heartbeats(WORKERS.slice(0, 3));
  world.block();
  const { unit } = present(world.events('unit.drawable')[0], 'the unit was released');
  world.heartbeats(WORKERS);
  world.block();
  const draw = present(world.ledger.explainDraw(unit, 'work'), 'the beacon is here');
  const { signature = new Uint8Array(0) } = world.beacon(1) ?? {};
  expect([draw.height, draw.beacon]).toEqual([1, Buffer.from(sha256(signature)).toString('hex')]);
  expect(draw.pool.map((member) => member.id)).toEqual(WORKERS.slice(0, 3).toSorted());
});

test('auditors need no messenger: the block that brings the beacon names them, empty as it is', () => {
  const world = new World();
  world.submitJob(1);
  run(world, () => world.events('unit.revealed').length > 0);
  const { unit } = present(world.events('unit.revealed')[0], 'the unit was revealed');
  expect(world.ledger.unit(unit)?.phase).toBe('audit_to_draw');
  expect([world.ledger.pendingDraws(), world.ledger.drawsByBeacon()]).toEqual([[], false]);
  const { events } = world.block();
  const { auditors } = present(world.ledger.unit(unit), 'the unit is under way');
  expect(events).toMatchObject([{ type: 'audit.assigned', unit, auditors }]);
  expect(world.ledger.explainDraw(unit, 'audit')?.drawn).toEqual(auditors);
});

test('the draw of a paid unit can be repeated by anyone from what the ledger keeps', () => {
  const world = new World();
  world.submitJob(1);
  run(world, finished(world));
  const { unit, worker, auditors } = present(world.events('unit.settled')[0], 'the unit was paid');
  expect(world.ledger.explainDraw(unit, 'work')?.drawn).toEqual([worker]);
  expect(world.ledger.explainDraw(unit, 'audit')?.drawn).toEqual(auditors);
  expect(world.ledger.explainDraw(unit, 'work')?.pool).toHaveLength(6);
});

test('the chain is hurried on while a unit waits for a beacon and somebody is there to be drawn, and only then', () => {
  const world = new World({ workers: WORKERS.slice(0, 1) });
  world.submitJob(1);
  world.block();
  expect(world.ledger.waitsForBeacon()).toBe(false);
  world.heartbeats(WORKERS.slice(0, 1));
  world.block();
  expect([world.ledger.waitsForBeacon(), world.ledger.drawsByBeacon()]).toEqual([true, true]);
  run(world, () => world.events('unit.revealed').length > 0);
  expect(world.ledger.waitsForBeacon()).toBe(false);
});
