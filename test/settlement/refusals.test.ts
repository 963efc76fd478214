// Every refusal of the ledger, each by the input that brings it, and what a refusal costs.
import { describe, expect, test } from 'vitest';
import { present } from '#machines/primitives/assert.ts';
import { TREASURY } from '#machines/settlement/accounts.ts';
import { recordCid } from '#machines/settlement/record-encoding.ts';
import { recordOf } from '#machines/settlement/record-rules.ts';
import { LayoutWriter } from '#schemas/consensus/fixed-layout.ts';
import type { SignedVote } from '#schemas/consensus/types.ts';
import { SIGNED_STATEMENT_BYTES, voteSignBytes, writeSignedVote } from '#schemas/consensus/vote-codec.ts';
import type { Open, Report, Reveal, TxBody } from '#schemas/settlement/transaction.ts';
import { u128 } from '#schemas/wire/fields.ts';
import { heartbeatSignBytes } from '#schemas/work/heartbeat.ts';
import { ARCHIVER, CHAIN, CLIENT, id, SHUFFLER, sha256, sign, VALIDATORS, WORKERS, World } from './world/chain.ts';
import { commitOf, openOf, reportOf, resultsBody, resultsOf, revealOf, run, worldAt } from './world/nodes.ts';

const [V0 = ''] = VALIDATORS;
const [W0 = ''] = WORKERS;
const transfer = (amount_units: bigint, asset: 'credit' | 'stake' = 'credit'): TxBody => ({
  type: 'transfer',
  to: SHUFFLER,
  asset,
  amount_units,
});
const job = (change: Partial<Extract<TxBody, { type: 'job.submit' }>> = {}): TxBody => ({
  type: 'job.submit',
  idempotency_key: 'k',
  kernel: 'noop/v1',
  start: u128(0n),
  unit_log2: 10,
  units: 2,
  reward_per_unit_units: 100n,
  ...change,
});
const heartbeat = (worker: string, at_ms: number, signer = worker): TxBody => ({
  type: 'availability',
  heartbeats: [{ worker, at_ms, signature: sign(signer, heartbeatSignBytes(CHAIN, worker, at_ms)) }],
});
const vote = (value: string | null, round = 0, signer = V0): Uint8Array => {
  const v: SignedVote = {
    type: 'prevote',
    epoch: 0,
    height: 5,
    round,
    value,
    valid_round: -1,
    validator: 0,
    signature: new Uint8Array(64),
  };
  return writeSignedVote(new LayoutWriter(SIGNED_STATEMENT_BYTES), {
    ...v,
    signature: sign(signer, voteSignBytes(CHAIN, v)),
  }).bytes;
};

describe('turn and fee: refused for nothing', () => {
  const cases: [string, Parameters<World['send']>[2]][] = [
    ['NETWORK_MISMATCH', { chain: id('another chain') }],
    ['TX_EXPIRED', { expiry_height: 0 }],
    ['TX_EXPIRY_TOO_FAR', { expiry_height: 1_000_000 }],
    ['TX_NONCE_HIGH', { nonce: 1 }],
    ['TX_FEE_LOW', { fee_units: 0n }],
    ['BALANCE_LOW', { fee_units: 2_000_000n }],
  ];
  test.each(cases)('%s', (code, bend) => {
    const world = new World();
    expect(world.outcome(CLIENT, transfer(1n), bend)).toBe(code);
    expect(world.ledger.nextNonce(CLIENT)).toBe(0);
    expect(world.ledger.balance('credit', CLIENT)).toBe(1_000_000n);
  });
  test('TX_NONCE_LOW for a replay', () => {
    const world = new World();
    world.outcome(CLIENT, transfer(1n));
    expect(world.outcome(CLIENT, transfer(1n), { nonce: 0 })).toBe('TX_NONCE_LOW');
    expect(world.ledger.balance('credit', CLIENT)).toBe(1_000_000n - 2n);
  });
  test('TX_MALFORMED for bytes in a block that are no transaction', () => {
    const world = new World();
    const block = { height: 1, time_ms: world.time_ms, beacon: null, txs: [null] };
    expect(world.ledger.executeBlock(block).outcomes).toEqual(['TX_MALFORMED']);
  });
});

