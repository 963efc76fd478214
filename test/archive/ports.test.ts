// The archiver's performers: repeats change nothing, a full disk is a failure, false signatures are named.
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { formatPolicy, policyOf } from '#machines/settlement/checkpoint-policy.ts';
import { createArchivePorts } from '#runtime/archive/ports.ts';
import { verifyBundle } from '#runtime/archive/verify.ts';
import { MemoryDisk, openMemoryStore } from '#runtime/store/memory-store.ts';
import { folderBytes } from './bundle-folder.ts';
import {
  at,
  collectedBy,
  handoversTo,
  ledgerOf,
  messageKeys,
  NETWORK,
  PAYMENTS,
  rowsOf,
  strangerKey,
  validatorsOf,
} from './network.ts';

const root = await mkdtemp(join(tmpdir(), 'ports-'));
afterAll(() => rm(root, { recursive: true }));
const rows = rowsOf(PAYMENTS);
const ports = (name: string, disk = new MemoryDisk(), settlements = rows, sets = validatorsOf) =>
  createArchivePorts({
    store: openMemoryStore(disk),
    dir: join(root, name),
    network: NETWORK,
    validatorsOf: sets,
    handoversTo,
    settlement: ledgerOf(settlements),
  });

test('each settlement is sealed and published, and each bundle verifies', async () => {
  const { 'archive.seal': seal, 'archive.publish': publish } = ports('each');
  for (const { seq } of rows) {
    const sealed = await seal({ seq });
    expect(sealed).toMatchObject({
      quorum: 3,
      validators: messageKeys.map(({ id }) => id),
      ask: { size: seq + 1, old_size: seq },
    });
    const published = await publish({ seq, cosignatures: collectedBy(sealed.ask, [1, 2, 3]) });
    expect(published).toMatchObject({ ok: true, cid: sealed.cid, log_root: sealed.ask.root });
    expect(published.ok && verifyBundle(published.folder).ok).toBe(true);
  }
  expect((await readdir(join(root, 'each'))).toSorted()).toEqual(['settlement-0', 'settlement-1', 'settlement-2']);
});

test('each settlement is cosigned by the set of its epoch; a policy of another set is not taken for it', async () => {
  const setOf = (epoch = 1) => validatorsOf().slice(epoch - 1);
  const { 'archive.seal': seal, 'archive.publish': publish } = ports('sets', new MemoryDisk(), rows, setOf);
  const bundles: string[] = [];
  for (const { seq, epoch } of rows) {
    const { ask, validators, quorum } = await seal({ seq });
    expect({ validators, quorum }).toEqual({ validators: setOf(epoch).map(({ id }) => id), quorum: [3, 3, 2][seq] });
    const gone = await publish({ seq, cosignatures: collectedBy(ask, [0, 1]) });
    expect(gone.ok).toBe(false);
    const published = await publish({ seq, cosignatures: collectedBy(ask, [1, 2, 3].slice(-setOf(epoch).length)) });
    bundles.push(published.ok ? published.folder : '');
  }
  const policies = [1, 2, 3].map((epoch) => formatPolicy(policyOf(NETWORK, setOf(epoch))));
  for (const [i, folder] of bundles.entries())
    expect(policies.map((policy) => verifyBundle(folder, { policy })).map((got) => (got.ok ? 'OK' : got.code))).toEqual(
      [0, 1, 2].map((own) => (own === i ? 'OK' : 'POLICY_NOT_TRUSTED')),
    );
});

test('a set of unequal power cosigns by power: one heavy and one light validator are a quorum, three light ones are none', async () => {
  const heavy = () => validatorsOf().map((each, i) => ({ ...each, power: i === 0 ? 4 : 1 }));
  const { 'archive.seal': seal, 'archive.publish': publish } = ports('heavy', new MemoryDisk(), rows, heavy);
  const { ask, powers, quorum } = await seal({ seq: 0 });
  expect({ powers, quorum }).toEqual({ powers: [4, 1, 1, 1], quorum: 5 });
  expect(await publish({ seq: 0, cosignatures: collectedBy(ask, [1, 2, 3]) })).toMatchObject({
    ok: false,
    invalid: [],
  });
  const published = await publish({ seq: 0, cosignatures: collectedBy(ask, [0, 1]) });
  expect(published.ok && verifyBundle(published.folder)).toMatchObject({ ok: true, value: { quorum: 5 } });
});

