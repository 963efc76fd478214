// The registry of validators: who may join and leave, what stake that locks, and when the set follows.
import { describe, expect, test } from 'vitest';
import { openBooks } from '#machines/settlement/books.ts';
import { applyEvidence } from '#machines/settlement/evidence.ts';
import { isTooOld, noteHour } from '#machines/settlement/evidence-age.ts';
import { openGenesis } from '#machines/settlement/genesis-rows.ts';
import type { Tx, TxBody } from '#schemas/settlement/transaction.ts';
import { MAX_CANDIDATES, MAX_EVIDENCE_AGE_HEIGHTS, MAX_EVIDENCE_AGE_MS } from '#schemas/wire/limits.ts';
import {
  CHAIN,
  CLIENT,
  genesisOf,
  id,
  SHUFFLER,
  START_MS,
  twinCrypto,
  VALIDATORS,
  WORKERS,
  World,
  type WorldOptions,
} from './world/chain.ts';
import {
  changeSet,
  dealOut,
  doubleVote,
  type Join,
  joinBody,
  keygenOf,
  powersOf,
  toBoundary,
} from './world/dealers.ts';

const [V0 = '', V1 = '', V2 = '', V3 = ''] = VALIDATORS;
const [W0 = ''] = WORKERS;
const [C0, C1, C2] = ['c0', 'c1', 'c2'].map(id) as [string, string, string];
const HOUR_MS = 3_600_000;
const LEAVE: TxBody = { type: 'validator.leave' };

/** Boundaries every 20 heights, phases of 3: a change of the set takes some 14 blocks. */
const open = (options: WorldOptions = {}): World =>
  new World({ candidates: [C0, C1, C2], ...options, params: { epoch_heights: 20, ...options.params } });
const stake = (amount_units: bigint): TxBody => ({ type: 'transfer', to: CLIENT, asset: 'stake', amount_units });
const stateOf = (world: World, validator: string) =>
  world.ledger.validators().find((row) => row.id === validator)?.state;

describe('refusals of who asks to join or to leave', () => {
  const bent = (bend: Partial<Join>) => () => joinBody(C0, 1, bend);
  const cases: [string, string, () => TxBody][] = [
    ['VALIDATOR_EXISTS', V0, () => joinBody(V0)],
    ['NODE_EXISTS', W0, () => joinBody(W0)],
    ['NODE_EXISTS', SHUFFLER, () => joinBody(SHUFFLER)],
    ['STAKE_LOW', C0, () => joinBody(C0, 11)],
    ['COSIGNER_TAKEN', C0, bent({ cosigner: V0 })],
    ['COSIGNER_SIGNATURE_INVALID', C0, bent({ encryption_key: id('another') })],
    ['COSIGNER_SIGNATURE_INVALID', C0, bent({ power: 2 })],
    ['COSIGNER_SIGNATURE_INVALID', C0, bent({ cosigner: id('another') })],
    ['OPERATOR_SIGNATURE_INVALID', C0, bent({ operator: id('another') })],
    ['VALIDATOR_ABSENT', C0, () => LEAVE],
  ];
  test.each(cases)('%s', (code, account, body) => {
    expect(open().outcome(account, body())).toBe(code);
  });
  test('VALIDATOR_EXISTS for who waits already, VALIDATOR_ABSENT for who is leaving already', () => {
    const world = open();
    expect(world.outcome(C0, joinBody(C0))).toBe(null);
    expect(world.outcome(C0, joinBody(C0, 2))).toBe('VALIDATOR_EXISTS');
    expect(world.outcome(C0, LEAVE)).toBe(null);
    expect(world.outcome(C0, LEAVE)).toBe('VALIDATOR_ABSENT');
  });
  test('VALIDATORS_FULL at the limit of those who wait', () => {
    const candidates = Array.from({ length: MAX_CANDIDATES + 1 }, (_, i) => id(`candidate ${i}`));
    const world = open({ candidates });
    for (const candidate of candidates) world.send(candidate, joinBody(candidate));
    const { outcomes } = world.block();
    expect(outcomes.filter((code) => code === null)).toHaveLength(MAX_CANDIDATES);
    expect(outcomes.at(-1)).toBe('VALIDATORS_FULL');
  });
  test('VALIDATOR_PUNISHED for who was proven to cheat, STAKE_LOCKED for who left a short time ago', () => {
    const world = open();
    world.outcome(CLIENT, doubleVote());
    expect(world.outcome(V0, joinBody(V0))).toBe('VALIDATOR_PUNISHED');
    expect(world.outcome(V0, LEAVE)).toBe('VALIDATOR_ABSENT');
    changeSet(world);
    world.outcome(V1, LEAVE);
    changeSet(world);
    expect(stateOf(world, V1)).toBe('left');
    expect(world.outcome(V1, joinBody(V1))).toBe('STAKE_LOCKED');
  });
});