test('a refused transaction takes its nonce and its fee, undoes the rest and says so', () => {
  const world = new World();
  expect(world.outcome(CLIENT, transfer(5_000_000n), { fee_units: 3n })).toBe('BALANCE_LOW');
  expect(world.ledger.nextNonce(CLIENT)).toBe(1);
  expect(world.ledger.balance('credit', CLIENT)).toBe(1_000_000n - 3n);
  expect(world.ledger.balance('credit', TREASURY)).toBe(3n);
  expect(world.events('tx.refused')).toEqual([{ type: 'tx.refused', account: CLIENT, nonce: 0, code: 'BALANCE_LOW' }]);
});

describe('accounts, registry, jobs', () => {
  const cases: [string, string, (world: World) => TxBody][] = [
    ['BALANCE_LOW', CLIENT, () => job({ reward_per_unit_units: 600_000n })],
    ['STAKE_LOCKED', V0, () => transfer(9_001n, 'stake')],
    ['NODE_EXISTS', W0, (world) => world.register(W0, id('alpha'))],
    [
      'OPERATOR_SIGNATURE_INVALID',
      CLIENT,
      (world) => ({ ...world.register(CLIENT, id('alpha')), operator: id('beta') }) as TxBody,
    ],
    ['HEARTBEAT_INVALID', SHUFFLER, (world) => heartbeat(W0, world.time_ms, id('thief'))],
    ['HEARTBEAT_INVALID', SHUFFLER, (world) => heartbeat(CLIENT, world.time_ms)],
    ['HEARTBEAT_STALE', SHUFFLER, (world) => heartbeat(W0, world.time_ms - 60_000)],
    ['HEARTBEAT_AHEAD', SHUFFLER, (world) => heartbeat(W0, world.time_ms + 60_000)],
    ['JOB_RANGE_INVALID', CLIENT, () => job({ start: u128(5n) })],
    ['JOB_RANGE_INVALID', CLIENT, () => job({ start: u128(2n ** 128n - 1024n) })],
    ['JOB_RANGE_INVALID', CLIENT, () => job({ kernel: 'collatz/v1', start: u128(0n), unit_log2: 20 })],
    ['JOB_REWARD_LOW', CLIENT, () => job({ reward_per_unit_units: 9n })],
    ['AMOUNT_INVALID', CLIENT, () => job({ reward_per_unit_units: 2n ** 61n, units: 4 })],
    [
      'NOT_AUTHORISED',
      CLIENT,
      () => ({ type: 'draw', draws: [{ unit: `${'0'.repeat(32)}/0`, attempt: 1, worker: W0 }] }),
    ],
    [
      'UNIT_UNKNOWN',
      SHUFFLER,
      () => ({ type: 'draw', draws: [{ unit: `${'0'.repeat(32)}/0`, attempt: 1, worker: W0 }] }),
    ],
    ['UNIT_UNKNOWN', W0, () => resultsBody({ commits: [commitOf(W0, `${'0'.repeat(32)}/0`, 1)] })],
    ['UNIT_UNKNOWN', W0, () => resultsBody({ reports: [reportOf(W0, `${'0'.repeat(32)}/0`, 1, [0])] })],
    [
      'NOT_AUTHORISED',
      CLIENT,
      () => ({ type: 'adjudicate', unit: `${'0'.repeat(32)}/0`, attempt: 1, index: 0, result: new Uint8Array(64) }),
    ],
    [
      'DISPUTE_UNKNOWN',
      V0,
      () => ({ type: 'adjudicate', unit: `${'0'.repeat(32)}/0`, attempt: 1, index: 0, result: new Uint8Array(64) }),
    ],
    ['EVIDENCE_INVALID', CLIENT, () => ({ type: 'evidence', a: new Uint8Array(9), b: vote(null) })],
    ['EVIDENCE_INVALID', CLIENT, () => ({ type: 'evidence', a: vote(null), b: vote(null) })],
    ['EVIDENCE_INVALID', CLIENT, () => ({ type: 'evidence', a: vote(null), b: vote(id('block'), 1) })],
    ['NOT_AUTHORISED', CLIENT, () => ({ type: 'settlement.archived', seq: 0, cid: 'c', log_root: new Uint8Array(32) })],
    [
      'SETTLEMENT_UNKNOWN',
      ARCHIVER,
      () => ({ type: 'settlement.archived', seq: 0, cid: 'c', log_root: new Uint8Array(32) }),
    ],
  ];
  test.each(cases)('%s', (code, account, body) => {
    const world = new World();
    expect(world.outcome(account, body(world))).toBe(code);
  });
  test('JOB_EXISTS for a second job under one key', () => {
    const world = new World();
    expect(world.outcome(CLIENT, job())).toBe(null);
    expect(world.outcome(CLIENT, job({ units: 1 }))).toBe('JOB_EXISTS');
  });
  test('JOBS_FULL at the limit of open jobs', () => {
    const world = new World();
    for (let i = 0; i < 1_024; i++)
      world.send(CLIENT, job({ idempotency_key: `${i}`, units: 1, reward_per_unit_units: 10n }));
    world.block();
    expect(world.outcome(CLIENT, job())).toBe('JOBS_FULL');
  });
  test('EVIDENCE_INVALID for a statement that somebody else signed', () => {
    const world = new World();
    const body: TxBody = { type: 'evidence', a: vote(null, 0, id('forger')), b: vote(id('block')) };
    expect(world.outcome(CLIENT, body)).toBe('EVIDENCE_INVALID');
    expect(world.ledger.balance('stake', V0)).toBe(10_000n);
  });
});

