// Every way through the first rounds of a height, whoever of the four is Byzantine: nothing that it signs makes the others differ.
import { expect, test } from 'vitest';
import { exploreInThread } from '../model/explore.ts';

const LIMIT_MS = 600_000;

/** What never happens proves nothing. */
const IN_TWO_ROUNDS = [
  'changed its lock',
  'decided in round 0',
  'decided in round 1',
  'found evidence',
  'kept its lock against another proposal',
  'prevoted by an old polka',
  'proposed a valid value again',
];
const IN_THREE_ROUNDS = [...IN_TWO_ROUNDS, 'decided in round 2'];

/** The Byzantine validator leads the round of its number, or none; and proposes two fresh blocks there, its own or of another leader. */
const LEADS = [
  { byzantine_leads: 0, names: ['x', 'y'] },
  { byzantine_leads: 1, names: ['x'] },
  { byzantine_leads: 2, names: ['x'] },
  { byzantine_leads: 3, names: [] },
];

test.each(LEADS)(
  'three rounds, the Byzantine validator leading round $byzantine_leads',
  {
    timeout: LIMIT_MS,
  },
  async (leads) => {
    const { violations, reached, states } = await exploreInThread({ ...leads, rounds: 3, max_histories: 1 });
    expect(violations).toEqual([]);
    expect(states).toBeGreaterThan(200_000);
    expect(reached).toEqual([...IN_THREE_ROUNDS].sort());
  },
);

test.each(LEADS.slice(0, 2))(
  'two rounds, with eight histories for each node of a core, led by $byzantine_leads',
  {
    timeout: LIMIT_MS,
  },
  async (leads) => {
    const one = await exploreInThread({ ...leads, rounds: 2, max_histories: 1 });
    const { violations, reached, states, histories } = await exploreInThread({ ...leads, rounds: 2, max_histories: 8 });
    expect(violations).toEqual([]);
    expect(reached).toEqual(IN_TWO_ROUNDS);
    // The first history of a node speaks for the others: they lead nowhere else.
    expect(histories).toBeGreaterThan(2 * one.histories);
    expect(states).toBe(one.states);
  },
);
