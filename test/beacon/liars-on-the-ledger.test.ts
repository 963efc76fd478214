// Key generations on a real ledger with real dealings: what validators say of their own accord, and what becomes of liars.
import { describe, expect, test } from 'vitest';
import { dealingHash } from '#machines/beacon/plan.ts';
import type { KeygenView } from '#machines/settlement/keygen-view.ts';
import { makeDealing } from '#runtime/consensus/dealer.ts';
import { VALIDATORS } from '../settlement/world/chain.ts';
import { type Bend, CANDIDATES, hexOf, join, keyOf, LedgerNetwork } from './ledger-network.ts';

const [V0 = '', V1 = '', V2 = '', V3 = ''] = VALIDATORS;
const [C0, C1] = CANDIDATES;

test('a network without a key makes one, hands it on to a larger and a smaller set, and each member knows its shares', () => {
  const network = new LedgerNetwork([1, 2, 1, 1]);
  network.generate();
  expect(network.hasKey()).toBe(true);
  expect(network.qualified()).toEqual(VALIDATORS);
  const { beacon_key } = network.newest;
  network.block([
    [C0, join(C0, 1)],
    [V3, { type: 'validator.leave' }],
  ]);
  for (const epoch of [2, 3]) {
    network.generate();
    expect(network.newest).toMatchObject({ epoch, beacon_key });
    network.restart();
    expect(network.hasKey()).toBe(true);
  }
  expect(network.newest.validators.map((v) => v.id)).toEqual([V0, V1, V2, C0]);
  expect(network.outcomes.filter((code) => code !== null)).toEqual([]);
});

test('nobody says anything twice, or anything else after a crash', () => {
  const network = new LedgerNetwork([1, 1, 1, 1]);
  const twice: Bend = (words) => [...words, ...words];
  const other = new LedgerNetwork([1, 1, 1, 1], new Map(VALIDATORS.map((v) => [v, twice])));
  network.generate();
  other.generate();
  expect(other.outcomes.filter((code) => code !== null && code !== 'KEYGEN_DONE')).toEqual([]);
  expect(other.newest).toEqual(network.newest);
});

test('a member that was away all the time has its shares from the ledger', () => {
  const network = new LedgerNetwork([1, 1, 1, 1]);
  network.generate([V2]);
  expect(network.qualified()).toEqual([V0, V1, V3]);
  expect(network.hasKey()).toBe(true);
});

test('too few dealers make no key, and it is tried again with other polynomials', () => {
  const network = new LedgerNetwork([1, 1, 1, 1]);
  network.generate([V0, V1]);
  expect(network.events.at(-1)).toMatchObject({ type: 'keygen.failed', failed: [V0, V1] });
  expect(network.newest).toMatchObject({ epoch: 0, beacon_key: null });
  network.generate();
  expect(network.hasKey()).toBe(true);
});

describe('a dealer that lies', () => {
  /** Encrypts well, to other receivers than it should: nobody but those can open it. */
  const misdealt = (view: KeygenView, self: string): Uint8Array => {
    const dealer = view.plan.dealers.findIndex((member) => member.id === self);
    const key = keyOf(self);
    const plan = {
      ...view.plan,
      receivers: view.plan.receivers.map((r) => ({ ...r, encryption_key: hexOf(keyOf(C1).public) })),
    };
    return makeDealing({ generation: view.generation, plan, key }, dealer, []);
  };
  const misdeal: Bend = (words, view, self) =>
    words.map((word) => {
      if (word.type === 'keygen.deal') return { ...word, dealing: misdealt(view, self) };
      if (word.type === 'keygen.commit')
        return { ...word, hash: dealingHash(view.generation, self, misdealt(view, self)) };
      return word;
    });

  test('is complained about, fails to justify, and is left out', () => {
    const silent: Bend = (words, view, self) =>
      misdeal(words, view, self).filter((word) => word.type !== 'keygen.justify');
    const network = new LedgerNetwork([1, 1, 1, 1], new Map([[V1, silent]]));
    network.generate();
    expect(network.faults()).toEqual([[V1, 'COMPLAINT_UNANSWERED']]);
    expect(network.qualified()).toEqual([V0, V2, V3]);
    expect(network.hasKey()).toBe(true);
  });

  test('is left out also where it answers with other shares', () => {
    const lie: Bend = (words, view, self) =>
      misdeal(words, view, self).map((word) =>
        word.type === 'keygen.justify' ? { ...word, shares: word.shares.map(() => new Uint8Array(32).fill(1)) } : word,
      );
    const network = new LedgerNetwork([1, 1, 1, 1], new Map([[V1, lie]]));
    network.generate();
    expect(network.faults()).toEqual([[V1, 'JUSTIFICATION_FALSE']]);
    expect(network.qualified()).toEqual([V0, V2, V3]);
    expect(network.hasKey()).toBe(true);
  });

  test('counts where it answers truly: those it cheated take what was revealed', () => {
    const network = new LedgerNetwork([1, 1, 1, 1], new Map([[V1, misdeal]]));
    network.generate();
    expect(network.qualified()).toEqual(VALIDATORS);
    expect(network.hasKey()).toBe(true);
  });
});

test('a receiver that complains of everybody changes nothing', () => {
  const accuse: Bend = (words, view) =>
    view.phase === 'complain'
      ? view.plan.dealers.map(({ id: dealer }) => ({ type: 'keygen.complain', epoch: view.row.epoch, dealer }))
      : words;
  const honest = new LedgerNetwork([1, 1, 1, 1]);
  const network = new LedgerNetwork([1, 1, 1, 1], new Map([[V3, accuse]]));
  honest.generate();
  network.generate();
  expect(network.newest).toEqual(honest.newest);
  expect(network.hasKey()).toBe(true);
});

test('who shows another dealing than it fixed is refused: it cannot choose after it has seen the others’', () => {
  const choose: Bend = (words, view) =>
    words.map((word) =>
      word.type === 'keygen.deal'
        ? { ...word, dealing: makeDealing({ generation: view.generation, plan: view.plan, key: keyOf(C1) }, 3, []) }
        : word,
    );
  const network = new LedgerNetwork([1, 1, 1, 1], new Map([[V3, choose]]));
  network.generate();
  expect(network.outcomes).toContain('DEALING_MISMATCH');
  expect(network.qualified()).toEqual([V0, V1, V2]);
  expect(network.hasKey()).toBe(true);
});

test('who copies another’s hash and dealing is refused', () => {
  const copy: Bend = (words, view) =>
    words.map((word) => {
      const said = view.dealings.get(V0);
      if (said === undefined) return word;
      if (word.type === 'keygen.commit') return { ...word, hash: said.hash };
      return word.type === 'keygen.deal' ? { ...word, dealing: said.dealing } : word;
    });
  const late: Bend = (words, view, self) => (view.dealings.has(V0) ? copy(words, view, self) : []);
  const network = new LedgerNetwork([1, 1, 1, 1], new Map([[V3, late]]));
  network.generate();
  expect(network.outcomes).toContain('DEALING_MISMATCH');
  expect(network.qualified()).toEqual([V0, V1, V2]);
});
