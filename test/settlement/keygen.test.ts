// Key generations on the chain: who may say what in which phase, what becomes of dealers that do wrong, and what is left on the ledger.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { dealingHash } from '#machines/beacon/plan.ts';
import { createLedger } from '#machines/settlement/ledger.ts';
import { twinDealing, twinShares } from '#runtime/sim/twin-dealings.ts';
import { ROW_CODECS } from '#schemas/settlement/row-codec.ts';
import type { TxBody } from '#schemas/settlement/transaction.ts';
import { CHAIN, CLIENT, id, reopened, twinCrypto, VALIDATORS, World, type WorldOptions } from './world/chain.ts';
import {
  changeSet,
  deal,
  dealOut,
  doubleVote,
  joinBody,
  keygenOf,
  type Misdeed,
  powersOf,
  toBoundary,
} from './world/dealers.ts';

const [V0 = '', V1 = '', V2 = '', V3 = ''] = VALIDATORS;
const C0 = id('c0');

const open = (options: WorldOptions = {}): World =>
  new World({ candidates: [C0], ...options, params: { epoch_heights: 20, ...options.params } });
/** A world in which C0 wants to join, at the end of the boundary's block; then `blocks` of the generation later. */
function opened(blocks = 0, misdeeds?: ReadonlyMap<string, Misdeed>): World {
  const world = open();
  world.send(C0, joinBody(C0));
  toBoundary(world);
  for (let i = 0; i < blocks; i++) {
    deal(world, misdeeds);
    world.block();
  }
  return world;
}
const [COMMIT, DEAL, COMPLAIN, JUSTIFY, OVER] = [0, 3, 6, 9, 12];
const misdeedsOf = (misdeeds: Readonly<Record<string, Misdeed>>) => new Map(Object.entries(misdeeds));

const commit = (hash: Uint8Array = new Uint8Array(32)): TxBody => ({ type: 'keygen.commit', epoch: 1, hash });
const complain = (dealer: string): TxBody => ({ type: 'keygen.complain', epoch: 1, dealer });
const dealing = (world: World, dealer: number): TxBody => {
  const plan = keygenOf(world)?.plan;
  return { type: 'keygen.deal', epoch: 1, dealing: plan === undefined ? new Uint8Array(1) : twinDealing(plan, dealer) };
};
const justify = (world: World, receiver: string): TxBody => {
  const plan = keygenOf(world)?.plan;
  const shares = plan === undefined ? [new Uint8Array(32)] : twinShares(plan, 0, 0);
  return { type: 'keygen.justify', epoch: 1, receiver, shares };
};

describe('phases', () => {
  test('one after the other, each as long as the genesis says; the set of the generation’s end begins two heights on', () => {
    const world = opened(OVER);
    expect(world.events('keygen.phase').map(({ phase, until_height }) => [phase, until_height])).toEqual([
      ['commit', 23],
      ['deal', 26],
      ['complain', 29],
      ['justify', 32],
    ]);
    expect(world.events('membership.changed')).toEqual([{ type: 'membership.changed', epoch: 1, first_height: 34 }]);
    expect(world.ledger.keygen(1)).toMatchObject({
      row: { start_height: 20, end_height: 32, qualified: VALIDATORS, failed: [] },
      phase: undefined,
    });
  });
  test('the last block of a phase takes its transactions, the next one does not', () => {
    const world = opened(2);
    const { generation, plan } = keygenOf(world) ?? {};
    expect(plan?.kind).toBe('reshare');
    const hash = dealingHash(generation ?? new Uint8Array(32), V0, Uint8Array.of(7));
    const late = opened(DEAL, misdeedsOf({ [V0]: 'silent' }));
    expect(late.outcome(V0, commit(hash))).toBe('KEYGEN_PHASE_WRONG');
    const just = opened(COMMIT + 2, misdeedsOf({ [V0]: 'silent' }));
    expect(just.outcome(V0, commit(hash))).toBe(null);
  });
});

