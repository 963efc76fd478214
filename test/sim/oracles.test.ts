// Every oracle can fail: each is fed a log that breaks its rule, and one beside it that does not.
import { describe, expect, test } from 'vitest';
import { electorateOf } from '#machines/consensus/electorate.ts';
import type { RowChange } from '#machines/settlement/types.ts';
import { noResults } from '#machines/work/worker-results.ts';
import { createBooksOracle } from '#runtime/sim/oracles/books.ts';
import { createChainOracle } from '#runtime/sim/oracles/chain.ts';
import { createEpochOracle } from '#runtime/sim/oracles/epochs.ts';
import { createForkOracle, type ForkOracle } from '#runtime/sim/oracles/forks.ts';
import { staleLogRows } from '#runtime/sim/oracles/log-rows.ts';
import type { Report, Rule } from '#runtime/sim/oracles/violation.ts';
import { createVoteLog } from '#runtime/sim/oracles/vote-log.ts';
import { createSets } from '#runtime/sim/sets.ts';
import { candidateOf } from '#runtime/sim/sim-genesis.ts';
import { encodeHeader } from '#schemas/consensus/block-codec.ts';
import { membershipHash } from '#schemas/consensus/membership-codec.ts';
import type { Membership, SignedVote, Vote } from '#schemas/consensus/types.ts';
import { ROW_CODECS } from '#schemas/settlement/row-codec.ts';
import { RowWriter } from '#schemas/settlement/row-writer.ts';
import type { LedgerEvent } from '#schemas/settlement/state.ts';
import type { Tx, TxBody } from '#schemas/settlement/transaction.ts';
import { CHAIN, crypto, membershipOf, signVote, validatorSet } from '../consensus/network.ts';

const A = 'aa'.repeat(32);
const B = 'bb'.repeat(32);

/** An epoch of these nodes with a seat each, from this height on. */
const epochOf = (epoch: number, first_height: number, nodes: readonly number[]): Membership => ({
  epoch,
  first_height,
  validators: nodes.map((node) => ({ ...candidateOf(node), power: 1, beacon_shares: [] })),
  beacon_key: null,
  proposer_seed: A,
});
/** Four validators; from height 5 on the first has left. */
const EPOCHS = [epochOf(0, 1, [0, 1, 2, 3]), epochOf(1, 5, [1, 2, 3])] as const;
function setsOf([first, ...later]: readonly [Membership, ...Membership[]]) {
  const rules: Rule[] = [];
  const sets = createSets(first, 5, (rule) => rules.push(rule));
  for (const membership of later) sets.fixed(membership.first_height - 2, membership);
  return { sets, rules };
}
const { sets: SETS } = setsOf(EPOCHS);

const vote = (type: Vote['type'], validator: number, round: number, value: string | null, valid_round = -1): Vote => ({
  type,
  validator,
  round,
  value,
  valid_round,
  height: 1,
  epoch: 0,
});
const prevote = (validator: number, round: number, value: string | null, valid_round?: number): Vote =>
  vote('prevote', validator, round, value, valid_round);
const precommit = (validator: number, round: number, value: string | null): Vote =>
  vote('precommit', validator, round, value);

/** Rules broken when these votes are signed and said in this order; validator 3 is Byzantine. */
function judge(...votes: readonly Vote[]): Rule[] {
  const rules: Rule[] = [];
  const log = createVoteLog(
    SETS,
    (node) => node !== 3,
    (rule) => rules.push(rule),
  );
  for (const said of votes) {
    log.signed(said);
    log.spoken(said);
  }
  return rules;
}
const polka = (round: number, value: string, valid_round?: number): Vote[] =>
  [1, 2, 3].map((i) => prevote(i, round, value, valid_round));

test('two prevotes of a correct validator in one round are equivocation; a repeated one is not', () => {
  expect(judge(prevote(0, 0, A), prevote(0, 0, B))).toEqual(['equivocation']);
  expect(judge(prevote(0, 0, A), prevote(0, 0, A))).toEqual([]);
  expect(judge(prevote(3, 0, A), prevote(3, 0, B))).toEqual([]);
});

test('two proposals of a correct validator in one round are equivocation', () => {
  const rules: Rule[] = [];
  const log = createVoteLog(
    SETS,
    () => true,
    (rule) => rules.push(rule),
  );
  const proposal = { epoch: 0, height: 1, round: 0, valid_round: -1, validator: 0 };
  log.proposed({ ...proposal, value: A });
  log.proposed({ ...proposal, value: A });
  expect(rules).toEqual([]);
  log.proposed({ ...proposal, value: B });
  expect(rules).toEqual(['equivocation']);
});

