// What a validator writes down of one height is bounded, whatever a liar repeats or invents.
import { createHash } from 'node:crypto';
import { expect, test } from 'vitest';
import { type Core, createCore } from '#machines/consensus/core.ts';
import type { CoreEffect } from '#machines/consensus/types.ts';
import type { Certificate, SignedVote } from '#schemas/consensus/types.ts';
import { MAX_FUTURE_ROUNDS, MAX_ROUND_NOTES } from '#schemas/wire/limits.ts';
import { CHAIN, HashApp, membershipOf, validatorSet } from './network.ts';

const idOf = (i: number) => createHash('sha256').update(`validator ${i}`).digest('hex');

/** Validator 0 of four in round 0 of height 1; every signature is good. */
function startCore(): Core {
  const core = createCore({
    chain: CHAIN,
    self: idOf(0),
    tip: { height: 0, id: '0'.repeat(64), time_ms: 0, state_root: '0'.repeat(64) },
    timeouts: { propose_ms: 400, vote_ms: 200, rebroadcast_ms: 500, cap_ms: 10_000 },
    min_block_interval_ms: 0,
    max_block_interval_ms: 5_000,
    crypto: {
      sha256: (data) => createHash('sha256').update(data).digest(),
      verify: () => true,
      verifyBeacon: () => true,
    },
    app: new HashApp(membershipOf(validatorSet(4).map((validator, i) => ({ ...validator, id: idOf(i) })))),
  });
  core.step({ type: 'started', now_ms: 1 });
  core.step({ type: 'work.arrived', now_ms: 1 });
  return core;
}

const precommit = (validator: number, round: number, value: string | null): SignedVote => ({
  type: 'precommit',
  epoch: 0,
  height: 1,
  round,
  value,
  valid_round: -1,
  validator,
  signature: new Uint8Array(64).fill(value === null ? 0 : 1),
});

const recorded = (effects: readonly CoreEffect[]): number => effects.filter(({ type }) => type === 'record').length;

test('a validator that runs through the rounds alone is noted a bounded number of times', () => {
  const core = startCore();
  const rounds = Array.from({ length: 3 * MAX_ROUND_NOTES }, (_, i) => MAX_FUTURE_ROUNDS + 1 + i);
  const rows = rounds.map((round) =>
    recorded(core.step({ type: 'vote.received', vote: precommit(3, round, null), now_ms: 2 })),
  );
  expect(rows.reduce((sum, count) => sum + count, 0)).toBe(MAX_ROUND_NOTES);
});

test('its notes used up, it holds nobody back: others far ahead still take this node along', () => {
  const core = startCore();
  for (let i = 1; i <= 2 * MAX_ROUND_NOTES; i++)
    core.step({ type: 'vote.received', vote: precommit(3, MAX_FUTURE_ROUNDS + i, null), now_ms: 2 });
  for (const validator of [1, 2])
    core.step({ type: 'vote.received', vote: precommit(validator, 5_000, null), now_ms: 3 });
  expect(core.position.round).toBe(5_000);
});

test('a skip certificate with an equivocator’s other vote is written down once, however often it is repeated', () => {
  const core = startCore();
  core.step({ type: 'vote.received', vote: precommit(3, 0, 'a'.repeat(64)), now_ms: 2 });
  const votes = [precommit(1, 0, null), precommit(2, 0, null), precommit(3, 0, null)];
  const certificate: Certificate = { type: 'skip', height: 1, round: 0, value: null, votes };
  const effects = [1, 2, 3].map((i) => core.step({ type: 'certificate.received', certificate, now_ms: 2 + i }));
  expect(effects.map(recorded)).toEqual([1, 0, 0]);
  expect(effects.flat().filter(({ type }) => type === 'evidence.found')).toHaveLength(1);
});