test('a repeat with other signatures after a restart gives the same bytes', async () => {
  const disk = new MemoryDisk();
  const { ask } = await ports('repeat', disk)['archive.seal']({ seq: 0 });
  const first = await ports('repeat', disk)['archive.publish']({ seq: 0, cosignatures: collectedBy(ask, [0, 1, 2]) });
  const folder = first.ok ? first.folder : '';
  const bytes = await folderBytes(folder);
  await rm(folder, { recursive: true });
  const again = await ports('repeat', disk)['archive.publish']({
    seq: 0,
    cosignatures: collectedBy(ask, [1, 2, 3], 1_700_000_999),
  });
  expect(again).toEqual(first);
  expect(await folderBytes(folder)).toEqual(bytes);
});

test('sealing twice, or a later settlement first, gives the same records', async () => {
  const inOrder = ports('order');
  const later = ports('later');
  const last = await later['archive.seal']({ seq: 2 });
  for (const { seq } of rows) await inOrder['archive.seal']({ seq });
  expect(await inOrder['archive.seal']({ seq: 2 })).toEqual(last);
  expect(await later['archive.seal']({ seq: 0 })).toEqual(await inOrder['archive.seal']({ seq: 0 }));
});

test('a settlement that the ledger does not have yet fails with its code, to be tried again', async () => {
  await expect(ports('early')['archive.seal']({ seq: 3 })).rejects.toMatchObject({ code: 'SETTLEMENT_UNKNOWN' });
});

test('a ledger that mints money is not archived', async () => {
  const minting = rowsOf([[{ a: 'credit', k: 'thief', d: 1n }]]);
  await expect(ports('mint', new MemoryDisk(), minting)['archive.seal']({ seq: 0 })).rejects.toMatchObject({
    code: 'SETTLEMENT_REFUSED',
    data: { reason: 'RECORD_NOT_ZERO_SUM' },
  });
});

test('false cosignatures are named and nothing is written', async () => {
  const { 'archive.seal': seal, 'archive.publish': publish } = ports('false');
  const { ask } = await seal({ seq: 0 });
  const [a, b, c] = collectedBy(ask, [0, 1, 2]);
  const forged = { ...at(collectedBy(ask, [2]), 0), time_s: 1 };
  const stranger = { validator: strangerKey.id, time_s: 1, signature: new Uint8Array(64) };
  const cosignatures = [a, b].filter((x) => x !== undefined);
  expect(await publish({ seq: 0, cosignatures: [...cosignatures, forged, stranger] })).toEqual({
    ok: false,
    seq: 0,
    invalid: [at(messageKeys, 2).id, strangerKey.id],
  });
  // One validator twice is one cosigner.
  expect(await publish({ seq: 0, cosignatures: [...cosignatures, ...cosignatures] })).toMatchObject({ ok: false });
  await expect(readdir(join(root, 'false'))).rejects.toMatchObject({ code: 'ENOENT' });
  expect(
    await publish({ seq: 0, cosignatures: [...cosignatures, ...(c === undefined ? [] : [c]), stranger] }),
  ).toMatchObject({ ok: true });
});

test('a folder that cannot be written is a failure with its code', async () => {
  await writeFile(join(root, 'blocked'), 'a file where the folder should be');
  const { 'archive.seal': seal, 'archive.publish': publish } = ports('blocked');
  const { ask } = await seal({ seq: 0 });
  await expect(publish({ seq: 0, cosignatures: collectedBy(ask, [0, 1, 2]) })).rejects.toMatchObject({
    code: 'ARCHIVE_WRITE_FAILED',
  });
});

test('a record that rots on disk stops the archiver at its next start', async () => {
  const disk = new MemoryDisk();
  await ports('rot', disk)['archive.seal']({ seq: 1 });
  const key = [...disk.rows.keys()].find((k) => k.startsWith('blocks/')) ?? '';
  disk.rows.set(key, Uint8Array.of(1, 2, 3));
  await expect(ports('rot', disk)['archive.seal']({ seq: 2 })).rejects.toMatchObject({ code: 'BLOCK_CORRUPT' });
});
