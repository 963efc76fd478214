// The whole way from a closed settlement to a bundle: the real machine, the real ports, four real cosigners.
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import type { AnyMachineSnapshot } from 'xstate';
import { archiver } from '#actors/settlement/archiver.actor.ts';
import { createCosigner } from '#runtime/archive/cosigner.ts';
import { createArchivePorts } from '#runtime/archive/ports.ts';
import { verifyBundle } from '#runtime/archive/verify.ts';
import { createStepper } from '#runtime/host/stepper.ts';
import { MemoryDisk, openMemoryStore } from '#runtime/store/memory-store.ts';
import type { Effect, HostEvent } from '#schemas/node/host.ts';
import { CosignReply, CosignRequest } from '#schemas/settlement/cosign.ts';
import type { SettlementRow } from '#schemas/settlement/state.ts';
import {
  at,
  cosignerKeys,
  handoversTo,
  ledgerOf,
  messageKeys,
  NETWORK,
  NOW_MS,
  PAYMENTS,
  rowsOf,
  strangerKey,
  validatorsOf,
} from './network.ts';

const dir = await mkdtemp(join(tmpdir(), 'pipeline-'));
afterAll(() => rm(dir, { recursive: true }));
const rows = rowsOf(PAYMENTS);
const ID = 'aa'.repeat(32);

type Answer = (request: CosignRequest) => Promise<CosignReply>;
/** Validator `i` over its own disk: honest, unless its ledger or its key is another than the archiver's genesis says. */
function validator(i: number, ledger: readonly SettlementRow[] = rows, key = at(cosignerKeys, i)): Answer {
  const store = openMemoryStore(new MemoryDisk());
  return createCosigner({
    store,
    key,
    validator: at(messageKeys, i).id,
    named: key.id,
    network: NETWORK,
    settlement: ledgerOf(ledger),
    now_ms: () => NOW_MS,
  }).answer;
}

/** Run an archiver over `name` until it waits for time alone; timers fire at most `patience` times. */
async function archive(name: string, disk: MemoryDisk, validators: readonly (Answer | null)[], patience = 8) {
  const stepper = createStepper(archiver.machine);
  const ports = createArchivePorts({
    store: openMemoryStore(disk),
    dir: join(dir, name),
    network: NETWORK,
    validatorsOf,
    handoversTo,
    settlement: ledgerOf(rows),
  });
  const submitted: Effect[] = [];
  let snapshot: AnyMachineSnapshot = stepper.start(ID).snapshot;
  let timer: HostEvent | undefined;
  const events: HostEvent[] = [
    {
      type: 'ledger.block',
      height: 1,
      time_ms: 1,
      events: rows.map(({ seq }) => ({ type: 'settlement.closed', seq })),
      now_ms: 0,
    },
  ];

  async function perform(effect: Effect): Promise<void> {
    if (effect.type === 'submit') submitted.push(effect);
    if (effect.type === 'timer.set') timer = { type: 'timer.fired', id: effect.id, now_ms: effect.at_ms };
    if (effect.type === 'timer.cancel') timer = undefined;
    if (effect.type === 'io') {
      const { port, key, request } = effect;
      const answer: unknown =
        port === 'archive.seal' ? await ports['archive.seal'](request) : await ports['archive.publish'](request);
      events.push({ type: 'io.done', port, key, answer, now_ms: 0 });
    }
    if (effect.type === 'send') {
      const i = messageKeys.findIndex(({ id }) => id === effect.to);
      const answer = await validators[i]?.(CosignRequest.parse(effect.body));
      if (answer !== undefined)
        events.push({
          type: 'message',
          kind: 'cosign.reply.v1',
          from: effect.to,
          body: CosignReply.parse(answer),
          now_ms: 0,
        });
    }
  }

  for (let fired = 0; fired < patience; ) {
    const event = events.shift() ?? timer;
    if (event === undefined) break;
    if (event === timer) {
      timer = undefined;
      fired++;
    }
    const { snapshot: next, effects } = stepper.step(snapshot, event);
    snapshot = next;
    for (const effect of effects) await perform(effect);
  }
  return { state: snapshot.value as unknown, submitted };
}

const folder = (name: string, seq: number) => join(dir, name, `settlement-${seq}`);

test('three settlements become three bundles that verify, stated in order', async () => {
  const { state, submitted } = await archive(
    'all',
    new MemoryDisk(),
    [0, 1, 2, 3].map((i) => validator(i)),
  );
  expect(state).toBe('idle');
  expect(submitted.map((e) => e.type === 'submit' && 'seq' in e.body && e.body.seq)).toEqual([0, 1, 2]);
  expect(rows.map(({ seq }) => verifyBundle(folder('all', seq)).ok)).toEqual([true, true, true]);
});

test('one dead validator, one with a false key or one with a forged ledger stops nothing', async () => {
  const forged = rowsOf([at(PAYMENTS, 1), at(PAYMENTS, 0), at(PAYMENTS, 2)]);
  const bad = { dead: null, 'false-key': validator(0, rows, strangerKey), forked: validator(0, forged) };
  for (const [name, one] of Object.entries(bad)) {
    const { state } = await archive(name, new MemoryDisk(), [one, validator(1), validator(2), validator(3)]);
    expect([name, state, verifyBundle(folder(name, 2)).ok]).toEqual([name, 'idle', true]);
  }
});

test('two bad validators of four stop the archive: nothing is published', async () => {
  const { state, submitted } = await archive('stopped', new MemoryDisk(), [
    null,
    validator(1, rows, strangerKey),
    validator(2),
    validator(3),
  ]);
  expect([state, submitted]).toEqual(['collecting', []]);
});

test('an archiver that lost its disk gets the same cosignatures again and the same bundles', async () => {
  const validators = [null, validator(1), validator(2), validator(3)];
  await archive('first', new MemoryDisk(), validators);
  await archive('wiped', new MemoryDisk(), validators);
  for (const { seq } of rows)
    for (const name of ['bundle.car', 'checkpoint', `${seq}.tlog-proof`])
      expect(await readFile(join(folder('wiped', seq), name), 'utf8')).toBe(
        await readFile(join(folder('first', seq), name), 'utf8'),
      );
});
