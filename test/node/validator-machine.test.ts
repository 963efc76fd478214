// A validator's duties beside consensus, event by event: disputes, cosignatures, evidence, and standing in for a dead shuffler.
import { beforeEach, describe, expect, test } from 'vitest';
import { validator } from '#actors/node/validator.actor.ts';
import { STAND_IN_AFTER_MS } from '#machines/node/validator.machine.ts';
import type { LedgerEvent } from '#schemas/settlement/state.ts';
import type { ValidatorData } from '#schemas/snapshots/validator-v1.ts';
import { asked, block, done, failed, fired, Stepping, started, submitted, type Told } from '../work/stepping.ts';

const ME = 'aa'.repeat(32);
const ARCHIVER = 'bb'.repeat(32);
const UNIT = `${'01'.repeat(16)}/3`;
const RESULT = new Uint8Array(64).fill(9);
const disputed: LedgerEvent = {
  type: 'audit.disputed',
  unit: UNIT,
  attempt: 2,
  index: 5,
  kernel: 'noop/v1',
  start: new Uint8Array(16),
  unit_log2: 8,
};
const draw = { unit: UNIT, attempt: 1, worker: ARCHIVER };
const ASK = { size: 3, root: new Uint8Array(32), checkpoint: 'note', old_size: 0, proof: [] };
const request: Told = { type: 'message', kind: 'cosign.request.v1', from: ARCHIVER, body: ASK };
const COSIGN = `cosign:${ARCHIVER}:3`;
const JUDGE = `judge:${UNIT}#2#5`;

let actor: Stepping<ValidatorData>;
beforeEach(() => {
  actor = new Stepping(validator, ME);
});

test('it starts by watching for evidence and for draws that nobody sends', () => {
  expect(actor.hear(started)).toEqual([
    { type: 'io', port: 'evidence', key: 'evidence:1', request: null },
    { type: 'io', port: 'lottery', key: 'draws:0', request: { after_height: 0, older_than_ms: STAND_IN_AFTER_MS } },
  ]);
  expect(actor.state).toBe('serving');
});

test('a disputed sub-unit is computed here, and the result is this validator’s word', () => {
  actor.hear(started);
  expect(asked(actor.hear(block(disputed)))).toEqual([`sandbox ${JUDGE}`]);
  expect(submitted(actor.hear(done('sandbox', JUDGE, { results: [{ index: 5, result: RESULT }] })))).toEqual([
    { type: 'adjudicate', unit: UNIT, attempt: 2, index: 5, result: RESULT },
  ]);
});

test('a sandbox that computed nothing settles nothing', () => {
  actor.hear(started);
  const effects = actor.hear(done('sandbox', JUDGE, { results: [] }));
  expect(effects).toMatchObject([{ type: 'log', level: 'warn' }]);
});

test('draws that waited too long are sent in the shuffler’s place', () => {
  actor.hear(started);
  const effects = actor.hear(done('lottery', 'draws:0', { height: 9, draws: [draw] }));
  expect(submitted(effects)).toEqual([{ type: 'draw', draws: [draw] }]);
  expect(effects.at(-1)).toMatchObject({
    port: 'lottery',
    request: { after_height: 9, older_than_ms: STAND_IN_AFTER_MS },
  });
});

test('a phase of a key generation is asked of the node’s secrets, and what they owe it is submitted', () => {
  actor.hear(started);
  const phase: LedgerEvent = { type: 'keygen.phase', epoch: 3, phase: 'complain', until_height: 80 };
  expect(actor.hear(block(phase))).toEqual([
    { type: 'io', port: 'keygen', key: 'keygen:3#complain#80', request: { epoch: 3, phase: 'complain' } },
  ]);
  const words = [ME, ARCHIVER].map((dealer) => ({ type: 'keygen.complain', epoch: 3, dealer }));
  expect(submitted(actor.hear(done('keygen', 'keygen:3#complain#80', words)))).toEqual(words);
  expect(actor.hear(done('keygen', 'keygen:3#justify#90', []))).toEqual([]);
});

test('a request to cosign is asked of the cosigner with who asks, and its answer goes back to him alone', () => {
  actor.hear(started);
  expect(actor.hear(request)).toEqual([
    { type: 'io', port: 'cosign', key: COSIGN, request: { from: ARCHIVER, ask: ASK } },
  ]);
  const answer = { ok: false, size: 3, code: 'COSIGN_FORK' };
  expect(actor.hear(done('cosign', COSIGN, answer))).toEqual([
    { type: 'send', to: ARCHIVER, kind: 'cosign.reply.v1', body: answer },
  ]);
  expect(actor.data.cosigning).toEqual({});
  expect(actor.hear(done('cosign', COSIGN, answer))).toEqual([]);
});

test('who may not ask gets no answer: he need not take it, and it would wait in the outbox for ever', () => {
  actor.hear(started);
  actor.hear(request);
  expect(actor.hear(failed('cosign', COSIGN, 'NOT_AUTHORISED'))).toEqual([]);
  expect(actor.data.cosigning).toEqual({});
});

test('evidence is reported, and it watches on', () => {
  actor.hear(started);
  const pair = { a: Uint8Array.of(1), b: Uint8Array.of(2) };
  const effects = actor.hear(done('evidence', 'evidence:1', pair));
  expect(submitted(effects)).toEqual([{ type: 'evidence', ...pair }]);
  expect(asked(effects)).toEqual(['evidence evidence:2']);
});

describe('a port that fails', () => {
  test.each([
    ['lottery', 'lottery draws:0', 'starting'],
    ['evidence', 'evidence evidence:2', 'serving'],
  ] as const)('%s is asked again after a second', (port, again, state) => {
    actor.hear(started);
    expect(actor.hear(failed(port, 'any'))).toEqual([{ type: 'timer.set', id: port, at_ms: 2_000 }]);
    expect(actor.state).toBe(state);
    expect(asked(actor.hear(fired(port)))).toEqual([again]);
    expect(actor.state).toBe('serving');
  });

  test('the sandbox is left to the dispute’s deadline, which asks anew', () => {
    actor.hear(started);
    expect(actor.hear(failed('sandbox', JUDGE))).toEqual([]);
  });
});

test.each([
  ['other ledger events', block({ type: 'unit.parked', unit: UNIT })],
  ['mail of another kind', { type: 'message', kind: 'other.v1', from: ARCHIVER, body: null }],
] as const)('%s change nothing', (_name, event) => {
  actor.hear(started);
  const before = actor.snapshot;
  expect(actor.hear(event)).toEqual([]);
  expect(actor.snapshot).toBe(before);
});