test('a precommit needs a polka of its round', () => {
  expect(judge(prevote(1, 0, A), prevote(2, 0, A), precommit(1, 0, A))).toEqual(['precommit_without_polka']);
  expect(judge(...polka(0, A), precommit(1, 0, A))).toEqual([]);
});

test('prevotes with different valid rounds do not make a polka together', () => {
  const mixed = [...polka(0, A), prevote(0, 1, A, 0), prevote(1, 1, A), prevote(2, 1, A)];
  expect(judge(...mixed, precommit(0, 1, A))).toContain('precommit_without_polka');
});

test('a prevote that cites a polka needs that polka', () => {
  expect(judge(prevote(0, 1, A, 0))).toEqual(['prevote_without_polka']);
  expect(judge(...polka(0, A), prevote(0, 1, A, 0))).toEqual([]);
});

test('a locked validator prevotes another block only with a later polka', () => {
  const locked = [...polka(0, A), precommit(1, 0, A)];
  expect(judge(...locked, prevote(1, 2, B))).toEqual(['prevote_against_lock']);
  expect(judge(...locked, prevote(1, 2, null))).toEqual([]);
  const unlocked = [0, 2, 3].map((i) => prevote(i, 1, B));
  expect(judge(...locked, ...unlocked, prevote(1, 2, B, 1))).toEqual([]);
});

const decision = (id: string, voters: readonly number[], height = 1, state_root = A, epoch = 0) => {
  const said = { height, epoch, signature: new Uint8Array(64) };
  const votes: SignedVote[] = voters.map((i) => ({ ...precommit(i, 0, id), ...said }));
  const certificate = { type: 'commit', height, round: 0, value: id, votes } as const;
  return { height, id, state_root, final: { block: { header: new Uint8Array(0), txs: [] }, certificate } };
};

function judgeDecisions(run: (chain: ReturnType<typeof createChainOracle>) => void): Rule[] {
  const rules: Rule[] = [];
  run(createChainOracle(SETS, (rule) => rules.push(rule)));
  return rules;
}

test('two blocks at one height break agreement', () => {
  const run = (id: string) =>
    judgeDecisions((chain) => {
      chain.decided(0, decision(A, [0, 1, 2]));
      chain.decided(1, decision(id, [0, 1, 2]));
    });
  expect(run(B)).toEqual(['agreement']);
  expect(run(A)).toEqual([]);
});

test('one block with two states breaks state-root equality', () => {
  expect(
    judgeDecisions((chain) => {
      chain.decided(0, decision(A, [0, 1, 2]));
      chain.decided(1, decision(A, [0, 1, 2], 1, B));
    }),
  ).toEqual(['state_root']);
});

test('a certificate of two of four, or of one voter three times, proves nothing', () => {
  for (const voters of [
    [0, 1],
    [0, 0, 0],
  ]) {
    expect(judgeDecisions((chain) => chain.decided(0, decision(A, voters)))).toEqual(['certificate']);
  }
});

test('a certificate is judged by the set of its height', () => {
  const at5 = (voters: readonly number[], epoch: number): Rule[] =>
    judgeDecisions((chain) => {
      for (let height = 1; height < 5; height++) chain.decided(0, decision(A, [0, 1, 2], height));
      chain.decided(0, decision(A, voters, 5, A, epoch));
    });
  expect(at5([0, 1, 2], 1)).toEqual([]);
  expect(at5([0, 1], 1)).toEqual(['certificate']);
  expect(at5([0, 1, 2], 0)).toEqual(['certificate']);
});

test('words are those of the key that has the index at their height', () => {
  const at5 = (index: number, value: string): Vote => ({ ...prevote(index, 0, value), height: 5, epoch: 1 });
  // Node 3 is Byzantine: index 3 in the first set, index 2 in the second.
  expect(judge(at5(2, A), at5(2, B))).toEqual([]);
  expect(judge(at5(0, A), at5(0, B))).toEqual(['equivocation']);
});

test('a set follows the one before: two heights after the block that fixes it, a third of the seats changed at most', () => {
  const [first, second] = EPOCHS;
  expect(setsOf([first, second]).rules).toEqual([]);
  expect(setsOf([first, epochOf(1, 5, [2, 3])]).rules).toEqual(['set_leap']);
  expect(setsOf([first, epochOf(1, 5, [1, 2, 4])]).rules).toEqual(['set_leap']);
  expect(setsOf([first, { ...second, epoch: 2 }]).rules).toEqual(['set_leap']);
  expect(setsOf([{ ...first, beacon_key: A }, second]).rules).toEqual(['set_leap']);
  const { sets, rules } = setsOf([first]);
  sets.fixed(2, second);
  expect(rules).toEqual(['set_leap']);
});

