// SIGKILL at every step of sealing and publishing: afterwards there is one record, one bundle, and always the same bytes.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { createArchivePorts } from '#runtime/archive/ports.ts';
import { verifyBundle } from '#runtime/archive/verify.ts';
import { openRocksStore } from '#runtime/store/rocks-store.ts';
import { folderBytes } from './bundle-folder.ts';
import { collectedBy, handoversTo, ledgerOf, NETWORK, PAYMENTS, rowsOf, validatorsOf } from './network.ts';

const CHILD = new URL('./kill-child.ts', import.meta.url).pathname;
const seq = 1;
const root = await mkdtemp(join(tmpdir(), 'kill-'));
afterAll(() => rm(root, { recursive: true }));

/** Run the child; the signal that ended it, or null when it came to its end. */
async function runChild(dir: string, dieAtStep: number): Promise<NodeJS.Signals | null> {
  const child = spawn(process.execPath, [CHILD, dir, String(dieAtStep)], { stdio: ['ignore', 'ignore', 'inherit'] });
  const [code, signal] = (await once(child, 'exit')) as [number | null, NodeJS.Signals | null];
  if (signal === null && code !== 0) throw new Error(`the child failed with ${code}`);
  return signal;
}

/** What the next life of the archiver makes of the disk; it collects other signatures than the life before. */
async function recover(dir: string) {
  const store = await openRocksStore(join(dir, 'db'));
  const ports = createArchivePorts({
    store,
    dir: join(dir, 'bundles'),
    network: NETWORK,
    validatorsOf,
    handoversTo,
    settlement: ledgerOf(rowsOf(PAYMENTS)),
  });
  const { ask, cid } = await ports['archive.seal']({ seq });
  const published = await ports['archive.publish']({ seq, cosignatures: collectedBy(ask, [1, 2, 3], 2_000) });
  const records: string[] = [];
  for await (const [key] of store.scan('archiver/record/')) records.push(key);
  await store.close();
  if (!published.ok) throw new Error('not published');
  return { cid, records, bytes: await folderBytes(published.folder), folder: published.folder };
}

test('SIGKILL at each step leaves exactly one record and one bundle', async () => {
  const untouched = join(root, 'untouched');
  expect(await runChild(untouched, 0)).toBeNull();
  const first = await recover(untouched);
  const second = await recover(join(root, 'only-second'));
  expect(first.bytes['checkpoint']).not.toBe(second.bytes['checkpoint']);

  const outcomes: ('first' | 'second')[] = [];
  for (let step = 1; ; step++) {
    const dir = join(root, `step-${step}`);
    if ((await runChild(dir, step)) === null) break;
    const after = await recover(dir);
    expect(after.cid).toBe(first.cid);
    expect(after.records).toHaveLength(seq + 1);
    expect(await readdir(join(dir, 'bundles'))).toEqual(['settlement-1']);
    expect(after.bytes['bundle.car']).toBe(first.bytes['bundle.car']);
    expect(verifyBundle(after.folder).ok).toBe(true);
    // Whole bundles only: the first life's to the byte once its intent was on disk, the second life's before.
    const isFirst = after.bytes['checkpoint'] === first.bytes['checkpoint'];
    expect(after.bytes).toEqual(isFirst ? first.bytes : second.bytes);
    outcomes.push(isFirst ? 'first' : 'second');
  }
  // Two records and the intent come first; a kill in the middle of the intent's batch may fall on either side.
  expect(outcomes.slice(0, 4)).toEqual(['second', 'second', 'second', 'second']);
  expect(outcomes.slice(5)).toEqual(outcomes.slice(5).map(() => 'first'));
  expect(outcomes.length).toBe(40);
}, 120_000);
