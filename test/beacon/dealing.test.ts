// Key generation without a dealer: what honest dealings make, and what becomes of others.
import { SecretKey } from '@chainsafe/blst';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { checkDealing, checkRevealed, combineDealings } from '#machines/beacon/dealing.ts';
import { dealingBytes } from '#machines/beacon/layout.ts';
import { dealingHash, generationHash, seatsCount, thresholdOf } from '#machines/beacon/plan.ts';
import { verifyBls } from '#runtime/consensus/beacon.ts';
import { makeDealing, openDealing, sharesFor } from '#runtime/consensus/dealer.ts';
import { beaconMessage } from '#schemas/consensus/beacon.ts';
import { MAX_SET_POWER, MAX_TX_BYTES, MAX_VALIDATOR_POWER } from '#schemas/wire/limits.ts';
import { Generation, type Keyed, people, person, signatureOf } from './generation.ts';

const message = beaconMessage('ab'.repeat(32), 3, 9);
const hex = (bytes: Uint8Array | undefined): string => Buffer.from(bytes ?? []).toString('hex');
const keyed = (powers: readonly number[], old?: Keyed, first?: number): Keyed => {
  const end = new Generation(people(powers, first), old).end();
  if (end === undefined) throw new Error('all dealt');
  return end;
};
const powers = fc.array(fc.integer({ min: 1, max: 4 }), { minLength: 1, maxLength: 5 });

/** Each public share is that of its secret, any t seats sign as the group, and t − 1 do not. */
function expectSound(set: Keyed, chosen: readonly number[]): void {
  const threshold = thresholdOf(set.members);
  expect(set.members.map(({ beacon_shares }) => beacon_shares)).toEqual(
    set.secrets.map((own) => own.map((secret) => SecretKey.fromHex(secret).toPublicKey().toHex().slice(2))),
  );
  const signature = signatureOf(set, chosen.slice(0, threshold), message) ?? new Uint8Array(0);
  expect(verifyBls(set.group_key, message, signature)).toBe(true);
  const short = signatureOf(set, chosen.slice(0, threshold - 1), message) ?? new Uint8Array(0);
  expect(verifyBls(set.group_key, message, short)).toBe(false);
}

const shuffled = (count: number) =>
  fc.shuffledSubarray(
    Array.from({ length: count }, (_, i) => i + 1),
    { minLength: count },
  );

test('a fresh key: any t seats sign as the group, t − 1 do not, whatever the power', () => {
  expect.hasAssertions();
  fc.assert(
    fc.property(
      powers.chain((p) => fc.tuple(fc.constant(p), shuffled(p.reduce((a, b) => a + b)))),
      ([p, seats]) => expectSound(keyed(p), seats),
    ),
    { numRuns: 12 },
  );
});

test('resharing to any other set keeps the group key, and its beacons', () => {
  fc.assert(
    fc.property(
      powers,
      powers.chain((p) => fc.tuple(fc.constant(p), shuffled(p.reduce((a, b) => a + b)))),
      fc.integer({ min: 1, max: 6 }),
      (before, [after, seats], first) => {
        const old = keyed(before);
        const next = keyed(after, old, first);
        expect(next.group_key).toBe(old.group_key);
        expectSound(next, seats);
        const all = Array.from({ length: seatsCount(old.members) }, (_, i) => i + 1);
        const same = [
          signatureOf(old, all.slice(0, thresholdOf(old.members)), message),
          signatureOf(next, seats.slice(0, thresholdOf(next.members)), message),
        ];
        expect(hex(same[0])).toBe(hex(same[1]));
      },
    ),
    { numRuns: 12 },
  );
});

test('sets above 57 seats, where weights are no longer whole, reshare to ones below and back', () => {
  const large = keyed([20, 20, 20]);
  const small = keyed([1, 2, 1], large, 3);
  const again = keyed([19, 20, 20], small, 2);
  const seats = Array.from({ length: 60 }, (_, i) => 60 - i);
  expect([small.group_key, again.group_key]).toEqual([large.group_key, large.group_key]);
  expectSound(large, seats);
  expectSound(again, seats.slice(1));
});

test('any quorum of the dealers makes a key; of a reshare always the same', () => {
  const old = keyed([1, 2, 1, 1]);
  const next = new Generation(people([2, 1, 1], 3), old);
  const made = [
    [0, 1, 2],
    [1, 2, 3],
    [0, 1, 3],
    [0, 1, 2, 3],
  ].map((dealers) => next.end(dealers));
  for (const set of made) expect(set?.group_key).toBe(old.group_key);
  expect(next.end([0, 2, 3])).toBeUndefined();
  expect(new Generation(people([1, 1, 1, 1])).end([0, 1])).toBeUndefined();
});