test('two validators with different sets for an epoch differ', () => {
  const [first, second] = EPOCHS;
  expect(setsOf([first, second, { ...second }]).rules).toEqual([]);
  expect(setsOf([first, second, epochOf(1, 5, [0, 1, 2])]).rules).toEqual(['set_differs']);
});

test('a header names the set of its height and of the next', () => {
  const run = (height: number, next: Membership): Rule[] => {
    const rules: Rule[] = [];
    const oracle = createEpochOracle(
      SETS,
      () => true,
      ((rule) => rules.push(rule)) as Report,
      () => undefined,
    );
    const { membership } = SETS.at(height);
    const { final } = decision(A, [0, 1, 2], height);
    const names = { validators_hash: membershipHash(membership), next_validators_hash: membershipHash(next) };
    const place = { v: 1, chain: A, epoch: membership.epoch, height, time_ms: 1, proposer: 0, previous: A } as const;
    const roots = { txs_root: A, parts_hash: A, state_root: A, beacon: new Uint8Array(0) };
    const header = encodeHeader({ ...place, ...names, ...roots });
    oracle.decided(height, { ...final, block: { header, txs: [] } });
    return rules;
  };
  expect(run(4, EPOCHS[1])).toEqual([]);
  expect(run(3, EPOCHS[0])).toEqual([]);
  expect(run(4, EPOCHS[0])).toEqual(['set_unannounced']);
  expect(run(3, EPOCHS[1])).toEqual(['set_unannounced']);
});

test('a skipped height is a gap', () => {
  expect(judgeDecisions((chain) => chain.decided(0, decision(A, [0, 1, 2], 2)))).toEqual(['gap']);
});

describe('forks', () => {
  const set = validatorSet(4);
  const signed = (validator: number, round: number, value: string) =>
    signVote(set, { type: 'precommit', epoch: 0, height: 1, round, value, valid_round: -1, validator });
  const commitBy = (voters: readonly number[], round: number, value: string) =>
    ({ type: 'commit', height: 1, round, value, votes: voters.map((i) => signed(i, round, value)) }) as const;
  /** Validators 2 and 3 have signed both. */
  const CONFLICT = { first: commitBy([0, 2, 3], 0, A), second: commitBy([1, 2, 3], 0, B), votes: [] };

  /** Rules broken at the end; validators 0 and 1 are correct. */
  function judgeForks(watch: (forks: ForkOracle) => void): Rule[] {
    const rules: Rule[] = [];
    const electorate = electorateOf(CHAIN, membershipOf(set), crypto);
    const forks = createForkOracle(
      electorate,
      [0, 1],
      (rule) => rules.push(rule),
      () => undefined,
    );
    watch(forks);
    forks.judge();
    return rules;
  }
  const decide = (forks: ForkOracle) => [A, B].forEach((id, node) => forks.decided(node, 1, { id, votes: [] }));

  test('all who hold a side must stop, and what they leave must name a third', () => {
    expect(judgeForks(decide)).toEqual(['fork_unnoticed', 'fork_unnoticed', 'fork_unnamed']);
    expect(judgeForks((forks) => [0, 1].forEach((node) => forks.stopped(node, CONFLICT)))).toEqual([]);
    const later = { ...CONFLICT, second: commitBy([1, 2, 3], 1, B) };
    expect(judgeForks((forks) => [0, 1].forEach((node) => forks.stopped(node, later)))).toEqual(['fork_unnamed']);
  });

  test('files of two heights name whom the stores of those who stopped elsewhere name', () => {
    const later = { ...CONFLICT, second: commitBy([1, 2, 3], 1, B) };
    const polka = [1, 2, 3].map((i) => signVote(set, { ...prevote(i, 1, B), height: 1 }));
    const judgeWith = (votes: readonly SignedVote[]) =>
      judgeForks((forks) => {
        forks.decided(1, 1, { id: B, votes });
        forks.stopped(0, later);
        forks.stopped(1, {
          ...CONFLICT,
          first: { ...CONFLICT.first, height: 2 },
          second: { ...CONFLICT.second, height: 2 },
        });
      });
    expect(judgeWith(polka)).toEqual([]);
    expect(judgeWith([])).toEqual(['fork_unnamed']);
  });

  test('a block that a power cut took from the only one that had it is no side any more', () => {
    const restart = (height: number) => (forks: ForkOracle) => {
      decide(forks);
      forks.crashed(0);
      forks.restarted(0, height);
    };
    expect(judgeForks(restart(0))).toEqual([]);
    expect(judgeForks(restart(1))).toContain('fork_unnoticed');
  });

  test('who was down when the others stopped may not know; who crashed before that must', () => {
    const stopWhile = (isDown: boolean) => (forks: ForkOracle) => {
      forks.healed();
      forks.crashed(1);
      if (!isDown) forks.restarted(1, 1);
      forks.stopped(0, CONFLICT);
    };
    expect(judgeForks(stopWhile(true))).toEqual([]);
    expect(judgeForks(stopWhile(false))).toEqual(['fork_unnoticed']);
  });

  test('last words that were said before the heal may be lost; those after it tell everybody', () => {
    const stop = (forks: ForkOracle) => forks.stopped(0, CONFLICT);
    expect(judgeForks(stop)).toEqual([]);
    const stopAfter = (forks: ForkOracle) => {
      forks.healed();
      stop(forks);
    };
    expect(judgeForks(stopAfter)).toEqual(['fork_unnoticed']);
  });
});

