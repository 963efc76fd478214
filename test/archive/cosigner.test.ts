// A cosigner signs what its own ledger gives and nothing else, and never contradicts itself.
import { beforeEach, expect, test } from 'vitest';
import { verifyCosignature } from '#machines/settlement/checkpoint-cosignature.ts';
import { createCosigner } from '#runtime/archive/cosigner.ts';
import { createArchivePorts } from '#runtime/archive/ports.ts';
import { verify } from '#runtime/keys/ed25519.ts';
import { MemoryDisk, openMemoryStore } from '#runtime/store/memory-store.ts';
import type { CosignReply, CosignRequest } from '#schemas/settlement/cosign.ts';
import type { SettlementRow } from '#schemas/settlement/state.ts';
import {
  at,
  cosignerKeys,
  entry,
  handoversTo,
  ledgerOf,
  messageKeys,
  NETWORK,
  NOW_MS,
  PAYMENTS,
  POLICY,
  rowsOf,
  validatorsOf,
} from './network.ts';

const rows = rowsOf(PAYMENTS);
/** The same history but for what the second settlement pays. */
const forkedRows = rowsOf([
  at(PAYMENTS, 0),
  [entry('credit', 'escrow:j2', -7n), entry('credit', 'thief', 7n)],
  at(PAYMENTS, 2),
]);

let disk: MemoryDisk;
let now_ms: number;
beforeEach(() => {
  disk = new MemoryDisk();
  now_ms = NOW_MS;
});
const cosigner = (ledger: readonly SettlementRow[] = rows) =>
  createCosigner({
    store: openMemoryStore(disk),
    key: at(cosignerKeys, 0),
    validator: at(messageKeys, 0).id,
    named: at(cosignerKeys, 0).id,
    network: NETWORK,
    settlement: ledgerOf(ledger),
    now_ms: () => now_ms,
  });
/** Bytes as hex: a row that was read again may hold them in another kind of array. */
const inHex = (reply: CosignReply) =>
  Object.entries(reply).map(([field, v]) => [field, v instanceof Uint8Array ? Buffer.from(v).toString('hex') : v]);
/** What an archiver with this ledger asks after settlement `seq`. */
async function asked(seq: number, ledger: readonly SettlementRow[] = rows, network = NETWORK): Promise<CosignRequest> {
  const ports = createArchivePorts({
    store: openMemoryStore(new MemoryDisk()),
    dir: '',
    network,
    validatorsOf,
    handoversTo,
    settlement: ledgerOf(ledger),
  });
  return (await ports['archive.seal']({ seq })).ask;
}

test('a true checkpoint is cosigned at the present second', async () => {
  const request = await asked(2);
  const reply = await cosigner().answer(request);
  expect(reply).toMatchObject({ ok: true, size: 3, root: request.root, time_s: NOW_MS / 1000 });
  expect(reply.ok && verifyCosignature(request.checkpoint, at(POLICY.cosigners, 0), reply, verify)).toBe(true);
});

test('the same question gets the same signature, later and after a restart', async () => {
  const request = await asked(1);
  const first = await cosigner().answer(request);
  now_ms += 60_000;
  expect(inHex(await cosigner().answer(request))).toEqual(inHex(first));
});

test.each([
  ['of another network', 'COSIGN_ORIGIN_WRONG', () => asked(0, rows, 'other-net')],
  [
    'of a settlement that did not happen yet',
    'COSIGN_SETTLEMENT_UNKNOWN',
    () => asked(3, rowsOf([...PAYMENTS, at(PAYMENTS, 1)])),
  ],
  ['that pays somebody else', 'COSIGN_ROOT_WRONG', () => asked(1, forkedRows)],
  [
    'whose root is not the one in its text',
    'COSIGN_ROOT_WRONG',
    async () => ({ ...(await asked(1)), root: new Uint8Array(32) }),
  ],
  ['whose text is no checkpoint', 'CHECKPOINT_MALFORMED', async () => ({ ...(await asked(1)), checkpoint: 'hello\n' })],
  ['with a wrong consistency proof', 'COSIGN_PROOF_INVALID', async () => ({ ...(await asked(2)), old_size: 1 })],
  [
    'with a proof where there is nothing to prove',
    'COSIGN_PROOF_INVALID',
    async () => ({ ...(await asked(2)), old_size: 0 }),
  ],
  ['that claims to extend a larger log', 'COSIGN_PROOF_INVALID', async () => ({ ...(await asked(1)), old_size: 3 })],
] as const)('a checkpoint %s is refused with %s', async (_, code, make) => {
  const ours = cosigner();
  expect(await ours.answer(await make())).toMatchObject({ ok: false, code });
  expect((await ours.answer(await asked(2))).ok).toBe(true);
});