describe('what is not a dealing is refused', () => {
  const old = keyed([2, 1, 1]);
  const generation = new Generation(people([1, 2, 2], 2), old);
  const { plan } = generation;
  const good = generation.deal(0);
  const bent = (at: number) => good.map((byte, i) => (i === at ? byte ^ 1 : byte));

  test('where it has another size, another dealer, or what is no point', () => {
    expect(good).toHaveLength(dealingBytes(plan, 0));
    expect(checkDealing(plan, 0, good)).toBeNull();
    expect(checkDealing(plan, 0, good.subarray(1))).toBe('DEALING_MALFORMED');
    expect(checkDealing(plan, 1, good)).toBe('DEALING_MALFORMED');
    expect(checkDealing(plan, 3, good)).toBe('VALIDATOR_UNKNOWN');
    expect(checkDealing(plan, 0, bent(32))).toBe('DEALING_MALFORMED');
    const beyond = Uint8Array.from(good).fill(255, 32, 33);
    expect(checkDealing(plan, 0, beyond)).toBe('DEALING_MALFORMED');
  });

  test('where it hands on another share than its dealer’s', () => {
    const lie = makeDealing(generation.own(generation.dealer(0)), 0, [
      ...generation.secrets(1),
      ...generation.secrets(2),
    ]);
    expect(checkDealing(plan, 0, lie)).toBe('DEALING_SHARE_MISMATCH');
  });

  test('random bytes never throw', () => {
    const size = dealingBytes(plan, 1);
    const bytes = fc.uint8Array({ minLength: size, maxLength: size });
    fc.assert(fc.property(bytes, (some) => checkDealing(plan, 1, some) === 'DEALING_MALFORMED'));
    expect(checkRevealed(plan, 1, new Uint8Array(size), 0, [new Uint8Array(32)])).toBe(false);
    expect(combineDealings(plan, new Map())).toBeUndefined();
  });
});

describe('a complaint', () => {
  const old = keyed([2, 1, 1]);
  const generation = new Generation(people([1, 2, 2], 2), old);
  const { plan } = generation;
  const [dealer, receiver] = [0, 1];
  const dealing = generation.deal(dealer);
  const own = generation.own(person(3, 2));
  /** The last byte that is encrypted to receiver 1, before that of the last. */
  const spoiled = dealing.map((byte, i) => (i === dealing.length - (4 * 32 + 16) - 20 ? byte ^ 1 : byte));

  test('has no reason where the dealing is right: its receiver opens what it commits to', () => {
    const shares = openDealing(own, dealer, receiver, dealing) ?? [];
    expect(shares.map(hex)).toEqual(
      sharesFor(generation.own(generation.dealer(0)), 0, generation.secrets(0), 1).map(hex),
    );
    expect(checkRevealed(plan, dealer, dealing, receiver, shares)).toBe(true);
  });

  test('is due where it cannot be opened, or holds what it does not commit to', () => {
    expect(checkDealing(plan, dealer, spoiled)).toBeNull();
    expect(openDealing(own, dealer, receiver, spoiled)).toBeUndefined();
    const other = new Generation(people([1, 2, 2], 2), old, 2);
    const foreign = other.deal(dealer);
    expect(openDealing(own, dealer, receiver, foreign)).toBeUndefined();
  });

  test('is answered by the true shares alone', () => {
    const shares = sharesFor(generation.own(generation.dealer(0)), 0, generation.secrets(0), 1);
    expect(checkRevealed(plan, dealer, spoiled, receiver, shares)).toBe(true);
    expect(checkRevealed(plan, dealer, spoiled, receiver, shares.toReversed())).toBe(false);
    expect(checkRevealed(plan, dealer, spoiled, receiver, shares.slice(1))).toBe(false);
    expect(checkRevealed(plan, dealer, spoiled, 2, shares)).toBe(false);
  });
});

test('a dealing is the same after a crash, another in every other generation, and nobody else’s', () => {
  const [one, again, other] = [1, 1, 2].map((epoch) => new Generation(people([1, 1, 1]), undefined, epoch));
  expect(hex(one?.deal(0))).toBe(hex(again?.deal(0)));
  const commitment = 32 + 96;
  expect(hex(one?.deal(0).subarray(0, commitment))).not.toBe(hex(other?.deal(0).subarray(0, commitment)));
  const dealing = one?.deal(0) ?? new Uint8Array(0);
  const [mine, theirs] = [1, 2].map((n) => hex(dealingHash(one?.hash ?? dealing, person(n, 1).id, dealing)));
  expect(mine).not.toBe(theirs);
  // The copy under another name: nobody can open it.
  expect(openDealing((one ?? again)?.own(person(2, 1)) as never, 1, 1, dealing)).toBeUndefined();
});

test('two generations that differ in a member, its power or its key, or in their height have different names', () => {
  const { plan } = new Generation(people([1, 1]));
  const place = { chain: 'ab'.repeat(32), epoch: 1, opened_height: 7 };
  const changed = [{ power: 2 }, { encryption_key: '00'.repeat(32) }, { id: 'ff'.repeat(32) }].map((change) =>
    generationHash(place, { ...plan, receivers: plan.receivers.map((m, i) => (i === 1 ? { ...m, ...change } : m)) }),
  );
  const names = [
    generationHash(place, plan),
    generationHash({ ...place, epoch: 2 }, plan),
    generationHash({ ...place, opened_height: 8 }, plan),
    generationHash(place, { ...plan, kind: 'reshare' }),
    ...changed,
  ];
  expect(new Set(names.map(hex)).size).toBe(names.length);
});

test('the dealing of the most powerful validator fits into a transaction of the largest set', () => {
  const largest = people([MAX_VALIDATOR_POWER, ...Array<number>(99).fill(1), MAX_SET_POWER - MAX_VALIDATOR_POWER - 99]);
  const { plan } = new Generation(largest.slice(0, 100), undefined);
  expect(dealingBytes({ ...plan, kind: 'reshare' }, 0)).toBeLessThan(MAX_TX_BYTES - 1_024);
});
