// What grows is bounded: the record of a settlement, the history of draws, and the units handled in one block.
import { expect, test } from 'vitest';
import { chunks } from '#machines/primitives/chunks.ts';
import { settle } from '#machines/settlement/accounts.ts';
import { openBooks } from '#machines/settlement/books.ts';
import { closeIfFull, restoreSettled } from '#machines/settlement/epochs.ts';
import { openGenesis } from '#machines/settlement/genesis-rows.ts';
import { dropHistory } from '#machines/settlement/pools.ts';
import { releaseUnit } from '#machines/settlement/units.ts';
import type { TxBody } from '#schemas/settlement/transaction.ts';
import {
  MAX_AUDITS_PER_BLOCK,
  MAX_BATCH_ITEMS,
  MAX_DRAW_HISTORY_HEIGHTS,
  MAX_RELEASES_PER_BLOCK,
} from '#schemas/wire/limits.ts';
import { CHAIN, CLIENT, genesisOf, id, START_MS, twinCrypto, WORKERS, World } from './world/chain.ts';
import { commitOf, resultsBody, revealOf } from './world/nodes.ts';

test('a settlement closes before its record could grow beyond its limit, and what follows goes into the next', () => {
  const books = openBooks(genesisOf(), CHAIN, twinCrypto);
  openGenesis(books);
  const settled = restoreSettled(books);
  for (let i = 0; i < 7_000; i++) {
    settle(books, 'credit', CLIENT, [{ key: id(`worker ${i}`), amount_units: 1n }]);
    closeIfFull(books, settled);
  }
  const closed = books.tables.settlements.get('0');
  expect(books.tables.settlements.size).toBe(1);
  expect(closed?.entries).toHaveLength(6_145);
  expect(closed?.entries.find(({ k }) => k === CLIENT)?.d).toBe(-6_144n);
  expect(books.tables.unsettled.get(`credit/${CLIENT}`)?.difference_units).toBe(-(7_000n - 6_144n));
});

test('the history of draws is cut to nine tenths of its limit; what a unit under way rests on stays', () => {
  const books = openBooks(genesisOf(), CHAIN, twinCrypto);
  openGenesis(books);
  books.block = { height: 3, time_ms: START_MS };
  releaseUnit(books, `${'0'.repeat(32)}/0`);
  const { beacons, pools } = books.tables;
  for (let height = 1; height <= MAX_DRAW_HISTORY_HEIGHTS; height++) {
    const pool_version = Math.ceil(height / 100);
    beacons.put(`${height}`, { signature: new Uint8Array(96), pool_version });
    pools.put(`${pool_version}`, { members: new Uint8Array(64) });
  }
  dropHistory(books);
  expect(beacons.size).toBe(MAX_DRAW_HISTORY_HEIGHTS);
  beacons.put(`${MAX_DRAW_HISTORY_HEIGHTS + 1}`, { signature: new Uint8Array(96), pool_version: 100 });
  dropHistory(books);
  expect(beacons.size).toBe((MAX_DRAW_HISTORY_HEIGHTS / 10) * 9);
  expect([beacons.has('3'), beacons.has('4'), beacons.has('1002'), beacons.has('1003')]).toEqual([
    true,
    false,
    false,
    true,
  ]);
  expect([pools.has('1'), pools.has('2'), pools.has('11')]).toEqual([true, false, true]);
});

test('one block releases a bounded number of units, the next ones the rest', () => {
  const world = new World({ params: { open_units_per_worker: 400 } });
  world.heartbeats();
  world.block();
  world.submitJob(2_000, 10n);
  const released = () => world.events('unit.drawable').length;
  world.block();
  expect(released()).toBe(MAX_RELEASES_PER_BLOCK);
  world.block();
  expect(released()).toBe(2_000);
});

test('one block names the auditors of a bounded number of units, the next beacon those of the rest', () => {
  const world = new World({ params: { open_units_per_worker: 400 } });
  const units_count = MAX_AUDITS_PER_BLOCK + 3;
  world.heartbeats();
  world.submitJob(units_count, 10n);
  const drawn = () => world.events('unit.assigned');
  while (drawn().length < units_count) {
    world.draw();
    world.block();
  }
  const sendAll = (bodyOf: (batch: ReturnType<typeof drawn>) => TxBody): void => {
    for (const worker of WORKERS)
      for (const batch of chunks(
        drawn().filter((unit) => unit.worker === worker),
        MAX_BATCH_ITEMS,
      ))
        world.send(worker, bodyOf(batch));
    world.block();
  };
  sendAll((batch) => resultsBody({ commits: batch.map(({ worker, unit }) => commitOf(worker, unit, 1)) }));
  sendAll((batch) => resultsBody({ reveals: batch.map(({ unit }) => revealOf(unit, 1)) }));
  const named = () => world.events('audit.assigned').length;
  const counts = [1, 2].map(() => {
    world.block();
    return named();
  });
  expect(world.events('unit.revealed')).toHaveLength(units_count);
  expect(counts).toEqual([MAX_AUDITS_PER_BLOCK, units_count]);
  expect(world.ledger.waitsForBeacon()).toBe(false);
});

test('units are released oldest job first, and only as many as the workers that are there may hold', () => {
  const world = new World();
  world.heartbeats(WORKERS.slice(0, 2));
  world.submitJob(3, 10n, 'first');
  world.block();
  world.submitJob(3, 10n, 'second');
  world.block();
  const [first, second] = world.ledger.jobs();
  expect([first?.released_count, second?.released_count]).toEqual([3, 1]);
});
