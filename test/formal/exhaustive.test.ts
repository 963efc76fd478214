// Every way through the first rounds of a height, whoever of the four is Byzantine; and proof that a planted bug does not get through.
import { expect, test } from 'vitest';
import { MUTATIONS } from '#runtime/sim/mutations.ts';
import { Network } from '../consensus/network.ts';
import { blockBy } from '../consensus/solo.ts';
import { type Bounds, type Explored, explore } from '../model/exhaustive.ts';
import { leaderOf } from '../model/lone-core.ts';

const LIMIT_MS = 600_000;
const MAX_STATES = 1_000_000;

/** The Byzantine validator leads the round of its number: 2 is a round that these heights do not come to. */
function check(leads: number, rounds: number, names: readonly string[], more: Partial<Bounds> = {}): Explored {
  const byzantine = leaderOf(leads);
  const blocks = names.map((name) => blockBy(new Network(4), byzantine, name));
  return explore({ byzantine, rounds, blocks, max_states: MAX_STATES, ...more });
}

test('two rounds with correct leaders: nothing that a fourth can sign makes the others differ', {
  timeout: LIMIT_MS,
}, () => {
  const { violations, reached, states } = check(2, 2, []);
  expect(violations).toEqual([]);
  expect(states).toBeGreaterThan(100_000);
  // What never happens proves nothing.
  expect([...reached.keys()].sort()).toEqual([
    'changed its lock',
    'decided in round 0',
    'decided in round 1',
    'found evidence',
    'kept its lock against another proposal',
    'prevoted by an old polka',
    'proposed a valid value again',
  ]);
});

test('a leader that proposes two blocks in one round', { timeout: LIMIT_MS }, () => {
  const { violations, reached } = check(0, 1, ['x', 'y']);
  expect(violations).toEqual([]);
  expect(reached.get('decided in round 0')).toBeGreaterThan(0);
});

test('a core that forgets its lock is caught', { timeout: LIMIT_MS }, () => {
  const { violations } = check(2, 2, [], { parts: MUTATIONS.no_lock.parts });
  expect(violations).not.toEqual([]);
  expect(violations).not.toContain('the bound on states was reached');
});
