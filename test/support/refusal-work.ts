// Lies about work: false draws, and a worker that commits, reveals and opens what it must not.
import type { Opening } from '#machines/work/kernels/unit-tree.ts';
import { jobIdOf } from '#runtime/network/main-job.ts';
import type { TxBody } from '#schemas/settlement/transaction.ts';
import type { Code } from '#schemas/wire/codes.ts';
import { subject } from '#schemas/wire/subjects.ts';
import { resultsBody } from '../settlement/world/nodes.ts';
import { accepted, acceptedJobs, by, byClient, finished, job, PATIENT_MS, type Submit } from './refusal-jobs.ts';
import { type Row, rows } from './refusal-row.ts';
import { HandWorker } from './refusal-worker.ts';
import type { RefusalWorld } from './refusal-world.ts';
import { until } from './until.ts';

const draw = (unit: string, worker: string, attempt = 1): TxBody => ({
  type: 'draw',
  draws: [{ unit, attempt, worker }],
});

/** Lies that are sown with each block: one at least is in every block until the true draw comes. */
const LIES_PER_BLOCK = 8;

/** A shuffler may be quicker than every lie about a unit: then there is another unit. */
async function drawFalsely(world: RefusalWorld): Promise<Code | null> {
  for (const end_ms = performance.now() + PATIENT_MS; performance.now() < end_ms; )
    if (await beatsShuffler(world)) return 'DRAW_FALSE';
  return null;
}

/** Draw falsely from before the unit exists until it is drawn. Whether a lie came in the very block that brings the beacon, before the truth. */
async function beatsShuffler(world: RefusalWorld): Promise<boolean> {
  const client = world.key('client');
  const first = await world.tx('client', job());
  const id = jobIdOf(client.id, (first.body as Submit).idempotency_key);
  acceptedJobs.push(id);
  const bus = await world.bus('client');
  let { nonce } = first;
  const sow = (body: TxBody): Promise<void> =>
    bus.publish(subject.transaction(client.id), world.wire({ ...first, nonce: nonce++, body }, client));
  const codes = new Set<string>();
  const isOver = (): boolean => codes.has('DRAW_FALSE') || codes.has('DRAW_DONE');
  world.onBlock(({ events }) => {
    for (const event of events) if (event.type === 'tx.refused' && event.account === client.id) codes.add(event.code);
    for (let lies = 0; lies < LIES_PER_BLOCK && !isOver(); lies++) void sow(draw(`${id}/0`, client.id));
  });
  await sow(first.body);
  await until(isOver, PATIENT_MS, 'a lie is judged');
  await finished(world, id);
  await until(() => world.ledger.nextNonce(client.id) === nonce, PATIENT_MS, 'all lies are judged');
  await until(
    async () => (await world.client.account(client.id)).next_nonce === nonce,
    PATIENT_MS,
    'the gateway knows',
  );
  return codes.has('DRAW_FALSE');
}

const draws = rows('transaction', 'ledger', [
  ['a false draw', 'DRAW_FALSE', drawFalsely],
  [
    'a draw of a unit that does not exist',
    'UNIT_UNKNOWN',
    byClient((world) => draw(`${'00'.repeat(16)}/0`, world.key('liar').id)),
  ],
  [
    'a draw by who is no node',
    'NOT_AUTHORISED',
    by('fresh', (world) => draw(`${'00'.repeat(16)}/0`, world.key('liar').id)),
  ],
  ['a second draw', 'DRAW_DONE', byClient((world) => draw(`${acceptedJobs[0]}/0`, world.key('liar').id))],
]);

/** The liar, with a unit of its own to do wrong, and one of another worker to look at. */
let liar: HandWorker | undefined;
async function drawn(world: RefusalWorld): Promise<{ readonly liar: HandWorker; readonly unit: string }> {
  liar ??= new HandWorker(world, 'liar');
  const hands = liar;
  if (hands.units.size === 0) {
    await hands.beat();
    while (hands.units.size === 0) {
      const id = await accepted(world, job({ units: 48 }));
      await until(
        () => hands.units.size > 0 || (world.ledger.job(id)?.finished_ms ?? 0) > 0,
        PATIENT_MS,
        'a unit is drawn for the liar',
      );
    }
  }
  return { liar: hands, unit: hands.units.keys().next().value ?? '' };
}
const lying = (body: (liar: HandWorker, unit: string) => TxBody) => async (world: RefusalWorld) => {
  const at = await drawn(world);
  return world.execute('liar', body(at.liar, at.unit));
};
/** Something true first, which is applied; then the row's own. */
const after =
  (first: (liar: HandWorker, unit: string) => TxBody, then: (liar: HandWorker, unit: string) => TxBody) =>
  async (world: RefusalWorld) => {
    const at = await drawn(world);
    const code = await world.execute('liar', first(at.liar, at.unit));
    return code ?? world.execute('liar', then(at.liar, at.unit));
  };
