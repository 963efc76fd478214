// What actors hear of the ledger and what they submit to it.
import { describe, expect, test } from 'vitest';
import type { Clock } from '#runtime/host/ports.ts';
import { MemoryDisk } from '#runtime/store/memory-store.ts';
import type { LedgerEvent } from '#schemas/settlement/state.ts';
import { decodeTx } from '#schemas/settlement/tx-codec.ts';
import {
  HEIGHT_ROW_EVERY,
  MAX_ACTOR_FAULTS,
  MAX_MEMPOOL_TXS_PER_ACCOUNT,
  SUBMIT_EXPIRY_HEIGHTS,
} from '#schemas/wire/limits.ts';
import { subject } from '#schemas/wire/subjects.ts';
import { Outsider, signerOf, type TestNode, World } from './world.ts';

const [a, b] = [signerOf('a'), signerOf('b')];
const finished: LedgerEvent = { type: 'job.finished', job: 'f'.repeat(32) };
const assigned = (worker: string): LedgerEvent => ({
  type: 'unit.assigned',
  unit: 'u',
  attempt: 1,
  worker,
  kernel: 'noop/v1',
  start: new Uint8Array(16),
  unit_log2: 8,
  deadline_ms: 0,
});
const parked: LedgerEvent = { type: 'unit.parked', unit: 'u' };

const blocks = async (node: TestNode, actor = a) =>
  (await node.data(actor)).heard.filter((text) => text.startsWith('block'));

describe('blocks', () => {
  test('an actor hears the events that concern it, in height order', async () => {
    const node = await new World().node({ actors: [a, b] });
    await node.host.deliverBlock(1, 1_000, [assigned(a.id), parked, finished]);
    await node.host.deliverBlock(2, 2_000, [assigned(b.id)]);
    await node.host.deliverBlock(3, 3_000, []);
    expect(await blocks(node)).toEqual(['block 1 unit.assigned,job.finished']);
    expect(await blocks(node, b)).toEqual(['block 1 job.finished', 'block 2 unit.assigned']);
    expect(node.host.ledgerWatermark()).toBe(3);
  });

  test('a block that comes again is not heard again, before and after a restart', async () => {
    const world = new World();
    const node = await world.node({ actors: [a] });
    await node.host.deliverBlock(1, 1_000, [finished]);
    await node.host.deliverBlock(1, 1_000, [finished]);
    await node.kill();
    const again = await world.node({ actors: [a], disk: node.disk });
    expect(again.host.ledgerWatermark()).toBe(1);
    await again.host.deliverBlock(1, 1_000, [finished]);
    await again.host.deliverBlock(2, 2_000, [finished]);
    expect(await blocks(again)).toEqual(['block 1 job.finished', 'block 2 job.finished']);
  });

  test('blocks that concern nobody cost no write, and few are repeated after a crash', async () => {
    const world = new World();
    let writes = 0;
    const node = await world.node({ actors: [a], fault: () => void writes++ });
    const before = writes;
    for (let height = 1; height <= 10 * HEIGHT_ROW_EVERY; height++)
      await node.host.deliverBlock(height, height, [parked]);
    expect(writes - before).toBe(10);
    await node.kill();
    const again = await world.node({ actors: [a], disk: node.disk });
    expect(again.host.ledgerWatermark()).toBeGreaterThan(9 * HEIGHT_ROW_EVERY);
  });

  test('an actor that is new on an old node hears the chain from its beginning, its neighbour nothing twice', async () => {
    const world = new World();
    const node = await world.node({ actors: [a] });
    await node.host.deliverBlock(1, 1_000, [finished]);
    await node.host.deliverBlock(2, 2_000, [finished]);
    await node.drain();
    const grown = await world.node({ actors: [a, b], disk: node.disk });
    expect(grown.host.ledgerWatermark()).toBe(0);
    for (const height of [1, 2, 3]) await grown.host.deliverBlock(height, height * 1_000, [finished]);
    expect(await blocks(grown, b)).toEqual([1, 2, 3].map((height) => `block ${height} job.finished`));
    expect(await blocks(grown)).toEqual([1, 2, 3].map((height) => `block ${height} job.finished`));
    expect(grown.host.ledgerWatermark()).toBe(3);
  });

  test('a stopped actor hears the blocks that it missed after it is resumed', async () => {
    const world = new World();
    const node = await world.node({ actors: [a, b] });
    await node.host.deliverBlock(1, 1_000, [finished]);
    new Outsider(world, 'peer').order(a, ...Array.from({ length: MAX_ACTOR_FAULTS }, () => ({ do: 'throw' })));
    await world.until(async () => (await node.host.inspect(a.id)).is_stopped);
    await node.host.deliverBlock(2, 2_000, [finished]);
    expect(node.host.ledgerWatermark()).toBe(1);
    await node.host.quarantine.resume(a.id);
    for (const height of [2, 3]) await node.host.deliverBlock(height, height * 1_000, [finished]);
    expect(await blocks(node)).toEqual([1, 2, 3].map((height) => `block ${height} job.finished`));
    expect(await blocks(node, b)).toEqual([1, 2, 3].map((height) => `block ${height} job.finished`));
    expect(node.host.ledgerWatermark()).toBe(3);
  });
});