describe('the set follows', () => {
  test('a newcomer is in it from the second height after the generation, with its shares under the same group key', () => {
    const world = open();
    expect(world.outcome(C0, joinBody(C0))).toBe(null);
    changeSet(world);
    const { first_height } = world.events('membership.changed')[0] ?? {};
    expect(first_height).toBe(world.ledger.height() + 2);
    const [now, next] = [1, 2].map((ahead) => world.ledger.membership(world.ledger.height() + ahead));
    expect(now).toEqual(world.ledger.membershipOf(0));
    expect(next).toMatchObject({ epoch: 1, first_height, beacon_key: now?.beacon_key });
    expect(next?.validators.map(({ id: v, beacon_shares }) => [v, beacon_shares.length])).toEqual(
      [V0, V1, V2, V3, C0].map((v) => [v, 1]),
    );
    expect(world.ledger.node(C0)).toMatchObject({ kind: 'validator', operator: id(`${C0} operator`) });
    expect(stateOf(world, C0)).toBe('member');
  });
  test('nothing is opened while nobody wants anything', () => {
    const world = open();
    toBoundary(world);
    expect(keygenOf(world)).toBe(undefined);
  });
  test('the guilty go before those who leave, and these before those who come, one seat of four at a time', () => {
    const world = open({ params: { unbonding_heights: 1_000 } });
    world.send(C0, joinBody(C0));
    world.send(V2, LEAVE);
    world.send(CLIENT, doubleVote());
    expect(world.block().outcomes).toEqual([null, null, null]);
    const sets = Array.from({ length: 3 }, () => {
      changeSet(world);
      return powersOf(world);
    });
    expect(sets).toEqual([
      { [V1]: 1, [V2]: 1, [V3]: 1 },
      { [V1]: 1, [V3]: 1 },
      { [V1]: 1, [V3]: 1 },
    ]);
    expect([V0, V2, C0].map((v) => stateOf(world, v))).toEqual(['punished', 'left', 'joining']);
  });
  test('who asks to go before it came is forgotten at the next boundary', () => {
    const world = open();
    world.outcome(C0, joinBody(C0));
    world.outcome(C0, LEAVE);
    expect(world.outcome(C0, stake(10_000n))).toBe('STAKE_LOCKED');
    toBoundary(world);
    expect(stateOf(world, C0)).toBe(undefined);
    expect(world.outcome(C0, stake(10_000n))).toBe(null);
  });
  test('who asks to go while its generation is under way comes, and goes at the next one', () => {
    const world = open();
    world.outcome(C0, joinBody(C0));
    toBoundary(world);
    world.outcome(C0, LEAVE);
    dealOut(world);
    expect(stateOf(world, C0)).toBe('leaving');
    changeSet(world);
    expect([stateOf(world, C0), powersOf(world)[C0]]).toEqual(['left', undefined]);
  });
});

describe('stake', () => {
  test('what the power needs is locked from the request until it is unbonded; the rest is free', () => {
    const world = open();
    world.outcome(C0, joinBody(C0, 2));
    expect(world.outcome(C0, stake(8_001n))).toBe('STAKE_LOCKED');
    expect(world.outcome(C0, stake(8_000n))).toBe(null);
    changeSet(world);
    expect(world.outcome(C0, stake(1n))).toBe('STAKE_LOCKED');
    world.outcome(C0, LEAVE);
    while (stateOf(world, C0) !== 'left') changeSet(world);
    const left = world.ledger.validators().find((row) => row.id === C0)?.since_height ?? 0;
    while (world.ledger.height() + 1 < left + 50) {
      expect(world.outcome(C0, stake(1n))).toBe('STAKE_LOCKED');
    }
    expect(world.outcome(C0, stake(1n))).toBe(null);
    toBoundary(world);
    expect(stateOf(world, C0)).toBe(undefined);
    expect(world.outcome(C0, joinBody(C0, 1))).toBe(null);
  });
  test('evidence still costs who left its stake while it is locked; it is judged by the set of its epoch', () => {
    const world = open({ params: { unbonding_heights: 1_000 } });
    world.outcome(V0, LEAVE);
    changeSet(world);
    expect(powersOf(world)[V0]).toBe(undefined);
    world.block();
    expect(world.outcome(CLIENT, doubleVote({ epoch: 1 }))).toBe('EVIDENCE_INVALID');
    expect(world.outcome(CLIENT, doubleVote({ epoch: 2 }))).toBe('EVIDENCE_INVALID');
    expect(world.outcome(CLIENT, doubleVote())).toBe(null);
    expect(world.ledger.balance('stake', V0)).toBe(0n);
    expect(stateOf(world, V0)).toBe('punished');
    expect(world.outcome(CLIENT, doubleVote({ epoch: 1, validator: 0, signer: V1 }))).toBe(null);
    expect(world.ledger.balance('stake', V1)).toBe(0n);
  });
});

test('EVIDENCE_EXPIRED only for what lies beyond both limits, as far as the first blocks of the hours tell', () => {
  const books = openBooks(genesisOf(), CHAIN, twinCrypto);
  const at = (height: number, time_ms: number) => {
    const before_ms = books.block.time_ms;
    books.block = { height, time_ms };
    noteHour(books, before_ms);
  };
  const tooOld = (height: number): boolean => isTooOld(books, height);
  openGenesis(books);
  for (let hour = 1; hour <= 30; hour++) at(hour * 1_000, START_MS + hour * HOUR_MS);
  at(MAX_EVIDENCE_AGE_HEIGHTS + 20_000, START_MS + 30 * HOUR_MS + 1);
  expect([5, 20_000].map(tooOld)).toEqual([false, false]);
  at(MAX_EVIDENCE_AGE_HEIGHTS + 20_001, START_MS + 10 * HOUR_MS + MAX_EVIDENCE_AGE_MS);
  expect([5, 9_999, 10_000, 20_000].map(tooOld)).toEqual([true, true, false, false]);
  at(MAX_EVIDENCE_AGE_HEIGHTS + 20_002, START_MS + 60 * HOUR_MS + MAX_EVIDENCE_AGE_MS);
  expect([20_001, 20_002, 30_000].map(tooOld)).toEqual([true, false, false]);
  expect(books.tables.hours.size).toBeLessThan(4);
  expect(applyEvidence(books, { account: CLIENT } as Tx, doubleVote())).toBe('EVIDENCE_EXPIRED');
});
