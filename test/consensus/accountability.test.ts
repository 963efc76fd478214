// Who made a fork is named by his own signatures; nobody who kept the rules is, whatever the others did.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type ConflictReport, checkConflict, checkConflicts, offenceOf } from '#machines/consensus/accountability.ts';
import { createCore } from '#machines/consensus/core.ts';
import { roundStepper } from '#machines/consensus/core-state.ts';
import { type Electorate, electorateOf } from '#machines/consensus/electorate.ts';
import type { RoundStepper } from '#machines/consensus/height.ts';
import { type RoundEvent, roundMachine } from '#machines/consensus/round.machine.ts';
import { pureStepper } from '#machines/primitives/pure-stepper.ts';
import { maxFaulty, quorum } from '#machines/primitives/quorum.ts';
import { decodeEvidenceFile, encodeEvidenceFile } from '#schemas/consensus/evidence-file.ts';
import type { Certificate, CommitConflict, SignedVote, Vote } from '#schemas/consensus/types.ts';
import { CHAIN, crypto, membershipOf, Network, signVote, validatorSet } from './network.ts';

const [A, B] = ['a'.repeat(64), 'b'.repeat(64)];
const electorateOfCount = (count: number): Electorate => electorateOf(CHAIN, membershipOf(validatorSet(count)), crypto);
const four = electorateOfCount(4);

type Said = Partial<Vote> & Pick<Vote, 'type' | 'round' | 'value'>;
const say = (validator: number, said: Said): SignedVote =>
  signVote(four.validators, { epoch: 0, height: 1, valid_round: -1, validator, ...said });
const precommit = (validator: number, round: number, value: string | null): SignedVote =>
  say(validator, { type: 'precommit', round, value });
const prevote = (validator: number, round: number, value: string | null, valid_round = -1): SignedVote =>
  say(validator, { type: 'prevote', round, value, valid_round });
const commit = (round: number, value: string, voters: readonly number[]): Certificate => ({
  type: 'commit',
  height: 1,
  round,
  value,
  votes: voters.map((i) => precommit(i, round, value)),
});

function reportOf(conflict: CommitConflict, electorate = four): ConflictReport {
  const report = checkConflict(electorate, conflict);
  if (!report.ok) throw new Error(`${report.code} ${report.detail}`);
  return report.value;
}
const namedIn = (conflict: CommitConflict, electorate = four): number[] =>
  reportOf(conflict, electorate).culprits.map(({ validator }) => validator);
const isNamedInFull = ({ named_power, needed_power }: ConflictReport): boolean => named_power >= needed_power;

describe('two certificates of one round', () => {
  test('name all who signed both, by both statements', () => {
    const report = reportOf({ first: commit(2, A, [0, 1, 2]), second: commit(2, B, [1, 2, 3]), votes: [] });
    expect(report).toMatchObject({ named_power: 2, needed_power: 2 });
    expect(report.culprits).toMatchObject(
      [1, 2].map((validator) => ({
        validator,
        offence: { type: 'double_vote', a: { value: A, validator }, b: { value: B, validator } },
      })),
    );
  });

  test('name more than a third whatever the size of the set and whoever signs', () => {
    const signers = fc.integer({ min: 4, max: 31 }).chain((n) => {
      const voters = fc.shuffledSubarray([...Array(n).keys()], { minLength: quorum(n) });
      return fc.record({ n: fc.constant(n), one: voters, other: voters });
    });
    fc.assert(
      fc.property(signers, ({ n, one, other }) => {
        const set = validatorSet(n);
        const of = (value: string, voters: readonly number[]): Certificate => ({
          type: 'commit',
          height: 1,
          round: 0,
          value,
          votes: voters.map((validator) =>
            signVote(set, { type: 'precommit', epoch: 0, height: 1, round: 0, value, valid_round: -1, validator }),
          ),
        });
        const conflict = { first: of(A, one), second: of(B, other), votes: [] };
        const both = one.filter((i) => other.includes(i)).sort((a, b) => a - b);
        expect(namedIn(conflict, electorateOfCount(n))).toEqual(both);
        expect(both.length).toBeGreaterThan(maxFaulty(n));
      }),
      { numRuns: 50 },
    );
  });
});