describe('refusals', () => {
  const silent = misdeedsOf({ [V0]: 'silent' });
  const bad = misdeedsOf({ [V0]: 'malformed' });
  const cases: [string, number, ReadonlyMap<string, Misdeed>, string, (world: World) => TxBody][] = [
    ['KEYGEN_PHASE_WRONG', COMMIT, silent, V0, (world) => dealing(world, 0)],
    ['KEYGEN_PHASE_WRONG', COMMIT, silent, V0, () => complain(V1)],
    ['KEYGEN_PHASE_WRONG', DEAL, silent, V0, () => commit()],
    ['KEYGEN_PHASE_WRONG', COMPLAIN, silent, V0, (world) => justify(world, V0)],
    ['KEYGEN_UNKNOWN', OVER, silent, V0, () => complain(V1)],
    ['KEYGEN_UNKNOWN', COMMIT, silent, V0, () => ({ ...commit(), epoch: 2 }) as TxBody],
    ['NOT_AUTHORISED', COMMIT, silent, C0, () => commit()],
    ['KEYGEN_DONE', COMMIT + 1, new Map(), V0, () => commit()],
    ['KEYGEN_DONE', DEAL + 1, new Map(), V0, (world) => dealing(world, 0)],
    ['DEALING_MISMATCH', DEAL, silent, V0, (world) => dealing(world, 0)],
    ['DEALING_MISMATCH', DEAL, bad, V0, (world) => dealing(world, 0)],
    ['NOT_AUTHORISED', COMPLAIN, silent, CLIENT, () => complain(V1)],
    ['DEALING_UNKNOWN', COMPLAIN, silent, V1, () => complain(V0)],
    ['DEALING_UNKNOWN', COMPLAIN, bad, V1, () => complain(V0)],
    ['DEALING_UNKNOWN', COMPLAIN, silent, V1, () => complain(CLIENT)],
    ['KEYGEN_DONE', COMPLAIN + 1, misdeedsOf({ [V1]: 'false' }), V0, () => complain(V1)],
    ['DEALING_UNKNOWN', JUSTIFY, silent, V0, (world) => justify(world, V1)],
    ['COMPLAINT_UNKNOWN', JUSTIFY, new Map(), V0, (world) => justify(world, V1)],
    ['KEYGEN_DONE', JUSTIFY + 1, misdeedsOf({ [V0]: 'justifies' }), V0, (world) => justify(world, V0)],
  ];
  test.each(cases)('%s after %i blocks', (code, blocks, misdeeds, account, body) => {
    const world = opened(blocks, misdeeds);
    expect(world.outcome(account, body(world))).toBe(code);
  });
});

describe('dealers that do wrong', () => {
  test('a malformed dealing is kept as its dealer’s fault, and the others make the key', () => {
    const world = opened(OVER, misdeedsOf({ [V2]: 'malformed' }));
    const fault = { type: 'keygen.fault', epoch: 1, validator: V2, code: 'DEALING_MALFORMED' };
    expect(world.events('keygen.fault')).toEqual([fault]);
    expect(world.ledger.keygen(1)?.row).toMatchObject({ qualified: [V0, V1, V3], failed: [V2] });
    expect(world.ledger.balance('stake', V2)).toBe(10_000n);
  });
  test('an unanswered complaint disqualifies; an answered one does not, and the revealed shares stay', () => {
    const silent = opened(OVER, misdeedsOf({ [V1]: 'false' }));
    expect(silent.ledger.keygen(1)?.row.qualified).toEqual([V0, V2, V3]);
    expect(silent.events('keygen.fault')).toMatchObject([{ validator: V1, code: 'COMPLAINT_UNANSWERED' }]);
    const answers = opened(OVER, misdeedsOf({ [V1]: 'justifies' }));
    const view = answers.ledger.keygen(1);
    expect(view?.row.qualified).toEqual(VALIDATORS);
    const revealed = view && [{ receiver: V0, shares: twinShares(view.plan, 1, 0) }];
    expect(view?.dealings.get(V1)?.complaints).toEqual(revealed);
    expect(answers.events('keygen.fault')).toEqual([]);
  });
  test('JUSTIFICATION_FALSE: revealed shares that the dealing does not commit to convict the dealer, at the first try', () => {
    const world = opened(JUSTIFY, misdeedsOf({ [V0]: 'false' }));
    const answer = justify(world, V0);
    expect(world.outcome(V0, { ...answer, shares: [new Uint8Array(32)] } as TxBody)).toBe(null);
    expect(world.events('keygen.fault')).toMatchObject([{ validator: V0, code: 'JUSTIFICATION_FALSE' }]);
    expect(world.outcome(V0, answer)).toBe('DEALING_UNKNOWN');
    dealOut(world);
    expect(world.ledger.keygen(1)?.row.failed).toEqual([V0]);
  });
  test('too few dealings leave the set as it is; it is tried again at the next boundary, as another generation', () => {
    const world = opened(OVER, misdeedsOf({ [V1]: 'silent', [V2]: 'late' }));
    expect(world.events('keygen.failed')).toEqual([{ type: 'keygen.failed', epoch: 1, failed: [V1, V2] }]);
    expect(world.ledger.membership(world.ledger.height() + 2)).toBe(world.ledger.membershipOf(0));
    expect(world.ledger.keygen(1)?.dealings.size).toBe(0);
    const first = world.ledger.keygen(1)?.generation;
    changeSet(world);
    expect(world.ledger.keygen(1)?.generation).not.toEqual(first);
    expect(powersOf(world)).toMatchObject({ [C0]: 1 });
  });
});

