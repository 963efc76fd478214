// A replica executes what a quorum certified, in order, whatever it hears besides; and asks for what it missed.
import { describe, expect, test, vi } from 'vitest';
import { MemoryBroker } from '#runtime/bus/memory-bus.ts';
import { finalOps } from '#runtime/consensus/block-store.ts';
import { productionCrypto } from '#runtime/node/crypto.ts';
import { readLedgerRows } from '#runtime/node/ledger-rows.ts';
import { openReplica } from '#runtime/node/replica.ts';
import { loadLedger } from '#runtime/node/stored-ledger.ts';
import { createLog } from '#runtime/observe/log.ts';
import { createMetrics } from '#runtime/observe/metrics.ts';
import { MemoryDisk, openMemoryStore } from '#runtime/store/memory-store.ts';
import { decodeConsensusMessage, encodeConsensusMessage, encodeFinalBlock } from '#schemas/consensus/message-codec.ts';
import type { CommitConflict, FinalBlock } from '#schemas/consensus/types.ts';
import { MAX_SYNC_BLOCKS } from '#schemas/wire/limits.ts';
import { subject } from '#schemas/wire/subjects.ts';
import { signerOf, TestClock } from '../host/world.ts';
import { Author } from './author.ts';

/** The machine may be busy: nothing here goes by time. */
const PATIENT = { timeout: 60_000, interval: 5 };

const settle = async (): Promise<void> => {
  for (let turns = 0; turns < 20; turns++) await new Promise((resolve) => setImmediate(resolve));
};

/** A replica over an author's chain, with its ears open. */
async function follow(
  author = new Author(),
  disk = new MemoryDisk(),
  broker = new MemoryBroker(),
  onWritten: () => Promise<void> = () => Promise.resolve(),
) {
  const writes: number[] = [];
  const store = openMemoryStore(disk, (ops) => void writes.push(ops.length));
  const clock = new TestClock();
  const metrics = createMetrics();
  const heights: number[] = [];
  const failures: unknown[] = [];
  const conflicts: CommitConflict[] = [];
  const replica = await openReplica({
    chain: author.chain,
    store: { ...store, append: (ops) => store.append(ops).then(onWritten) },
    bus: broker.connect('follower'),
    clock,
    log: createLog('follower', 'silent'),
    metrics,
    hears: () => true,
    onBlock: ({ checked }) => heights.push(checked.header.height),
    keepConflict: async (conflict) => void conflicts.push(conflict),
    onFailure: (error) => failures.push(error),
  });
  replica.start();
  const validator = broker.connect(author.keys[0]?.id ?? '');
  const say = async (...blocks: readonly FinalBlock[]): Promise<void> => {
    for (const block of blocks) validator.cast(subject.block(author.keys[0]?.id ?? ''), encodeFinalBlock(block));
    await settle();
  };
  const counted = async (code: string): Promise<boolean> =>
    (await metrics.text()).includes(`refusals_total{code="${code}"}`);
  const stop = async (): Promise<void> => {
    await replica.close();
    await store.close();
  };
  return { author, disk, broker, clock, replica, heights, failures, conflicts, writes, say, counted, stop };
}
const TIP = { id: '00'.repeat(32), time_ms: 0, state_root: '00'.repeat(32) };
const written = (count: number, author = new Author()): Author => {
  for (let blocks = 0; blocks < count; blocks++) author.append();
  return author;
};

test('blocks that come out of order are executed in order, once each', async () => {
  const author = written(4);
  const { replica, heights, say } = await follow(author);
  const [a, b, c, d] = author.blocks as [FinalBlock, FinalBlock, FinalBlock, FinalBlock];
  await say(c, a, a, d, b, c);
  expect(heights).toEqual([1, 2, 3, 4]);
  expect(replica.ledger.stateRoot()).toBe(author.ledger.stateRoot());
});

/** Blocks a second apart: those of even height are checkpoints. */
const slow = (count: number): Author => written(count, new Author(1_000));