describe('two certificates of different rounds', () => {
  const first = commit(0, A, [0, 1, 2]);
  const second = commit(2, B, [1, 2, 3]);

  test('alone name nobody: a lock may have been let go by the rules', () => {
    expect(reportOf({ first, second, votes: [] })).toEqual({ culprits: [], named_power: 0, needed_power: 2 });
  });

  test('with a prevote against the lock, in the next round or later, name its author', () => {
    const votes = [prevote(1, 1, B), prevote(2, 2, B)];
    expect(reportOf({ first, second, votes }).culprits).toMatchObject(
      votes.map(({ validator, round }) => ({
        validator,
        offence: {
          type: 'amnesia',
          a: { round: 0, value: A, type: 'precommit' },
          b: { round, value: B, type: 'prevote' },
        },
      })),
    );
  });

  test('a validator that relocked asks for a polka of its new lock: what cites less accuses it', () => {
    // Lines 22 and 28 of the paper would let it prevote B in rounds 2 and 3, with nothing to tell it from one that forgot A.
    const relocked: Meets[] = [
      ['round', 0],
      ['fresh', A],
      ['polka', A],
      ['round', 1],
      ['repeated', B, 0],
      ['polka', B],
      ['round', 2],
      ['fresh', B],
      ['round', 3],
      ['repeated', B, 0],
      ['round', 4],
      ['repeated', B, 1],
    ];
    const said = votesOf(roundStepper, relocked);
    expect(said.map((vote) => [vote.type, vote.round, vote.value, vote.valid_round])).toEqual([
      ['prevote', 0, A, -1],
      ['precommit', 0, A, -1],
      ['prevote', 1, B, 0],
      ['precommit', 1, B, -1],
      ['prevote', 2, null, -1],
      ['prevote', 3, null, -1],
      ['prevote', 4, B, 1],
    ]);
    expect(offenceOf(said)).toBeUndefined();
    expect(offenceOf([...said, say(0, { type: 'prevote', round: 5, value: A })])).toMatchObject({
      type: 'amnesia',
      a: { round: 1, value: B },
    });
  });

  test('a prevote that cites a polka since the lock accuses nobody', () => {
    expect(namedIn({ first, second, votes: [prevote(1, 1, B, 0), prevote(2, 1, null), prevote(2, 2, A)] })).toEqual([]);
  });
});

describe('nothing is proven by', () => {
  const [good, other] = [commit(0, A, [0, 1, 2]), commit(0, B, [1, 2, 3])];
  const FALSE: Record<string, CommitConflict> = {
    'one block twice': { first: good, second: commit(1, A, [1, 2, 3]), votes: [] },
    'two heights': {
      first: good,
      second: {
        ...other,
        height: 2,
        votes: [1, 2, 3].map((i) =>
          say(i, { ...other.votes[0], type: 'precommit', round: 0, value: B, height: 2, validator: i }),
        ),
      },
      votes: [],
    },
    'too few votes': { first: good, second: commit(0, B, [2, 3]), votes: [] },
    'a polka': {
      first: good,
      second: { ...other, type: 'polka', votes: [1, 2, 3].map((i) => prevote(i, 0, B)) },
      votes: [],
    },
    'a nil quorum': {
      first: good,
      second: { ...other, value: null, votes: [1, 2, 3].map((i) => precommit(i, 0, null)) },
      votes: [],
    },
    'a forged vote': { first: good, second: other, votes: [{ ...prevote(0, 1, B), signature: new Uint8Array(64) }] },
    'a vote under another name': { first: good, second: other, votes: [{ ...prevote(1, 1, B), validator: 0 }] },
    'a vote of another height': {
      first: good,
      second: other,
      votes: [say(0, { type: 'prevote', round: 1, value: B, height: 2 })],
    },
    'a vote of another epoch': {
      first: good,
      second: other,
      votes: [say(0, { type: 'prevote', round: 1, value: B, epoch: 1 })],
    },
  };
  test.each(Object.entries(FALSE))('%s', (_, conflict) => {
    expect(checkConflict(four, conflict)).toMatchObject({ ok: false, code: 'EVIDENCE_FILE_FALSE' });
  });

  test('certificates of another chain', () => {
    expect(checkConflict({ ...four, chain: 'd'.repeat(64) }, { first: good, second: other, votes: [] }).ok).toBe(false);
  });
});