describe('the first key', () => {
  test('a network without a dealer makes its key among its own validators; no header carries a beacon before', () => {
    const world = open({ has_key: false });
    expect(world.ledger.membership(1).beacon_key).toBe(null);
    changeSet(world);
    const membership = world.ledger.membership(world.ledger.height() + 2);
    expect(membership).toMatchObject({ epoch: 1, beacon_key: expect.stringMatching(/^[0-9a-f]{96}$/) });
    expect(membership.validators.map(({ beacon_shares }) => beacon_shares.length)).toEqual([1, 1, 1, 1]);
    expect(world.ledger.keygen(1)?.row.kind).toBe('fresh');
  });
  test('a newcomer who does not deal in it waits once, so that the others get their key', () => {
    const world = open({ has_key: false });
    world.send(C0, joinBody(C0));
    const misdeeds = misdeedsOf({ [C0]: 'silent', [V3]: 'silent' });
    changeSet(world, misdeeds);
    expect(world.events('keygen.failed')).toMatchObject([{ failed: [V3, C0] }]);
    changeSet(world, misdeeds);
    expect(powersOf(world)).toEqual({ [V0]: 1, [V1]: 1, [V2]: 1, [V3]: 1 });
    expect(world.ledger.membershipOf(1)?.beacon_key).not.toBe(null);
    changeSet(world, misdeeds);
    expect(powersOf(world)).toMatchObject({ [C0]: 1 });
    expect(world.ledger.membershipOf(2)?.beacon_key).toBe(world.ledger.membershipOf(1)?.beacon_key);
  });
});

test('dealings stay for the newest epoch and the one before; memberships stay for ever', () => {
  const world = open();
  for (const body of [joinBody(C0), { type: 'validator.leave' } as const]) {
    world.send(C0, body);
    changeSet(world);
  }
  world.send(V0, { type: 'validator.leave' });
  changeSet(world);
  expect([0, 1, 2, 3].map((epoch) => world.ledger.membershipOf(epoch)?.epoch)).toEqual([0, 1, 2, 3]);
  expect([1, 2, 3].map((epoch) => world.ledger.keygen(epoch)?.dealings.size)).toEqual([undefined, 5, 4]);
});

test('the seed of the proposer table is the beacon that the deciding block brought', () => {
  const world = opened(OVER);
  const signature = world.beacon(world.ledger.height() - 1)?.signature ?? new Uint8Array(0);
  const seed = Buffer.from(twinCrypto.sha256(signature)).toString('hex');
  expect(world.ledger.membershipOf(1)?.proposer_seed).toBe(seed);
});

/** A story of set changes: who asks for what at each boundary, and who deals how. */
const MISDEEDS: readonly Misdeed[] = ['silent', 'late', 'malformed', 'false', 'justifies'];
const turn = fc.record({
  asks: fc.array(fc.record({ who: fc.nat(8), leaves: fc.boolean(), power: fc.integer({ min: 1, max: 6 }) }), {
    maxLength: 4,
  }),
  misdeeds: fc.array(fc.constantFrom(...MISDEEDS), { maxLength: 9 }),
  /** A validator of the genesis that is proven to have voted twice. */
  guilty: fc.option(fc.nat(3)),
  /** One generation in six is left to itself: nobody deals. */
  is_idle: fc.nat(5).map((n) => n === 0),
});
const PEOPLE = [...VALIDATORS, ...['c0', 'c1', 'c2', 'c3', 'c4'].map(id)];