test('the log of a final height may not stay on the disk', () => {
  const keys = ['cs/tip', 'cs/log/000000000003/000000000000', 'cs/log/000000000004/000000000001'];
  expect(staleLogRows(keys, 3)).toEqual(['cs/log/000000000003/000000000000']);
  expect(staleLogRows(keys, 2)).toEqual([]);
});

const WORKER = 'a1'.repeat(32);
const CLIENT = 'c1'.repeat(32);
const AUDITORS = ['a2'.repeat(32), 'a3'.repeat(32)];
const UNIT = `${'00'.repeat(16)}/0`;

function balance(account: string, amount_units: bigint): RowChange {
  const writer = new RowWriter();
  ROW_CODECS.accounts.write(writer, { amount_units });
  return { key: `accounts/credit/${account}`, value: writer.taken() };
}
const tx = (account: string, nonce: number, body: TxBody): Tx => ({
  v: 1,
  chain: A,
  account,
  nonce,
  expiry_height: 9,
  fee_units: 0n,
  body,
});
const report = (account: string): Tx =>
  tx(account, 0, {
    type: 'results',
    ...noResults(),
    reports: [[UNIT, 1, new Uint8Array(32)]],
  });
const transfer = (nonce: number): Tx =>
  tx(CLIENT, nonce, { type: 'transfer', to: WORKER, asset: 'credit', amount_units: 5n });
const settled: LedgerEvent = { type: 'unit.settled', unit: UNIT, attempt: 1, worker: WORKER, auditors: AUDITORS };

type Block = {
  readonly txs?: readonly Tx[];
  readonly events?: readonly LedgerEvent[];
  readonly changes?: readonly RowChange[];
};
function judgeBooks(...blocks: readonly Block[]): Rule[] {
  const rules: Rule[] = [];
  const oracle = createBooksOracle({ credit: 100n }, new Set([WORKER]), 2, ((rule) => rules.push(rule)) as Report);
  const genesis: Block = { changes: [balance(CLIENT, 100n)] };
  [genesis, ...blocks].forEach(({ txs = [], events = [], changes = [] }, i) => {
    oracle.executed({ height: i + 1, txs, outcomes: txs.map(() => null), events, changes });
  });
  return rules;
}
const pays = [balance(CLIENT, 95n), balance(WORKER, 5n)];

test('money from nowhere breaks conservation', () => {
  expect(judgeBooks({ changes: [balance(CLIENT, 101n)] })).toEqual(['conservation']);
  expect(judgeBooks({ txs: [transfer(0)], changes: pays })).toEqual([]);
});

test('one nonce applied twice breaks exactly-once', () => {
  expect(judgeBooks({ txs: [transfer(0)] }, { txs: [transfer(0)] })).toEqual(['exactly_once']);
  expect(judgeBooks({ txs: [transfer(0)] }, { txs: [transfer(1)] })).toEqual([]);
});

test('a unit paid twice breaks exactly-once', () => {
  const checked = { txs: AUDITORS.map(report), events: [settled] };
  expect(judgeBooks(checked)).toEqual([]);
  expect(judgeBooks(checked, { events: [settled] })).toEqual(['exactly_once']);
});

test('a unit settled with one report, or a worker paid without a word, is paid unchecked', () => {
  expect(judgeBooks({ txs: [report(AUDITORS[0] ?? '')], events: [settled] })).toEqual(['paid_unchecked']);
  expect(judgeBooks({ changes: pays })).toEqual(['paid_unchecked']);
});
