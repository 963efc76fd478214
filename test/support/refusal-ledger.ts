// Well-formed, well-signed transactions that break a rule of the ledger: refused in a block, with their nonce used and nothing else.
import { operatorSignBytes } from '#machines/settlement/nodes.ts';
import { encodeEvidence } from '#schemas/consensus/evidence-codec.ts';
import type { SignedVote, Vote } from '#schemas/consensus/types.ts';
import { voteSignBytes } from '#schemas/consensus/vote-codec.ts';
import type { TxBody } from '#schemas/settlement/transaction.ts';
import type { Code } from '#schemas/wire/codes.ts';
import { u128 } from '#schemas/wire/fields.ts';
import { subject } from '#schemas/wire/subjects.ts';
import { heartbeatSignBytes } from '#schemas/work/heartbeat.ts';
import { accepted, by, byClient, finished, job, PATIENT_MS, type Submit } from './refusal-jobs.ts';
import { type Row, rows } from './refusal-row.ts';
import { type RefusalWorld, STRANGER } from './refusal-world.ts';
import { until } from './until.ts';

const HOUR_MS = 3_600_000;

const collatz = (change: Partial<Submit>): Submit =>
  job({ kernel: 'collatz/v1', start: u128(2n ** 71n), unit_log2: 20, ...change });

const money = rows('transaction', 'ledger', [
  [
    'a transfer above the balance',
    'BALANCE_LOW',
    byClient((world) => ({
      type: 'transfer',
      to: world.key('worker-ada-1').id,
      asset: 'credit',
      amount_units: 10n ** 16n,
    })),
  ],
  [
    'a transfer of an account that nobody funded',
    'BALANCE_LOW',
    by('fresh', (world) => ({ type: 'transfer', to: world.key('client').id, asset: 'credit', amount_units: 1n })),
  ],
  [
    'a job whose escrow is above the balance',
    'BALANCE_LOW',
    byClient(() => job({ units: 100_000, reward_per_unit_units: 2n ** 40n })),
  ],
  [
    'a job whose escrow is no amount',
    'AMOUNT_INVALID',
    byClient(() => job({ units: 100_000, reward_per_unit_units: 2n ** 60n })),
  ],
]);

const jobs = rows('transaction', 'ledger', [
  [
    'a range that does not begin at a multiple of its unit',
    'JOB_RANGE_INVALID',
    byClient(() => collatz({ start: u128(2n ** 71n + 1n) })),
  ],
  ['a range below what the kernel is sound for', 'JOB_RANGE_INVALID', byClient(() => collatz({ start: u128(0n) }))],
  [
    'a range that ends beyond the kernel’s bound',
    'JOB_RANGE_INVALID',
    byClient(() => collatz({ start: u128(2n ** 88n - 2n ** 20n), units: 2 })),
  ],
  ['units too small for the kernel', 'JOB_RANGE_INVALID', byClient(() => collatz({ unit_log2: 8 }))],
  ['a reward that cannot be shared', 'JOB_REWARD_LOW', byClient(() => job({ reward_per_unit_units: 9n }))],
  [
    'the same job twice',
    'JOB_EXISTS',
    async (world) => {
      const body = job();
      await finished(world, await accepted(world, body));
      return world.execute('client', body);
    },
  ],
]);

const register = (world: RefusalWorld, name: string, kind: 'worker' | 'archiver', operator: string): TxBody => {
  const operator_signature = world.key(operator).sign(operatorSignBytes(world.key(name).id));
  return { type: 'node.register', kind, operator: world.key(operator).id, operator_signature };
};
const beat = (world: RefusalWorld, worker: string, at_ms: number, key = world.key(worker)): TxBody => {
  const { id } = key === STRANGER && worker === '' ? STRANGER : world.key(worker);
  return {
    type: 'availability',
    heartbeats: [{ worker: id, at_ms, signature: key.sign(heartbeatSignBytes(world.chain, id, at_ms)) }],
  };
};

const falsePlace = (seq: number): TxBody => ({
  type: 'settlement.archived',
  seq,
  cid: 'bafyfalse',
  log_root: new Uint8Array(32),
});
const archiving = (name: string, seq: number) => by(name, () => falsePlace(seq));

/** State a false place in the block after a settlement closes, long before the archiver can state the true one. */
async function archiveFalsely(world: RefusalWorld): Promise<Code | null> {
  const { id } = world.key('scribe');
  const seq = world.ledger.settlementsCount();
  const lie = await world.tx('scribe', falsePlace(seq));
  const bus = await world.bus('scribe');
  const codes: Code[] = [];
  world.onBlock(({ events }) => {
    for (const event of events) {
      if (event.type === 'settlement.closed' && event.seq === seq)
        void bus.publish(subject.transaction(id), world.wire(lie, world.key('scribe')));
      if (event.type === 'tx.refused' && event.account === id && event.nonce === lie.nonce)
        codes.push(event.code as Code);
    }
  });
  await accepted(world, job());
  return until(() => codes[0], PATIENT_MS, 'the lie is judged');
}