/** Misdeeds of as many of these dealers as hold less than a third of their seats. */
function belowAThird(world: World, misdeeds: readonly Misdeed[]): ReadonlyMap<string, Misdeed> {
  const dealers = keygenOf(world)?.plan.dealers ?? [];
  const total = dealers.reduce((sum, { power }) => sum + power, 0);
  const bad = new Map<string, Misdeed>();
  let power = 0;
  for (const [i, misdeed] of misdeeds.entries()) {
    const dealer = dealers[i];
    if (dealer === undefined || (power + dealer.power) * 3 >= total) continue;
    power += dealer.power;
    bad.set(dealer.id, misdeed);
  }
  return bad;
}

function play(turns: readonly (typeof turn extends fc.Arbitrary<infer T> ? T : never)[], has_key: boolean): World {
  const world = open({ candidates: PEOPLE.slice(4), powers: [1, 2, 3, 1], has_key });
  for (const { asks, misdeeds, guilty, is_idle } of turns) {
    if (guilty !== null) world.send(CLIENT, doubleVote({ validator: guilty }));
    for (const { who, leaves, power } of asks) {
      const account = PEOPLE[who] ?? V0;
      world.send(account, leaves ? { type: 'validator.leave' } : joinBody(account, power));
    }
    toBoundary(world);
    if (is_idle) continue;
    dealOut(world, belowAThird(world, misdeeds));
  }
  world.checkpoint();
  return world;
}

const powerIn = (world: World, epoch: number): ReadonlyMap<string, number> =>
  new Map(world.ledger.membershipOf(epoch)?.validators.map(({ id: v, power }) => [v, power]));
const sum = (powers: Iterable<number>): number => Array.from(powers).reduce((a, b) => a + b, 0);

test('in any story: a generation that deals ends well while less than a third misbehaves, at most a third changes, money is conserved', () => {
  let changes = 0;
  fc.assert(
    fc.property(fc.array(turn, { minLength: 2, maxLength: 5 }), fc.boolean(), (turns, has_key) => {
      const world = play(turns, has_key);
      const failures = world.events('keygen.failed').length;
      expect(failures).toBeLessThanOrEqual(turns.filter(({ is_idle }) => is_idle).length);
      const { epoch } = world.ledger.membership(world.ledger.height() + 2);
      for (let e = 1; e <= epoch; e++) {
        const [before, after] = [powerIn(world, e - 1), powerIn(world, e)];
        const moved = [...new Set([...before.keys(), ...after.keys()])].map((v) =>
          Math.abs((after.get(v) ?? 0) - (before.get(v) ?? 0)),
        );
        expect(sum(moved) * 3).toBeLessThanOrEqual(sum(before.values()));
        expect(world.ledger.membershipOf(e)?.first_height).toBeGreaterThan(
          world.ledger.membershipOf(e - 1)?.first_height ?? 0,
        );
      }
      changes += epoch;
      const stakes = Array.from(world.rows)
        .filter(([key]) => key.startsWith('accounts/stake/'))
        .map(([, bytes]) => ROW_CODECS.accounts.decode(bytes).amount_units);
      expect(stakes.reduce((a, b) => a + b, 0n)).toBe(150_000n);
      const honest = world.ledger.validators().filter(({ state }) => state !== 'punished');
      for (const { id: v, power } of honest)
        expect(world.ledger.balance('stake', v)).toBeGreaterThanOrEqual(BigInt(power) * 1_000n);
    }),
    { numRuns: 100 },
  );
  expect(changes).toBeGreaterThan(20);
});

test('in any story another ledger comes to the same roots and memberships, also one that is reopened at any height', () => {
  fc.assert(
    fc.property(fc.array(turn, { minLength: 2, maxLength: 4 }), fc.boolean(), fc.nat(), (turns, has_key, cut) => {
      const world = play(turns, has_key);
      const rows = new Map<string, Uint8Array>();
      let ledger = createLedger(world.genesis, CHAIN, twinCrypto);
      for (const [i, block] of world.blocks.entries()) {
        const result = ledger.executeBlock(block);
        expect(result.state_root).toBe(world.results[i]?.state_root);
        expect(result.events).toEqual(world.results[i]?.events);
        for (const { key, value } of result.changes)
          if (value === null) rows.delete(key);
          else rows.set(key, value);
        const isCut = i % (1 + (cut % 7)) === 0;
        if (isCut) ledger = reopened(world.genesis, rows, world.blocks.slice(0, i + 1));
      }
      const ahead = ledger.height() + 2;
      expect(ledger.membership(ahead)).toEqual(world.ledger.membership(ahead));
      expect(ledger.validators()).toEqual(world.ledger.validators());
    }),
    { numRuns: 30 },
  );
});