describe('transactions', () => {
  const submit = (amount: bigint) => ({ do: 'submit', to: b.id, amount });

  /** A world whose ledger consumes in nonce order what it hears; `isOpen` false: it hears nothing. */
  async function setUp(disk = new MemoryDisk()) {
    const world = new World();
    const ledger = { isOpen: true, amounts: [] as bigint[], seen_count: 0 };
    world.broker.connect('ledger').subscribe(subject.transactionAll, ({ data }) => {
      const got = decodeTx(data);
      if (!got.ok) throw new Error(got.code);
      ledger.seen_count++;
      const { account, nonce, body, expiry_height } = got.value.tx;
      const next = world.ledger.nextNonces.get(account) ?? 0;
      if (!ledger.isOpen || nonce !== next || expiry_height < world.ledger.at) return;
      world.ledger.nextNonces.set(account, next + 1);
      if (body.type === 'transfer') ledger.amounts.push(body.amount_units);
    });
    return { world, ledger, node: await world.node({ actors: [a], disk }), peer: new Outsider(world, 'peer') };
  }

  test('transactions get contiguous nonces and reach the ledger once, in order', async () => {
    const { world, ledger, node, peer } = await setUp();
    peer.order(a, submit(1n), submit(2n));
    peer.order(a, submit(3n));
    await world.until(() => ledger.amounts.length === 3);
    expect(ledger.amounts).toEqual([1n, 2n, 3n]);
    await world.until(async () => (await node.host.inspect(a.id)).submits.length === 0);
    // Consumed rows go with the next thing that is written.
    await node.drain();
    expect([...node.disk.rows.keys()].some((key) => key.startsWith('submit/'))).toBe(false);
  });

  test('a consumed transaction whose row a crash left is not sent again', async () => {
    const { world, ledger, node, peer } = await setUp();
    peer.order(a, submit(1n));
    await world.until(() => ledger.amounts.length === 1);
    await world.until(async () => (await node.host.inspect(a.id)).submits.length === 0);
    await node.kill();
    expect([...node.disk.rows.keys()].some((key) => key.startsWith('submit/'))).toBe(true);
    const seen_count = ledger.seen_count;
    const again = await world.node({ actors: [a], disk: node.disk });
    await world.until(async () => (await again.host.inspect(a.id)).submits.length === 0);
    expect(ledger.seen_count).toBe(seen_count);
    expect(ledger.amounts).toEqual([1n]);
  });

  test('a transaction is repeated until the ledger has it, over a restart too', async () => {
    const { world, ledger, node, peer } = await setUp();
    ledger.isOpen = false;
    peer.order(a, submit(1n), submit(2n));
    await world.until(async () => (await node.host.inspect(a.id)).submits.length === 2);
    await node.kill();
    const again = await world.node({ actors: [a], disk: node.disk });
    expect((await again.host.inspect(a.id)).submits).toEqual([0, 1]);
    ledger.isOpen = true;
    await world.until(() => ledger.amounts.length === 2);
    expect(ledger.amounts).toEqual([1n, 2n]);
  });

  test('a clock that is set back does not hold up a repeat', async () => {
    const { world, ledger, node } = await setUp();
    await node.kill();
    ledger.isOpen = false;
    let skew_ms = 3_600_000;
    const setTimer: Clock['setTimer'] = (delay_ms, fire) => world.clock.setTimer(delay_ms, fire);
    const clock = { now_ms: () => world.clock.now_ms() + skew_ms, setTimer };
    const again = await world.node({ actors: [a], disk: node.disk, clock });
    new Outsider(world, 'other', clock).order(a, submit(1n));
    await world.until(() => ledger.seen_count > 0);
    skew_ms = 0;
    ledger.isOpen = true;
    await world.pass(60_000);
    expect(ledger.amounts).toEqual([1n]);
    await again.drain();
  });

  test('a transaction that expired is signed again under its nonce', async () => {
    const { world, ledger, node, peer } = await setUp();
    ledger.isOpen = false;
    peer.order(a, submit(1n));
    await world.until(async () => (await node.host.inspect(a.id)).submits.length === 1);
    world.ledger.at = 2 * SUBMIT_EXPIRY_HEIGHTS;
    ledger.isOpen = true;
    await world.until(() => ledger.amounts.length === 1);
    expect(world.ledger.nextNonces.get(a.id)).toBe(1);
  });

  test('no more are under way than a validator holds of one account', async () => {
    const { world, ledger, node, peer } = await setUp();
    ledger.isOpen = false;
    const count = MAX_MEMPOOL_TXS_PER_ACCOUNT + 50;
    peer.order(a, ...Array.from({ length: count }, () => submit(1n)));
    await world.until(async () => (await node.host.inspect(a.id)).submits.length === count);
    await world.pass(100);
    expect(ledger.seen_count).toBe(MAX_MEMPOOL_TXS_PER_ACCOUNT);
    ledger.isOpen = true;
    await world.until(() => ledger.amounts.length === count);
  });

  test('a node restored from a backup goes on from the nonce of the ledger', async () => {
    const { world, ledger, node, peer } = await setUp();
    peer.order(a, submit(1n));
    await world.until(() => ledger.amounts.length === 1);
    const backup = node.disk.copy();
    peer.order(a, submit(2n));
    await world.until(() => ledger.amounts.length === 2);
    await node.kill();
    // Else it would hear again what the broker still holds for it: it cannot know that it did.
    world.broker.streams.lose('MBOX');
    const restored = await world.node({ actors: [a], disk: backup });
    new Outsider(world, 'other').order(a, submit(3n));
    await world.until(() => ledger.amounts.length === 3);
    expect(ledger.amounts).toEqual([1n, 2n, 3n]);
    expect((await restored.data(a)).heard).toEqual(['started']);
  });
});
