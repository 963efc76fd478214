// Draw proofs: caught from the blocks that carry them, stored, and verified from nothing but the genesis.
import { expect, test } from 'vitest';
import { DrawArchive } from '#runtime/gateway/draw-archive.ts';
import { verifyDrawBundle } from '#runtime/gateway/draw-bundle.ts';
import { DrawIndex } from '#runtime/gateway/draw-index.ts';
import { MemoryDisk, openMemoryStore } from '#runtime/store/memory-store.ts';
import { DrawBundle } from '#schemas/work/draw-bundle.ts';
import { CHAIN, id, WORKERS } from '../settlement/world/chain.ts';
import { type Behaviour, run } from '../settlement/world/nodes.ts';
import { SeenWorld, worldCrypto } from './seen-world.ts';

async function archived(units: number, behaviours?: ReadonlyMap<string, Behaviour>) {
  const world = new SeenWorld();
  const store = openMemoryStore(new MemoryDisk());
  const archive = await DrawArchive.open(CHAIN, world.ledger, store, worldCrypto);
  const writes: Promise<void>[] = [];
  world.reads.onBlock((seen) => void writes.push(store.batch(archive.hear(seen))));
  world.submitJob(units);
  run(world, () => world.events('job.finished').length > 0, behaviours);
  await Promise.all(writes);
  const job = world.ledger.jobs()[0]?.id ?? '';
  return { world, store, archive, unit: (index: number) => `${job}/${index}` };
}

test('each unit’s draws can be proven, for work and for audit, and are those that the ledger made', async () => {
  const { world, archive, unit } = await archived(8);
  for (let index = 0; index < 8; index++) {
    const draws = await archive.of(unit(index));
    expect(draws.map(({ bundle }) => bundle.purpose)).toEqual(['work', 'audit']);
    const receipt = world.ledger.receipt(unit(index));
    expect(draws.map(({ bundle }) => bundle.drawn)).toEqual([[receipt?.worker], receipt?.auditors]);
    expect(draws[0]?.explanation).toEqual(world.ledger.explainDraw(unit(index), 'work'));
    for (const { bundle, explanation } of draws) {
      const travelled = DrawBundle.parse(JSON.parse(JSON.stringify(bundle)));
      expect(verifyDrawBundle(travelled, world.reads.chain, worldCrypto)).toEqual({ ok: true, value: explanation });
    }
  }
});

test('every attempt of a unit that was redone keeps its proof', async () => {
  const liar = WORKERS[0] ?? '';
  const { world, archive } = await archived(12, new Map([[liar, { lies: [0, 1, 2, 3] }]]));
  const redone = world.events('unit.requeued')[0]?.unit ?? '';
  const draws = await archive.of(redone);
  expect(draws.map(({ bundle }) => `${bundle.attempt} ${bundle.purpose}`)).toEqual([
    '1 work',
    '1 audit',
    '2 work',
    '2 audit',
  ]);
  expect(draws[2]?.explanation.filter.excluded).toContain(liar);
});

test('a bundle that was bent anywhere is refused', async () => {
  const { world, archive, unit } = await archived(4);
  const [, proven] = await archive.of(unit(0));
  const good = DrawBundle.parse(proven?.bundle);
  const other = (await archive.of(unit(1)))[1]?.bundle ?? good;
  const flip = (hex: string) => hex.slice(0, -1) + (hex.endsWith('0') ? '1' : '0');
  const bent: [string, DrawBundle][] = [
    ['other nodes', { ...good, drawn: good.drawn.toReversed() }],
    ['a header that nobody signed', { ...good, header: flip(good.header) }],
    ['a certificate with a false signature', { ...good, certificate: flip(good.certificate) }],
    ['another attempt', { ...good, attempt: 2 }],
    ['another purpose', { ...good, purpose: 'work' }],
    ['another height', { ...good, height: good.height - 1 }],
    ['another unit', { ...good, unit: unit(1) }],
    ['another chain', { ...good, chain: id('elsewhere') }],
    ['another unit’s row', { ...good, rows: { ...good.rows, unit: other.rows.unit } }],
    [
      'a pool without a member',
      { ...good, rows: { ...good.rows, pool: { ...good.rows.pool, value: flip(good.rows.pool.value ?? '') } } },
    ],
    ['a job without a row', { ...good, rows: { ...good.rows, job: { ...good.rows.job, value: null } } }],
    ['no worker to bar', { ...good, rows: { ...good.rows, worker: null } }],
    ['bytes that are no certificate', { ...good, certificate: '00' }],
  ];
  const codeOf = (bundle: DrawBundle) => {
    const verified = verifyDrawBundle(bundle, world.reads.chain, worldCrypto);
    return verified.ok ? 'taken' : verified.code;
  };
  expect(bent.map(([what, bundle]) => [what, codeOf(bundle)])).toEqual(
    bent.map(([what]) => [what, 'DRAW_PROOF_INVALID']),
  );
});

test('a gateway that starts again still has the proofs of its earlier life', async () => {
  const { world, store, unit } = await archived(4);
  const again = await DrawArchive.open(CHAIN, world.ledger, store, worldCrypto);
  expect(await again.of(unit(0))).toHaveLength(2);
});

test('the archive of draws drops its oldest heights, and pools that no height needs, when it is full', () => {
  const index = new DrawIndex(1_000);
  index.addPool(1, 100);
  expect(index.add(10, 1, ['a'], 400)).toEqual({ heights: [], pools: [] });
  index.addPool(2, 100);
  expect(index.add(11, 2, ['a', 'b'], 400)).toEqual({ heights: [], pools: [] });
  expect(index.add(12, 2, ['b'], 400)).toEqual({ heights: [10], pools: [1] });
  expect(index.heightsOf('a')).toEqual([11]);
  expect(index.add(13, 2, ['c'], 5_000)).toEqual({ heights: [11, 12], pools: [] });
  expect([index.heightsOf('a'), index.heightsOf('b'), index.heightsOf('c')]).toEqual([[], [], [13]]);
});
