// Whatever anybody sends: money is conserved, nothing falls below zero, settlements balance, and the books can be reopened.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createLedger } from '#machines/settlement/ledger.ts';
import { applySettlement, type SettledBalances, settledRoot } from '#machines/settlement/settled-balances.ts';
import { ROW_CODECS } from '#schemas/settlement/row-codec.ts';
import type { TxBody } from '#schemas/settlement/transaction.ts';
import { u128 } from '#schemas/wire/fields.ts';
import {
  CHAIN,
  CLIENT,
  id,
  reopened,
  SHUFFLER,
  sha256,
  twinCrypto,
  VALIDATORS,
  WORKERS,
  World,
} from './world/chain.ts';
import { type Behaviour, commitOf, openOf, react, reportOf, resultsBody, revealOf, run } from './world/nodes.ts';

/** What one block of a random story does, beside the honest reactions. */
type Step = {
  readonly who: number;
  readonly what: number;
  readonly amount: bigint;
  readonly after_ms: number;
  readonly bend: number;
  readonly reacts: boolean;
};
const step: fc.Arbitrary<Step> = fc.record({
  who: fc.nat(10),
  what: fc.nat(9),
  amount: fc.oneof(fc.bigInt(1n, 500n), fc.bigInt(1n, 3_000_000n)),
  after_ms: fc.oneof(
    { weight: 30, arbitrary: fc.constant(100) },
    { weight: 1, arbitrary: fc.integer({ min: 0, max: 50_000 }) },
  ),
  bend: fc.nat(12),
  reacts: fc.boolean(),
});
const behaviour: fc.Arbitrary<Behaviour> = fc.record({
  lies: fc.oneof({ weight: 5, arbitrary: fc.constant([]) }, { weight: 1, arbitrary: fc.subarray([0, 1, 2, 3]) }),
  skips: fc.oneof(
    { weight: 7, arbitrary: fc.constant([] as const) },
    { weight: 1, arbitrary: fc.subarray(['commit', 'reveal', 'open', 'report'] as const) },
  ),
});

const ACCOUNTS = [CLIENT, SHUFFLER, ...VALIDATORS.slice(0, 3), ...WORKERS];

/** A transaction that fits or does not, about a unit that may be anywhere on its way. */
function bodyOf(world: World, { what, amount, who }: Step, account: string): TxBody {
  const unit = world.results.at(-1)?.events.find((e) => 'unit' in e)?.unit ?? `${'0'.repeat(32)}/0`;
  const { attempt, audit_indices: indices } = world.ledger.unit(unit) ?? { attempt: 1, audit_indices: [0] };
  const bodies: TxBody[] = [
    {
      type: 'transfer',
      to: ACCOUNTS[Number(amount) % ACCOUNTS.length] ?? CLIENT,
      asset: 'credit',
      amount_units: amount,
    },
    { type: 'transfer', to: CLIENT, asset: 'stake', amount_units: amount },
    {
      type: 'job.submit',
      idempotency_key: `${amount % 7n}`,
      kernel: 'noop/v1',
      start: u128(0n),
      unit_log2: 10,
      units: 1 + who,
      reward_per_unit_units: amount,
    },
    { type: 'draw', draws: [{ unit, attempt, worker: WORKERS[who % 2] ?? '' }] },
    resultsBody({ commits: [commitOf(account, unit, attempt)] }),
    resultsBody({ reveals: [revealOf(unit, attempt)] }),
    resultsBody({ opens: [openOf(unit, attempt, indices)] }),
    resultsBody({ reports: [reportOf(account, unit, attempt, indices, { lies: [0] })] }),
    { type: 'adjudicate', unit, attempt, index: indices[0] ?? 0, result: new Uint8Array(64) },
    { type: 'settlement.archived', seq: 0, cid: 'c', log_root: new Uint8Array(32) },
  ];
  return bodies[what] ?? { type: 'transfer', to: CLIENT, asset: 'credit', amount_units: amount };
}

function play(steps: readonly Step[], behaviours: readonly Behaviour[]): World {
  const world = new World();
  const by = new Map(WORKERS.map((worker, i) => [worker, behaviours[i] ?? {}]));
  world.heartbeats();
  world.submitJob(4, 50n);
  let unheard = world.block().events;
  for (const [i, s] of steps.entries()) {
    if (s.reacts) react(world, { events: unheard }, by);
    if (s.reacts) unheard = [];
    if (i % 10 === 0) world.heartbeats();
    const account = ACCOUNTS[s.who] ?? CLIENT;
    const bend = s.bend === 0 ? { nonce: 0 } : s.bend === 1 ? { fee_units: s.amount } : {};
    world.send(account, bodyOf(world, s, account), bend);
    unheard = [...unheard, ...world.block(s.after_ms).events];
  }
  world.checkpoint();
  return world;
}