/** What an adversary may make a validator meet: it owns the network and every other key. */
type Meets =
  | readonly ['round', number]
  | readonly ['fresh' | 'polka', string]
  | readonly ['repeated', string, number]
  | readonly ['unproposed' | 'split' | 'nothing'];

/** What the machine signs. */
function votesOf(stepper: RoundStepper, met: readonly Meets[]): SignedVote[] {
  let snapshot = stepper.initial;
  const votes: SignedVote[] = [];
  for (const [what, ...rest] of met) {
    const { round } = (snapshot.context as { d: { round: number } }).d;
    for (const event of eventsOf(what, rest, round)) {
      const { snapshot: next, emitted } = stepper.step(snapshot, event);
      snapshot = next;
      for (const order of emitted) {
        if (order.type !== 'prevote' && order.type !== 'precommit') continue;
        const valid_round = order.type === 'prevote' ? order.valid_round : -1;
        votes.push(say(0, { type: order.type, round: order.round, value: order.value, valid_round }));
      }
    }
  }
  return votes;
}

function eventsOf(what: Meets[0], [a, b]: readonly (string | number)[], round: number): RoundEvent[] {
  const value = String(a);
  switch (what) {
    case 'round':
      return [{ type: 'round.started', round: Number(a), is_proposer: false }];
    case 'fresh':
      return [{ type: 'proposal.fresh', value, is_valid: true }];
    case 'repeated': {
      // The core refuses a proposal that cites its own round or a later one.
      const valid_round = Math.min(Number(b), round - 1);
      return valid_round < 0 ? [] : [{ type: 'proposal.repeated', value, valid_round, is_valid: true }];
    }
    case 'polka':
      return [{ type: 'polka.reached', value }];
    case 'unproposed':
      return [{ type: 'propose.expired' }];
    case 'split':
      return [{ type: 'prevote.expired' }];
    case 'nothing':
      return [];
  }
}

describe('whatever a validator meets', () => {
  const value = fc.constantFrom(A, B);
  const aRound = fc.record({
    // Mostly the next round; what comes of the last one may come late.
    skipped: fc.constantFrom(1, 1, 1, 2, 0),
    proposal: fc.oneof(
      fc.tuple(fc.constant('fresh' as const), value),
      fc.tuple(fc.constant('repeated' as const), value, fc.nat(7)),
      fc.constant(['unproposed'] as const),
    ),
    outcome: fc.oneof(
      fc.tuple(fc.constant('polka' as const), value),
      fc.constantFrom(['split'] as const, ['nothing'] as const),
    ),
  });
  const meets = fc.array(aRound, { minLength: 2, maxLength: 8 }).map((rounds) => {
    let round = 0;
    return rounds.flatMap(({ skipped, proposal, outcome }): Meets[] => [
      ['round', (round += skipped)],
      proposal,
      outcome,
    ]);
  });
  const noLock = pureStepper(
    roundMachine.provide({
      guards: {
        mayPrevoteFresh: ({ event }) => event.type === 'proposal.fresh' && event.is_valid,
        mayPrevoteRepeated: ({ event }) => event.type === 'proposal.repeated' && event.is_valid,
      },
    }),
  ) as RoundStepper;

  test('the round machine signs nothing that accuses it', () => {
    fc.assert(
      fc.property(meets, (met) => {
        expect(offenceOf(votesOf(roundStepper, [['round', 0], ...met]))).toBeUndefined();
      }),
      { numRuns: 2_000 },
    );
  });

  test('a machine without a lock does', () => {
    const caught = fc
      .sample(meets, { numRuns: 500, seed: 1 })
      .filter((met) => offenceOf(votesOf(noLock, [['round', 0], ...met])));
    expect(caught.length).toBeGreaterThan(10);
    expect(new Set(caught.map((met) => offenceOf(votesOf(noLock, [['round', 0], ...met]))?.type))).toEqual(
      new Set(['amnesia']),
    );
  });

  test('two validators who forget a lock make a fork, and the one who decided later names them', () => {
    const network = new Network(4);
    for (const i of [2, 3]) {
      const node = network.node(i);
      node.core = createCore(node.config, { stepper: noLock, quorum });
    }
    // 1 misses the first proposal, and 0's votes: it never sees the polka, and 0 alone sees that a quorum precommitted.
    network.filter = (from, to, input) => {
      if (input.type === 'proposal.received') return input.proposal.round > 0 || to !== 1;
      if (input.type !== 'vote.received' || input.vote.round > 0) return input.type === 'vote.received';
      return from !== 0 || (input.vote.type === 'prevote' && to !== 1);
    };
    network.start().submit('a');
    network.run(5_000, () => network.nodes.slice(0, 2).every((node) => node.finals.length > 0));
    const [early, late] = [network.node(0), network.node(1)].map((node) => node.finals[0]?.certificate);
    if (early === undefined || late === undefined) throw new Error('both sides decide');
    expect([early.round, late.round]).toEqual([0, 1]);
    network.input(1, { type: 'certificate.received', certificate: early, now_ms: network.now_ms });
    expect(network.node(1).halts).toEqual(['CONFLICTING_COMMITS']);
    const report = reportOf(network.node(1).conflicts[0] as CommitConflict);
    expect(report.culprits).toMatchObject([2, 3].map((validator) => ({ validator, offence: { type: 'amnesia' } })));
    expect(isNamedInFull(report)).toBe(true);
  });
});