test('the last checkpoint is on disk: it goes on from there, and executes the rest again', async () => {
  const author = slow(5);
  const first = await follow(author);
  await first.say(...author.blocks);
  await first.stop();
  const again = await follow(author, first.disk);
  expect(again.replica.ledger.height()).toBe(4);
  await again.say(...author.blocks.slice(4));
  expect(again.heights).toEqual([5]);
  expect(again.replica.ledger.stateRoot()).toBe(author.ledger.stateRoot());
});

test('a power cut takes back whole checkpoints that nobody synced: their blocks are executed again', async () => {
  const author = slow(5);
  const first = await follow(author);
  await first.say(...author.blocks.slice(0, 2));
  first.disk.sync();
  await first.say(...author.blocks.slice(2));
  const again = await follow(author, first.disk);
  expect(again.replica.ledger.height()).toBe(2);
  await again.say(...author.blocks.slice(2));
  expect([again.heights, again.failures]).toEqual([[3, 4, 5], []]);
  expect(again.replica.ledger.stateRoot()).toBe(author.ledger.stateRoot());
});

test('the rows of a checkpoint are one write, in which each stands once', async () => {
  const author = slow(2);
  const [first, second] = author.blocks as [FinalBlock, FinalBlock];
  const { writes, disk, say } = await follow(author);
  await say(first);
  expect(writes).toEqual([]);
  await say(second);
  expect(writes).toEqual([disk.rows.size]);
});

test('a block is told as soon as the ledger shows it, however long rows take: nobody takes it for a block that did nothing', async () => {
  const author = slow(4);
  const never = () => new Promise<void>(() => undefined);
  const { replica, heights, say } = await follow(author, new MemoryDisk(), new MemoryBroker(), never);
  await say(...author.blocks);
  expect([replica.ledger.height(), heights]).toEqual([4, [1, 2, 3, 4]]);
});

test('whoever restarts between checkpoints takes the next one where all others do', async () => {
  const author = written(12, new Author(400));
  const first = await follow(author);
  await first.say(...author.blocks.slice(0, 8));
  await first.stop();
  const again = await follow(author, first.disk);
  await again.say(...author.blocks.slice(again.replica.ledger.height()));
  expect(again.failures).toEqual([]);
  expect([again.replica.ledger.height(), again.replica.ledger.stateRoot()]).toEqual([12, author.ledger.stateRoot()]);
});

test('a validator executes again the blocks above its rows', async () => {
  const author = slow(3);
  const store = openMemoryStore(new MemoryDisk());
  await store.batch(author.blocks.flatMap((block, i) => finalOps({ ...TIP, height: i + 1 }, block)));
  const load = () => loadLedger(author.chain, productionCrypto, store);
  const ledger = await load();
  expect([ledger.height(), ledger.stateRoot()]).toEqual([3, author.ledger.stateRoot()]);
  expect((await readLedgerRows(store)).length).toBeGreaterThan(0);
  expect([(await load()).height(), (await load()).stateRoot()]).toEqual([3, author.ledger.stateRoot()]);
});

test('a validator whose rows are not those that a quorum certified does not start', async () => {
  const author = slow(2);
  const store = openMemoryStore(new MemoryDisk());
  await store.batch(author.blocks.flatMap((block, i) => finalOps({ ...TIP, height: i + 1 }, block)));
  await loadLedger(author.chain, productionCrypto, store);
  const wrong = author.write({ state_root: '11'.repeat(32) });
  await store.batch(finalOps({ ...TIP, height: 3 }, wrong));
  await expect(loadLedger(author.chain, productionCrypto, store)).rejects.toThrow('another state by height 2');
});