const nodes = rows('transaction', 'ledger', [
  [
    'a node that its operator has not signed',
    'OPERATOR_SIGNATURE_INVALID',
    by('fresh', (world) => ({
      type: 'node.register',
      kind: 'worker',
      operator: world.key('operator-ada').id,
      operator_signature: STRANGER.sign(operatorSignBytes(world.key('fresh').id)),
    })),
  ],
  [
    'a node that is registered already',
    'NODE_EXISTS',
    async (world) => {
      // Two that the later rows need: a worker that lies, and an archiver beside the network’s own.
      const stake: TxBody = { type: 'transfer', to: world.key('liar').id, asset: 'stake', amount_units: 100_000n };
      await until(
        async () => (await world.execute('worker-ada-1', stake)) === null,
        PATIENT_MS,
        'a worker at rest lends its stake',
      );
      await world.execute('liar', register(world, 'liar', 'worker', 'fresh'));
      await world.execute('scribe', register(world, 'scribe', 'archiver', 'operator-services'));
      return world.execute('liar', register(world, 'liar', 'worker', 'operator-ada'));
    },
  ],
  ['a forged heartbeat', 'HEARTBEAT_INVALID', byClient((world) => beat(world, 'liar', Date.now(), STRANGER))],
  [
    'a heartbeat of a worker that nobody registered',
    'HEARTBEAT_INVALID',
    byClient((world) => beat(world, 'fresh', Date.now())),
  ],
  ['an old heartbeat', 'HEARTBEAT_STALE', byClient((world) => beat(world, 'liar', Date.now() - HOUR_MS))],
  ['a heartbeat of the future', 'HEARTBEAT_AHEAD', byClient((world) => beat(world, 'liar', Date.now() + HOUR_MS))],
  ['a false archive place of a settlement', 'ARCHIVED_FALSE', archiveFalsely],
]);

const vote = (world: RefusalWorld, change: Partial<Vote> = {}, key = world.key('validator-2')): SignedVote => {
  const said: Vote = {
    type: 'prevote',
    epoch: 0,
    height: 900_000,
    round: 0,
    value: '11'.repeat(32),
    valid_round: -1,
    validator: 1,
    ...change,
  };
  return { ...said, signature: key.sign(voteSignBytes(world.chain, said)) };
};
const accusing = (pair: (world: RefusalWorld) => readonly [SignedVote, SignedVote]) =>
  byClient((world) => {
    const [a, b] = pair(world);
    return { type: 'evidence', ...encodeEvidence({ type: 'double_vote', a, b }) };
  });
const claims = rows('transaction', 'ledger', [
  ['the same vote twice as evidence', 'EVIDENCE_INVALID', accusing((world) => [vote(world), vote(world)])],
  [
    'forged votes as evidence',
    'EVIDENCE_INVALID',
    accusing((world) => [vote(world, {}, STRANGER), vote(world, { value: null }, STRANGER)]),
  ],
  [
    'votes of two rounds as evidence',
    'EVIDENCE_INVALID',
    accusing((world) => [vote(world), vote(world, { round: 1, value: null })]),
  ],
  [
    'bytes that are no statements as evidence',
    'EVIDENCE_INVALID',
    byClient(() => ({ type: 'evidence', a: new Uint8Array(9), b: new Uint8Array(9) })),
  ],
  ['an archive place by who is no archiver', 'NOT_AUTHORISED', archiving('client', 0)],
  ['an archive place of an unknown settlement', 'SETTLEMENT_UNKNOWN', archiving('scribe', 999)],
  [
    'a second archive place of a settlement',
    'ARCHIVED_DONE',
    async (world) => {
      await until(() => world.ledger.settlement(0)?.cid !== '', PATIENT_MS, 'the first settlement is archived');
      return archiving('scribe', 0)(world);
    },
  ],
]);

/** Past the gateway, straight to the validators: they check again. */
const direct = (change: (world: RefusalWorld) => Promise<Uint8Array>) => async (world: RefusalWorld) =>
  (await world.bus('client')).publish(subject.transaction(world.key('client').id), await change(world));
const gift = (world: RefusalWorld): TxBody => ({
  type: 'transfer',
  to: world.key('worker-ada-1').id,
  asset: 'credit',
  amount_units: 1n,
});

const straight = rows('tx.v1.<client>', 'validator-1', [
  ['bytes that are no transaction', 'TX_MALFORMED', direct(async () => new Uint8Array(100).fill(0xc1))],
  [
    'a forged signature',
    'TX_SIGNATURE_INVALID',
    direct(async (world) => world.wire(await world.tx('client', gift(world)), STRANGER)),
  ],
  [
    'a transaction of another chain',
    'NETWORK_MISMATCH',
    direct(async (world) =>
      world.wire(await world.tx('client', gift(world), { chain: '77'.repeat(32) }), world.key('client')),
    ),
  ],
  [
    'a replayed transaction',
    'TX_NONCE_LOW',
    direct(async (world) => world.wire(await world.tx('client', gift(world), { nonce: 0 }), world.key('client'))),
  ],
]);

/** Before the work: they register the worker and the archiver that lie. */
export const LEDGER_ROWS: readonly Row[] = [...money, ...jobs, ...nodes];
/** After it: there are settlements then. */
export const CLAIM_ROWS: readonly Row[] = [...claims, ...straight];