test('EVIDENCE_DONE: two votes of one validator in a round cost its stake, once', () => {
  const world = new World();
  const body: TxBody = { type: 'evidence', a: vote(null), b: vote(id('block')) };
  expect(world.outcome(CLIENT, body)).toBe(null);
  expect(world.ledger.balance('stake', V0)).toBe(0n);
  expect(world.ledger.balance('stake', CLIENT)).toBe(3_000n);
  expect(world.outcome(CLIENT, body)).toBe('EVIDENCE_DONE');
  expect(world.outcome(CLIENT, { type: 'evidence', a: vote(id('other')), b: vote(null) })).toBe('EVIDENCE_DONE');
});

describe('draws', () => {
  const draw = (unit: string, worker: string, attempt = 1): TxBody => ({
    type: 'draw',
    draws: [{ unit, attempt, worker }],
  });
  test('DRAW_TOO_EARLY in the block in which the unit enters the lottery, and for a later attempt', () => {
    const { world, unit } = worldAt('unit.assigned');
    world.send(SHUFFLER, draw(unit, W0, 2));
    const late = world.block(11_000);
    expect([late.outcomes, world.ledger.unit(unit)?.phase]).toEqual([['DRAW_TOO_EARLY'], 'to_draw']);
    expect(world.outcome(SHUFFLER, draw(unit, W0, 3))).toBe('DRAW_TOO_EARLY');
  });
  test('DRAW_FALSE for anybody but whom the beacon names', () => {
    const { world, unit } = worldAt('unit.drawable');
    world.block();
    const [drawn] = world.ledger.pendingDraws();
    const others = [CLIENT, ...WORKERS].filter((worker) => worker !== drawn?.worker);
    for (const other of others) expect(world.outcome(SHUFFLER, draw(unit, other))).toBe('DRAW_FALSE');
    expect(world.ledger.unit(unit)?.phase).toBe('to_draw');
  });
  test('DRAW_DONE for the second of two, whoever sends it; any registered node may send the first', () => {
    const { world, unit } = worldAt('unit.drawable');
    world.block();
    const worker = world.ledger.pendingDraws()[0]?.worker ?? '';
    expect(world.outcome(V0, draw(unit, worker))).toBe(null);
    expect(world.outcome(SHUFFLER, draw(unit, worker))).toBe('DRAW_DONE');
  });
});