describe('what a quorum did not certify is refused and counted', () => {
  const stranger = signerOf('stranger');
  test.each([
    ['too few votes', 'CERTIFICATE_INVALID', (author: Author) => author.write({}, author.keys.slice(0, 2))],
    ['votes of a stranger', 'SIGNATURE_INVALID', (author: Author) => author.write({}, [stranger, stranger, stranger])],
    ['another chain', 'NETWORK_MISMATCH', (author: Author) => author.write({ chain: 'ee'.repeat(32) })],
    [
      'other transactions than the header’s',
      'BLOCK_INVALID',
      (author: Author) => author.write({ txs_root: 'ee'.repeat(32) }),
    ],
    [
      'a certificate of another block',
      'CERTIFICATE_INVALID',
      (author: Author) => ({ ...author.write(), certificate: author.write({ proposer: 1 }).certificate }),
    ],
  ] as const)('%s', async (_name, code, forge) => {
    const { author, heights, say, counted } = await follow();
    await say(forge(author));
    expect(heights).toEqual([]);
    expect(await counted(code)).toBe(true);
  });

  test('bytes that are no block', async () => {
    const { broker, counted } = await follow();
    broker.connect('v').cast(subject.block('v'), new Uint8Array(50));
    await settle();
    expect(await counted('BLOCK_MALFORMED')).toBe(true);
  });

  test('and does not take the place of the true block', async () => {
    const { author, heights, say } = await follow();
    await say(author.write({ proposer: 3 }, author.keys.slice(0, 1)), author.append());
    expect(heights).toEqual([1]);
  });

  test('nor do thousands of forged ones of later heights', async () => {
    const { author, heights, say } = await follow();
    await say(
      ...Array.from({ length: 300 }, (_, ahead) => author.write({ height: 2 + ahead }, author.keys.slice(0, 1))),
    );
    await say(author.append());
    expect(heights).toEqual([1]);
  });
});

test('of a block too large for a message the certificate is told: the block is asked for', async () => {
  const author = written(2);
  const { heights, broker, counted } = await follow(author);
  const { id = '' } = author.keys[1] ?? {};
  broker
    .connect(id)
    .subscribe(subject.sync(id), ({ respond }) =>
      respond?.(encodeConsensusMessage({ type: 'range', blocks: author.blocks })),
    );
  const { certificate } = author.blocks[1] as FinalBlock;
  broker.connect('v').cast(subject.block('v'), encodeConsensusMessage({ type: 'certificate', certificate }));
  await settle();
  expect(heights).toEqual([1, 2]);
  expect(await counted('BLOCK_MALFORMED')).toBe(false);
});

describe('a fork ends the node, with the proof written', () => {
  const isEnded = ({ failures, conflicts }: Awaited<ReturnType<typeof follow>>, height: number): void => {
    expect(failures).toMatchObject([{ code: 'CONFLICTING_COMMITS' }]);
    expect(conflicts).toMatchObject([{ first: { height }, second: { height } }]);
  };

  test.each([
    ['executed', 0],
    ['not executed yet', 1],
  ])('two certified blocks of one height, the first %s', async (_, ahead) => {
    const author = written(ahead);
    const world = await follow(author);
    await world.say(author.write(), author.write({ proposer: 1 }));
    isEnded(world, ahead + 1);
    expect(world.heights).toEqual(ahead === 0 ? [1] : []);
  });

  test('a certified block on another parent: the parent is asked for', async () => {
    const [author, elsewhere] = [written(2), written(1)];
    const parent = elsewhere.write({ proposer: 1 });
    const child = elsewhere.write({ height: 3, previous: parent.certificate.value ?? '' });
    const broker = new MemoryBroker();
    const { id = '' } = author.keys[2] ?? {};
    broker
      .connect(id)
      .subscribe(subject.sync(id), ({ respond }) =>
        respond?.(encodeConsensusMessage({ type: 'range', blocks: [parent] })),
      );
    const world = await follow(author, new MemoryDisk(), broker);
    await world.say(...author.blocks, child);
    isEnded(world, 2);
    expect(world.heights).toEqual([1, 2]);
  });

  test('what a validator has stopped on; nothing false', async () => {
    const world = await follow();
    const { author, broker, counted } = world;
    const [{ certificate: first }, { certificate: second }] = [author.write(), author.write({ proposer: 1 })];
    const cast = async (conflict: CommitConflict): Promise<void> => {
      broker.connect('v').cast('cs.v1.1.0.conflict.v', encodeConsensusMessage({ type: 'conflict', conflict }));
      await settle();
    };
    await cast({ first, second: first, votes: [] });
    await cast({ first, second: { ...second, votes: second.votes.slice(1) }, votes: [] });
    expect([world.failures, await counted('EVIDENCE_FILE_FALSE')]).toEqual([[], true]);
    await cast({ first, second, votes: [] });
    await cast({ first, second, votes: [] });
    isEnded(world, 1);
  });
});