/** In how many stories each of these happened: a test of settlements that sees none would prove nothing. */
const HAPPENED = [
  'unit.settled',
  'settlement.closed',
  'audit.disputed',
  'node.slashed',
  'unit.requeued',
  'tx.refused',
] as const;

/** Sum of an asset over the rows as of the last checkpoint, and the lowest balance in them: counted anew, not taken from the ledger. */
function counted(world: World, asset: string): { sum: bigint; lowest: bigint } {
  const amounts = Array.from(world.rows)
    .filter(([key]) => key.startsWith(`accounts/${asset}/`))
    .map(([, bytes]) => ROW_CODECS.accounts.decode(bytes).amount_units);
  return { sum: amounts.reduce((a, b) => a + b, 0n), lowest: amounts.reduce((a, b) => (b < a ? b : a), 0n) };
}

test('in any story both assets are conserved, no balance is negative, no unit is paid twice, settlements sum to zero', () => {
  const seen = new Map<string, number>();
  fc.assert(
    fc.property(
      fc.array(step, { minLength: 30, maxLength: 70 }),
      fc.array(behaviour, { minLength: 6, maxLength: 6 }),
      (steps, behaviours) => {
        const world = play(steps, behaviours);
        for (const asset of ['credit', 'stake'] as const) {
          const supply = world.genesis.balances.reduce((sum, b) => sum + (b.asset === asset ? b.amount_units : 0n), 0n);
          expect(counted(world, asset)).toEqual({ sum: supply, lowest: 0n });
        }
        const paid = world.events('unit.settled').map(({ unit }) => unit);
        expect(new Set(paid).size).toBe(paid.length);
        checkSettlements(world);
        for (const type of HAPPENED) if (world.events(type).length > 0) seen.set(type, (seen.get(type) ?? 0) + 1);
      },
    ),
    { numRuns: 40 },
  );
  expect(Array.from(seen.keys()).toSorted()).toEqual([...HAPPENED].toSorted());
});

/** Every settlement balances, is in order, and its root is what the records alone lead to. */
function checkSettlements(world: World): void {
  let balances: SettledBalances = new Map();
  for (let seq = 0; seq < world.ledger.settlementsCount(); seq++) {
    const row = world.ledger.settlement(seq);
    const keys = row?.entries.map(({ a, k }) => `${a}/${k}`) ?? [];
    expect(keys).toEqual(Array.from(new Set(keys)).toSorted());
    for (const asset of ['credit', 'stake'])
      expect(row?.entries.reduce((sum, { a, d }) => sum + (a === asset ? d : 0n), 0n)).toBe(0n);
    balances = applySettlement(balances, row?.entries ?? []);
    expect(Buffer.from(settledRoot(balances, sha256))).toEqual(Buffer.from(row?.state_root ?? []));
  }
}

test('in any story another ledger gives the same roots, also one reopened at any height from the last checkpoint and the blocks since', () => {
  fc.assert(
    fc.property(
      fc.array(step, { minLength: 20, maxLength: 50 }),
      fc.array(behaviour, { minLength: 6, maxLength: 6 }),
      fc.nat(),
      (steps, behaviours, cut) => {
        const world = play(steps, behaviours);
        const rows = new Map<string, Uint8Array>();
        let ledger = createLedger(world.genesis, CHAIN, twinCrypto);
        for (const [i, block] of world.blocks.entries()) {
          const result = ledger.executeBlock(block);
          expect(result.state_root).toBe(world.results[i]?.state_root);
          expect(result.outcomes).toEqual(world.results[i]?.outcomes);
          for (const { key, value } of result.changes)
            if (value === null) rows.delete(key);
            else rows.set(key, value);
          const isCut = i % (1 + (cut % 7)) === 0;
          if (isCut) ledger = reopened(world.genesis, shuffled(rows, cut), world.blocks.slice(0, i + 1));
        }
      },
    ),
    { numRuns: 25 },
  );
});

/** The rows in another order: what a store returns them in must not matter. */
const shuffled = (rows: ReadonlyMap<string, Uint8Array>, salt: number): ReadonlyMap<string, Uint8Array> =>
  new Map(Array.from(rows).toSorted(([a], [b]) => (id(`${a}${salt}`) < id(`${b}${salt}`) ? -1 : 1)));

test('a settlement also closes a thousand heights after a payment, though no job has finished', () => {
  const world = new World();
  world.submitJob(30);
  run(world, () => world.events('unit.settled').length > 0);
  expect(world.events('settlement.closed')).toEqual([]);
  for (let i = 0; i < 1_001; i++) world.block(1);
  expect(world.events('settlement.closed')).toHaveLength(1);
  expect(world.ledger.settlement(0)?.jobs).toEqual([]);
  checkSettlements(world);
});