describe('commit and reveal', () => {
  const reveal = (...reveals: Reveal[]): TxBody => resultsBody({ reveals });
  const commit = (worker: string, unit: string, attempt = 1): TxBody =>
    resultsBody({ commits: [commitOf(worker, unit, attempt)] });
  test('NOT_DRAWN for another worker, and for an attempt that is yet to come', () => {
    const { world, unit, row } = worldAt('unit.assigned');
    const other = WORKERS.find((worker) => worker !== row.worker) ?? '';
    expect(world.outcome(other, commit(other, unit))).toBe('NOT_DRAWN');
    expect(world.outcome(row.worker, commit(row.worker, unit, 2))).toBe('NOT_DRAWN');
  });
  test('REVEAL_WITHOUT_COMMIT', () => {
    const { world, unit, row } = worldAt('unit.assigned');
    expect(world.outcome(row.worker, reveal(revealOf(unit, 1)))).toBe('REVEAL_WITHOUT_COMMIT');
  });
  test('REVEAL_EARLY in the block of its commit', () => {
    const { world, unit, row } = worldAt('unit.assigned');
    world.send(row.worker, commit(row.worker, unit));
    world.send(row.worker, reveal(revealOf(unit, 1)));
    expect(world.block().outcomes).toEqual([null, 'REVEAL_EARLY']);
  });
  test('COMMIT_DONE for a second commitment', () => {
    const { world, unit, row } = worldAt('unit.committed');
    expect(world.outcome(row.worker, commit(row.worker, unit))).toBe('COMMIT_DONE');
  });
  test('REVEAL_MISMATCH for another result than the committed one', () => {
    const { world, unit, row } = worldAt('unit.committed');
    expect(world.outcome(row.worker, reveal(revealOf(unit, 1, { lies: [0] })))).toBe('REVEAL_MISMATCH');
  });
  test('SUSPECT_OUT_OF_RANGE; a suspect within the unit is kept with the job and costs nothing', () => {
    const { world, unit, row } = worldAt('unit.committed');
    const suspecting = (n: bigint) => reveal(revealOf(unit, 1, {}, [u128(n)]));
    expect(world.outcome(row.worker, suspecting(5_000n))).toBe('SUSPECT_OUT_OF_RANGE');
    expect(world.outcome(row.worker, suspecting(5n))).toBe(null);
    expect(world.ledger.jobs()[0]?.suspects).toEqual([u128(5n)]);
    expect(world.events('suspect.reported')).toHaveLength(1);
  });
  test('REVEAL_DONE for a second reveal', () => {
    const { world, unit, row } = worldAt('unit.revealed');
    expect(world.outcome(row.worker, reveal(revealOf(unit, 1)))).toBe('REVEAL_DONE');
  });
  test('ATTEMPT_OVER once the deadline has passed', () => {
    const { world, unit, row } = worldAt('unit.assigned');
    world.send(row.worker, commit(row.worker, unit));
    expect(world.block(60_000).outcomes).toEqual(['ATTEMPT_OVER']);
    expect(world.ledger.unit(unit)).toMatchObject({ phase: 'to_draw', attempt: 2, excluded: [row.worker] });
  });
});