describe('what it missed', () => {
  /** Validators that answer requests, each in its way. */
  const serve = (
    broker: MemoryBroker,
    author: Author,
    answers: readonly (() => Uint8Array | undefined)[],
  ): number[] => {
    const asked: number[] = [];
    answers.forEach((answer, i) => {
      const id = author.keys[i]?.id ?? '';
      broker.connect(id).subscribe(subject.sync(id), ({ respond }) => {
        asked.push(i);
        const data = answer();
        if (data !== undefined) respond?.(data);
      });
    });
    return asked;
  };
  const range = (blocks: readonly FinalBlock[]) => encodeConsensusMessage({ type: 'range', blocks });

  test('is asked of one validator after another until one has it', async () => {
    const author = written(5);
    const forged = author.write({ height: 1 }, author.keys.slice(0, 1));
    const broker = new MemoryBroker();
    const last = () => range(author.blocks.slice(0, 4));
    const asked = serve(broker, author, [() => range([forged]), () => range([]), () => new Uint8Array(3), last]);
    const world = await follow(author, new MemoryDisk(), broker);
    await settle();
    await world.say(author.blocks[4] as FinalBlock);
    expect(world.heights).toEqual([1, 2, 3, 4, 5]);
    expect(asked.slice(0, 4)).toEqual([0, 1, 2, 3]);
    expect(await world.counted('CERTIFICATE_INVALID')).toBe(true);
    expect(await world.counted('CONSENSUS_MALFORMED')).toBe(true);
  });

  test('is asked of several validators at once where it is much, and of others where one withholds it', {
    timeout: 120_000,
  }, async () => {
    const author = written(3 * MAX_SYNC_BLOCKS);
    const broker = new MemoryBroker();
    /** Questions that wait, by who is asked: for the blocks from which height on. */
    const open = new Map<string, { readonly first: number; readonly answer: (holds: boolean) => void }>();
    for (const { id } of author.keys) {
      broker.connect(id).subscribe(subject.sync(id), ({ data, respond }) => {
        const question = decodeConsensusMessage(data);
        if (!question.ok || question.value.type !== 'range.request') throw new Error('another question');
        const { first_height: first, last_height: last } = question.value;
        open.set(id, { first, answer: (holds) => respond?.(range(holds ? author.blocks.slice(first - 1, last) : [])) });
      });
    }
    const world = await follow(author, new MemoryDisk(), broker);
    /** Waits until these ranges, by number, are asked for at once, each of another one; one of them may be withheld. */
    const answer = async (ranges: readonly number[], withheld?: number) => {
      const firsts = ranges.map((number) => number * MAX_SYNC_BLOCKS + 1);
      await vi.waitFor(() => expect([...open.values()].map(({ first }) => first)).toEqual(firsts), PATIENT);
      const asked = [...open.values()];
      open.clear();
      asked.forEach(({ answer }, i) => answer(ranges[i] !== withheld));
    };
    await answer([0]);
    await answer([1, 2, 3, 4], 1);
    await answer([1]);
    await vi.waitFor(() => expect(world.heights).toHaveLength(3 * MAX_SYNC_BLOCKS), PATIENT);
  });

  test('is asked for after a silence that is longer than the network’s longest', async () => {
    const author = written(2);
    const world = await follow(author);
    await settle();
    serve(
      world.broker,
      author,
      Array.from({ length: 4 }, () => () => range(author.blocks)),
    );
    world.clock.advance(author.chain.genesis.params.max_block_interval_ms + 1_000);
    await settle();
    expect(world.heights).toEqual([1, 2]);
  });
});

test('a certified block on another state than its own stops the node: one of them is wrong', async () => {
  const author = written(1);
  const { heights, failures, say } = await follow(author);
  await say(author.blocks[0] as FinalBlock, author.write({ state_root: 'dd'.repeat(32) }));
  expect(heights).toEqual([1]);
  expect(failures).toMatchObject([{ message: expect.stringContaining('must not go on') }]);
});
