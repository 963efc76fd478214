// Evidence on the ledger: which two statements convict a validator, which do not, and what it costs.
import { describe, expect, test } from 'vitest';
import { encodeEvidence } from '#schemas/consensus/evidence-codec.ts';
import type { SignedVote, Vote } from '#schemas/consensus/types.ts';
import { voteSignBytes } from '#schemas/consensus/vote-codec.ts';
import type { LedgerEvent } from '#schemas/settlement/state.ts';
import type { TxBody } from '#schemas/settlement/transaction.ts';
import { CHAIN, CLIENT, id, sign, VALIDATORS, World } from './world/chain.ts';

const [V0 = ''] = VALIDATORS;
const [A, B] = [id('a'), id('b')];

type Said = Pick<Vote, 'type' | 'round' | 'value'> & Partial<Vote>;
function say(said: Said, key = V0): SignedVote {
  const vote = { epoch: 0, height: 5, valid_round: -1, validator: 0, ...said };
  return { ...vote, signature: sign(key, voteSignBytes(CHAIN, vote)) };
}
const accusing = (a: SignedVote, b: SignedVote): TxBody => ({
  type: 'evidence',
  ...encodeEvidence({ type: 'amnesia', a, b }),
});
const lock: Said = { type: 'precommit', round: 1, value: A };
const prevote: Said = { type: 'prevote', round: 3, value: B };

test('a prevote for another block that cites nothing since the own lock costs the whole stake, once for each lock', () => {
  const world = new World();
  const events: LedgerEvent[] = [];
  world.send(CLIENT, accusing(say(prevote), say(lock)));
  const { outcomes, events: told } = world.block();
  events.push(...told);
  expect(outcomes).toEqual([null]);
  expect([world.ledger.balance('stake', V0), world.ledger.balance('stake', CLIENT)]).toEqual([0n, 3_000n]);
  expect(events).toContainEqual(expect.objectContaining({ type: 'evidence.accepted', validator: V0, kind: 'amnesia' }));
  expect(events).toContainEqual(expect.objectContaining({ type: 'node.slashed', node: V0, reason: 'amnesia' }));
  const again = accusing(say(lock), say({ ...prevote, round: 4, value: id('c') }));
  expect(world.outcome(CLIENT, again)).toBe('EVIDENCE_DONE');
  expect(world.outcome(CLIENT, accusing(say({ ...lock, round: 2 }), say(prevote)))).toBe(null);
});

describe('amnesia is not shown by', () => {
  const INNOCENT: Record<string, [Said, Said]> = {
    'a prevote that cites a polka of the lock’s own round': [lock, { ...prevote, valid_round: 1 }],
    'a prevote that cites a later polka': [lock, { ...prevote, valid_round: 2 }],
    'a prevote for the same block': [lock, { ...prevote, value: A }],
    'a nil prevote': [lock, { ...prevote, value: null }],
    'a nil precommit': [{ ...lock, value: null }, prevote],
    'a prevote of the lock’s round': [lock, { ...prevote, round: 1 }],
    'a prevote before the lock': [lock, { ...prevote, round: 0 }],
    'statements of two heights': [lock, { ...prevote, height: 6 }],
    'statements of two epochs': [lock, { ...prevote, epoch: 1 }],
    'statements of two validators': [lock, { ...prevote, validator: 1 }],
  };
  test.each(Object.entries(INNOCENT))('%s', (_, [one, other]) => {
    const world = new World();
    const body = accusing(say(one), say(other, other.validator === 1 ? VALIDATORS[1] : V0));
    expect(world.outcome(CLIENT, body)).toBe('EVIDENCE_INVALID');
    expect(world.ledger.balance('stake', V0)).toBe(10_000n);
  });

  test('statements that somebody else signed', () => {
    const world = new World();
    expect(world.outcome(CLIENT, accusing(say(lock, id('forger')), say(prevote)))).toBe('EVIDENCE_INVALID');
  });
});