/** Wait until the network has come so far with the liar's unit. */
const when =
  (is: (world: RefusalWorld, liar: HandWorker, unit: string) => boolean, send: Row['send']) =>
  async (world: RefusalWorld) => {
    const at = await drawn(world);
    await until(() => is(world, at.liar, at.unit), PATIENT_MS, 'the unit is so far');
    return send(world);
  };
const isAudited = (_world: RefusalWorld, { openings }: HandWorker, unit: string): boolean => openings.has(unit);
const areReportsIn = (world: RefusalWorld, _liar: HandWorker, unit: string): boolean =>
  world.ledger.unit(unit)?.reports.every((report) => report.length > 0) ?? false;

const flipped = (bytes: Uint8Array): Uint8Array<ArrayBuffer> =>
  Uint8Array.from(bytes, (byte, i) => (i === 0 ? byte ^ 1 : byte));
const forged = (at: HandWorker, unit: string): TxBody => {
  const openings = at.openingsOf(unit).map(([result, proof]): Opening => [result, proof.map(flipped)]);
  return resultsBody({ opens: [[unit, 1, openings]] });
};

const work = rows('transaction', 'ledger', [
  [
    'a commit by a worker that was not drawn',
    'NOT_DRAWN',
    async (world) => world.execute('client', (await drawn(world)).liar.commit((await drawn(world)).unit)),
  ],
  [
    'a draw of a later attempt than the present one',
    'DRAW_TOO_EARLY',
    async (world) => world.execute('client', draw((await drawn(world)).unit, world.key('client').id, 2)),
  ],
  [
    'stake that secures work under way',
    'STAKE_LOCKED',
    lying((at) => ({ type: 'transfer', to: at.id, asset: 'stake', amount_units: 1n })),
  ],
  ['a reveal without a commit', 'REVEAL_WITHOUT_COMMIT', lying((at, unit) => at.reveal(unit))],
  ['a commit to a later attempt', 'NOT_DRAWN', lying((at, unit) => at.commit(unit, 2))],
  [
    'a second commit',
    'COMMIT_DONE',
    after(
      (at, unit) => at.commit(unit),
      (at, unit) => at.commit(unit),
    ),
  ],
  ['a reveal in another attempt', 'NOT_DRAWN', lying((at, unit) => at.reveal(unit, { attempt: 2 }))],
  ['a reveal of something else', 'REVEAL_MISMATCH', lying((at, unit) => at.reveal(unit, { fuel: 1 }))],
  [
    'a second reveal',
    'REVEAL_DONE',
    after(
      (at, unit) => at.reveal(unit),
      (at, unit) => at.reveal(unit),
    ),
  ],
  ['an opening with a wrong Merkle proof', 'OPENING_INVALID', when(isAudited, lying(forged))],
  [
    'a report by who was not drawn to audit',
    'NOT_DRAWN',
    async (world) => {
      const { unit } = await drawn(world);
      return world.execute('client', resultsBody({ reports: [[unit, 1, new Uint8Array(32)]] }));
    },
  ],
  [
    'an opening after the unit is paid',
    'ATTEMPT_OVER',
    when(
      areReportsIn,
      after(
        (at, unit) => at.open(unit),
        (at, unit) => at.open(unit),
      ),
    ),
  ],
  [
    'a judgement by who is no validator',
    'NOT_AUTHORISED',
    async (world) =>
      world.execute('client', {
        type: 'adjudicate',
        unit: (await drawn(world)).unit,
        attempt: 1,
        index: 0,
        result: new Uint8Array(64),
      }),
  ],
]);

/** The liar mends its ways, so that every job ends. */
export async function mend(world: RefusalWorld): Promise<void> {
  liar?.release();
  for (const id of acceptedJobs) await finished(world, id);
}

export const WORK_ROWS: readonly Row[] = [...draws, ...work];