/** Two worlds with the same f + 1 twins and different honest validators, each long enough to decide height 1. */
function forkOf(count: number, seed: number) {
  let random = seed * 7_919 + 1;
  const draw = (below: number): number => (random = (random * 1_103_515_245 + 12_345) % 2 ** 31) % below;
  const order = [...Array(count).keys()].map((i) => (i + draw(count)) % count);
  const members = [...new Set([...order, ...Array(count).keys()])];
  const twins = members.slice(0, maxFaulty(count) + 1);
  const honest = members.slice(twins.length);
  const sides = [honest.slice(0, honest.length / 2), honest.slice(honest.length / 2)];
  const loss = draw(3) * 15;
  const worlds = sides.map((side, i) => {
    const network = new Network(count);
    for (const absent of sides[1 - i] ?? []) network.node(absent).isDown = true;
    network.filter = () => draw(100) >= loss;
    network.start().submit(`world ${i}`);
    network.run(200_000, () => side.every((j) => network.node(j).finals.length > 0));
    return { side, network };
  });
  return { twins: [...twins].sort((a, b) => a - b), worlds };
}

describe('twins: f + 1 validators in two worlds', () => {
  const electorates = new Map([4, 7].map((count) => [count, electorateOfCount(count)]));
  let inOneRound = 0;
  let inTwoRoundsUnnamed = 0;

  test.each([4, 7].flatMap((count) => Array.from({ length: 20 }, (_, i) => [count, i] as const)))(
    'fork %i validators, and no honest one is accused (seed %i)',
    (count, seed) => {
      const electorate = electorates.get(count) as Electorate;
      const { twins, worlds } = forkOf(count, seed);
      const conflicts: CommitConflict[] = [];
      for (const [i, { side, network }] of worlds.entries()) {
        const other = worlds[1 - i] as (typeof worlds)[number];
        const certificate = other.network.node(other.side[0] as number).finals[0]?.certificate as Certificate;
        for (const j of side) {
          const node = network.node(j);
          expect(offenceOf(node.votes.filter(({ height }) => height === 1))).toBeUndefined();
          network.input(j, { type: 'certificate.received', certificate, now_ms: network.now_ms });
          expect(node.halts).toEqual(['CONFLICTING_COMMITS']);
          const conflict = node.conflicts[0] as CommitConflict;
          const file = { chain: CHAIN, conflict, handovers: [] };
          expect(decodeEvidenceFile(encodeEvidenceFile(file))).toEqual({ ok: true, value: file });
          const report = reportOf(conflict, electorate);
          const named = report.culprits.map(({ validator }) => validator);
          expect(twins).toEqual(expect.arrayContaining(named));
          const isOneRound = conflict.first.round === conflict.second.round;
          expect(isOneRound ? named : twins).toEqual(twins);
          if (isOneRound) inOneRound++;
          else if (!isNamedInFull(report)) inTwoRoundsUnnamed++;
          conflicts.push(conflict);
        }
      }
      const union = checkConflicts(electorate, conflicts);
      expect(union.ok && union.value.culprits.map(({ validator }) => validator)).toEqual(twins);
    },
  );

  test('forks of one round came up, and forks over two that one node alone cannot tell', () => {
    expect([inOneRound, inTwoRoundsUnnamed].every((count) => count > 5)).toBe(true);
  });
});