describe('audits', () => {
  const open = (...opens: Open[]): TxBody => resultsBody({ opens });
  const report = (...reports: Report[]): TxBody => resultsBody({ reports });
  test('AUDIT_NOT_OPEN before the auditors are drawn', () => {
    const { world, unit, row } = worldAt('unit.committed');
    world.send(row.worker, resultsBody({ reveals: [revealOf(unit, 1)] }));
    world.send(row.worker, open(openOf(unit, 1, [0])));
    expect(world.block().outcomes).toEqual([null, 'AUDIT_NOT_OPEN']);
  });
  test('OPENING_INVALID for other sub-units, too few, or a result that is not under the root', () => {
    const { world, unit, row } = worldAt('audit.assigned');
    const { audit_indices: indices, worker } = row;
    for (const others of [indices.slice(1), [...indices, 0], indices.toReversed()])
      expect(world.outcome(worker, open(openOf(unit, 1, others)))).toBe('OPENING_INVALID');
    expect(world.outcome(worker, open(openOf(unit, 1, indices, { lies: [0, 1, 2, 3] })))).toBe('OPENING_INVALID');
  });
  test('OPENING_DONE and REPORT_DONE for a second time, NOT_DRAWN for strangers', () => {
    const { world, unit, row } = worldAt('audit.assigned');
    const { audit_indices: indices, worker, auditors } = row;
    const [auditor = ''] = auditors;
    const stranger = WORKERS.find((w) => w !== worker && !auditors.includes(w)) ?? '';
    expect(world.outcome(worker, open(openOf(unit, 1, indices)))).toBe(null);
    expect(world.outcome(worker, open(openOf(unit, 1, indices)))).toBe('OPENING_DONE');
    expect(world.outcome(stranger, report(reportOf(stranger, unit, 1, indices)))).toBe('NOT_DRAWN');
    expect(world.outcome(auditor, report(reportOf(auditor, unit, 1, indices)))).toBe(null);
    expect(world.outcome(auditor, report(reportOf(auditor, unit, 1, indices)))).toBe('REPORT_DONE');
  });
  test('AUDIT_NOT_OPEN for a report while the unit is disputed; ADJUDICATION_DONE for a second vote', () => {
    const { world, unit, row } = worldAt('audit.assigned');
    const { audit_indices: indices, worker, auditors } = row;
    world.send(worker, open(openOf(unit, 1, indices)));
    for (const auditor of auditors)
      world.send(auditor, report(reportOf(auditor, unit, 1, indices, { lies: [0, 1, 2, 3] })));
    world.block();
    const index = world.events('audit.disputed')[0]?.index ?? -1;
    const judge: TxBody = {
      type: 'adjudicate',
      unit,
      attempt: 1,
      index,
      result: resultsOf(unit)[index] ?? new Uint8Array(64),
    };
    expect(world.outcome(V0, judge)).toBe(null);
    expect(world.outcome(V0, judge)).toBe('ADJUDICATION_DONE');
    expect(world.outcome(V0, { ...judge, attempt: 2 })).toBe('DISPUTE_UNKNOWN');
  });
  test('ATTEMPT_OVER for everything that comes after the unit is paid; its stake is free then and locked before', () => {
    const { world, unit, row } = worldAt('audit.assigned');
    expect(world.outcome(row.worker, transfer(1n, 'stake'))).toBe('STAKE_LOCKED');
    const { audit_indices: indices, worker, auditors } = row;
    world.send(worker, open(openOf(unit, 1, indices)));
    for (const auditor of auditors) world.send(auditor, report(reportOf(auditor, unit, 1, indices)));
    world.block();
    expect(world.outcome(worker, open(openOf(unit, 1, indices)))).toBe('ATTEMPT_OVER');
    const [auditor = ''] = auditors;
    expect(world.outcome(auditor, report(reportOf(auditor, unit, 1, indices)))).toBe('ATTEMPT_OVER');
    expect(world.outcome(SHUFFLER, { type: 'draw', draws: [{ unit, attempt: 1, worker }] })).toBe('DRAW_DONE');
    expect(world.outcome(worker, transfer(1n, 'stake'))).toBe(null);
  });
});

/** CID of the record of a settlement, after the record `prev`. */
function cidOf({ ledger, genesis }: World, seq: number, prev: string | null = null): string {
  const row = present(ledger.settlement(seq), `settlement ${seq} is closed`);
  return recordCid(recordOf(row, genesis.network, prev), sha256);
}

test('a statement is taken only in order: a record links to the one before', () => {
  const world = new World();
  for (const key of ['one', 'two']) {
    const closed = world.events('settlement.closed').length;
    world.submitJob(1, 100n, key);
    run(world, () => world.events('settlement.closed').length > closed);
  }
  const first = cidOf(world, 0);
  const state = (seq: number, cid: string): TxBody => ({
    type: 'settlement.archived',
    seq,
    cid,
    log_root: new Uint8Array(32),
  });
  expect(world.outcome(ARCHIVER, state(1, cidOf(world, 1, first)))).toBe('ARCHIVED_FALSE');
  expect(world.outcome(ARCHIVER, state(0, first))).toBe(null);
  expect(world.outcome(ARCHIVER, state(1, cidOf(world, 1, first)))).toBe(null);
});

test('ARCHIVED_DONE: the first true statement of an archiver about a settlement stays', () => {
  const world = new World();
  world.submitJob(1);
  run(world, () => world.events('settlement.closed').length > 0);
  const cid = cidOf(world, 0);
  const body = (stated: string): TxBody => ({
    type: 'settlement.archived',
    seq: 0,
    cid: stated,
    log_root: new Uint8Array(32),
  });
  expect(world.outcome(ARCHIVER, body(cidOf(world, 0, cid)))).toBe('ARCHIVED_FALSE');
  expect(world.outcome(ARCHIVER, body(cid))).toBe(null);
  expect(world.outcome(ARCHIVER, body(cid))).toBe('ARCHIVED_DONE');
  expect(world.ledger.settlement(0)?.cid).toBe(cid);
});