test('a second checkpoint of a signed size is a fork', async () => {
  await cosigner().answer(await asked(1));
  expect(await cosigner().answer(await asked(1, forkedRows))).toMatchObject({ ok: false, code: 'COSIGN_FORK' });
});

test('a replaced ledger cannot make it sign against its own word', async () => {
  await cosigner().answer(await asked(1));
  // A new life with a forked ledger and a lost copy of the log, but what was signed is still on disk.
  for (const key of disk.rows.keys()) if (key.includes('/record/')) disk.rows.delete(key);
  expect(await cosigner(forkedRows).answer(await asked(2, forkedRows))).toMatchObject({
    ok: false,
    code: 'COSIGN_FORK',
  });
  expect(await cosigner(forkedRows).answer(await asked(1, forkedRows))).toMatchObject({
    ok: false,
    code: 'COSIGN_FORK',
  });
});

test('a smaller log that it never signed is stale', async () => {
  await cosigner().answer(await asked(2));
  expect(await cosigner().answer(await asked(0))).toMatchObject({ ok: false, code: 'COSIGN_STALE' });
});

test('no signature leaves that is not on disk', async () => {
  const request = await asked(0);
  const isSigning = (ops: readonly { readonly key: string }[]) => ops.some(({ key }) => key.endsWith('/last'));
  const store = openMemoryStore(disk, (ops) => (isSigning(ops) ? 'lost' : undefined));
  const crashing = createCosigner({
    store,
    key: at(cosignerKeys, 0),
    validator: at(messageKeys, 0).id,
    named: at(cosignerKeys, 0).id,
    network: NETWORK,
    settlement: ledgerOf(rows),
    now_ms: () => now_ms,
  });
  await expect(crashing.answer(request)).rejects.toMatchObject({ code: 'STORE_WRITE_FAILED' });
  expect([...disk.rows.keys()].some((key) => key.includes('/signed/'))).toBe(false);
});

test('two questions at once are judged one after the other', async () => {
  const ours = cosigner();
  const forked = await asked(1, forkedRows);
  const replies = await Promise.all([
    asked(1).then(ours.answer),
    ours.answer(forked),
    asked(2).then(ours.answer),
    asked(2).then(ours.answer),
  ]);
  expect(replies.map(({ ok }) => ok)).toEqual([true, false, true, true]);
  expect(inHex(at(replies, 2))).toEqual(inHex(at(replies, 3)));
});

test('validators of one database keep apart', async () => {
  const store = openMemoryStore(disk);
  const request = await asked(0);
  const both = [0, 1].map((i) =>
    createCosigner({
      store,
      key: at(cosignerKeys, i),
      validator: at(messageKeys, i).id,
      named: at(cosignerKeys, i).id,
      network: NETWORK,
      settlement: ledgerOf(rows),
      now_ms: () => now_ms,
    }),
  );
  const [a, b] = await Promise.all(both.map((one) => one.answer(request)));
  expect(a?.ok === true && b?.ok === true && Buffer.compare(a.signature, b.signature)).not.toBe(0);
});

test('a key other than the one that the ledger names is not used at all', () => {
  const store = openMemoryStore(disk);
  const make = () =>
    createCosigner({
      store,
      key: at(cosignerKeys, 1),
      validator: at(messageKeys, 0).id,
      named: at(cosignerKeys, 0).id,
      network: NETWORK,
      settlement: ledgerOf(rows),
      now_ms: () => now_ms,
    });
  expect(make).toThrow('the ledger names');
});
