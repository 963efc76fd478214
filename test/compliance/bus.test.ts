// What every bus promises, held against the real broker and against its twin in memory.
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import type { Bus } from '#runtime/bus/bus.ts';
import { MAX_MAILBOX_PER_SENDER } from '#schemas/wire/limits.ts';
import { subject } from '#schemas/wire/subjects.ts';
import { type Harness, type Peer, startJetStream, startMemory } from './bus-harness.ts';

const bytes = (text: string): Uint8Array => Buffer.from(text);
const collect =
  (into: string[]) =>
  ({ data }: { readonly data: Uint8Array }): void =>
    void into.push(Buffer.from(data).toString());
const numbered = (from: number, to: number): string[] => Array.from({ length: to - from }, (_, i) => String(from + i));
const until = (check: () => void | Promise<void>): Promise<void> => vi.waitFor(check, { timeout: 10_000, interval: 5 });

/** Resolves when the broker has seen everything that this bus asked for so far: a message to itself came back. */
async function settled(peer: Peer): Promise<void> {
  const back: string[] = [];
  const own = peer.bus.subscribe(subject.mailboxOf(peer.id), collect(back));
  peer.bus.cast(subject.mailbox(peer.id, peer.id), bytes('ping'));
  await until(() => expect(back).toContain('ping'));
  own.close();
}

describe.each([
  ['memory', startMemory],
  ['jetstream', startJetStream],
])('%s', (_name, start) => {
  let net: Harness;
  beforeAll(async () => {
    net = await start();
  });
  afterAll(() => net.stop());

  const mail = (from: Peer, to: Peer, text: string): Promise<void> =>
    from.bus.publish(subject.mailbox(to.id, from.id), bytes(text));

  test('a cast reaches those who listen, in order, and nobody else', async () => {
    const [validator, worker, other] = await net.join('validator', 'worker', 'worker');
    const heard: string[] = [];
    const unheard: string[] = [];
    const subscription = worker.bus.subscribe(subject.blockAll, collect(heard));
    other.bus.subscribe(subject.operator(other.id), collect(unheard));
    await settled(worker);
    for (const n of numbered(0, 100)) validator.bus.cast(subject.block(validator.id), bytes(n));
    await until(() => expect(heard).toEqual(numbered(0, 100)));
    expect(unheard).toEqual([]);
    subscription.close();
    await settled(worker);
    validator.bus.cast(subject.block(validator.id), bytes('later'));
    await settled(validator);
    await settled(worker);
    expect(heard).toHaveLength(100);
  });

  test('who tells hears whether anybody listened', async () => {
    const [speaker, listener] = await net.join('gateway', 'worker');
    expect(await speaker.bus.tell(subject.feed, bytes('news'))).toBe(false);
    const heard: string[] = [];
    listener.bus.subscribe(subject.feed, collect(heard));
    await settled(listener);
    expect(await speaker.bus.tell(subject.feed, bytes('more news'))).toBe(true);
    await until(() => expect(heard).toEqual(['more news']));
  });

  test('a mailbox first replays what came while nobody was there, then goes on live', async () => {
    const [from, to] = await net.join('worker', 'worker');
    for (const n of numbered(0, 20)) await mail(from, to, n);
    const got: string[] = [];
    to.bus.mailbox([to.id], collect(got));
    await until(() => expect(got).toEqual(numbered(0, 20)));
    for (const n of numbered(20, 40)) await mail(from, to, n);
    await until(() => expect(got).toEqual(numbered(0, 40)));
  });

  test('order per sender holds while old and live messages meet; a message may come twice', async () => {
    const [to, a, b] = await net.join('validator', 'worker', 'worker');
    for (const n of numbered(0, 30)) await Promise.all([mail(a, to, `a${n}`), mail(b, to, `b${n}`)]);
    const got: string[] = [];
    to.bus.mailbox([to.id], collect(got));
    for (const n of numbered(30, 60)) await Promise.all([mail(a, to, `a${n}`), mail(b, to, `b${n}`)]);
    for (const sender of ['a', 'b']) {
      await until(() => {
        const firsts = [...new Set(got.filter((text) => text.startsWith(sender)))];
        expect(firsts).toEqual(numbered(0, 60).map((n) => sender + n));
      });
    }
  });

  test('of each sender the newest messages are kept, so that one sender cannot push out another', async () => {
    const [to, loud, quiet] = await net.join('worker', 'worker', 'worker');
    await mail(quiet, to, 'quiet');
    for (const n of numbered(0, MAX_MAILBOX_PER_SENDER + 10)) await mail(loud, to, n);
    const got: string[] = [];
    await to.bus.history(subject.mailboxOf(to.id), collect(got));
    expect(got).toEqual(['quiet', ...numbered(10, MAX_MAILBOX_PER_SENDER + 10)]);
  });

  test('a closed mailbox delivers nothing more', async () => {
    const [from, to] = await net.join('worker', 'worker');
    const got: string[] = [];
    const box = to.bus.mailbox([to.id], collect(got));
    await mail(from, to, 'one');
    await until(() => expect(got).toContain('one'));
    box.close();
    const seen = got.length;
    await mail(from, to, 'two');
    await settled(to);
    expect(got).toHaveLength(seen);
  });

  test('history gives what a stream of casts and transactions holds, oldest first, across batches', async () => {
    const [validator, ...accounts] = await net.join('validator', 'worker', 'worker', 'worker');
    for (const n of numbered(0, 150)) {
      await Promise.all(
        accounts.map((account, i) => account.bus.publish(subject.transaction(account.id), bytes(`${i}:${n}`))),
      );
    }
    const got: string[] = [];
    await validator.bus.history(subject.transactionAll, collect(got));
    for (const i of ['0', '1', '2'])
      expect(got.filter((t) => t.startsWith(`${i}:`))).toEqual(numbered(0, 150).map((n) => `${i}:${n}`));
    validator.bus.cast(subject.consensus(7, 0, 'prevote', validator.id), bytes('vote'));
    await settled(validator);
    const votes: string[] = [];
    await validator.bus.history(subject.consensusAll, collect(votes));
    expect(votes).toEqual(['vote']);
  });

  test('two readings of history at once both get everything', async () => {
    const [from, to] = await net.join('worker', 'worker');
    for (const n of numbered(0, 10)) await mail(from, to, n);
    const both: string[][] = [[], []];
    await Promise.all(both.map((into) => to.bus.history(subject.mailboxOf(to.id), collect(into))));
    expect(both).toEqual([numbered(0, 10), numbered(0, 10)]);
  });

  test('a request gets its one answer; without anyone to ask it fails at once', async () => {
    const [server, client] = await net.join('validator', 'worker');
    server.bus.subscribe(subject.sync(server.id), ({ data, respond }) =>
      respond?.(bytes(`re: ${Buffer.from(data).toString()}`)),
    );
    await settled(server);
    const answer = await client.bus.request(subject.sync(server.id), bytes('blocks 1 to 9'), 5_000);
    expect(Buffer.from(answer).toString()).toBe('re: blocks 1 to 9');
    await expect(client.bus.request(subject.sync(client.id), bytes('?'), 5_000)).rejects.toMatchObject({
      code: 'BUS_NO_ANSWER',
    });
  });

  test('a request that nobody answers ends when its time is up', async () => {
    const [server, client] = await net.join('validator', 'worker');
    server.bus.subscribe(subject.sync(server.id), () => undefined);
    await settled(server);
    await expect(client.bus.request(subject.sync(server.id), bytes('?'), 50)).rejects.toMatchObject({
      code: 'BUS_NO_ANSWER',
    });
  });

  test('a captured message offers no answer: its reply belongs to the stream', async () => {
    const [validator, worker] = await net.join('validator', 'worker');
    const offers: boolean[] = [];
    validator.bus.subscribe(subject.transactionAll, ({ respond }) => void offers.push(respond !== undefined));
    await settled(validator);
    await worker.bus.publish(subject.transaction(worker.id), bytes('tx'));
    await until(() => expect(offers).toEqual([false]));
  });

  test('a full stream answers BUS_BUSY, and takes messages again when there is room', async () => {
    const [worker] = await net.join('worker');
    const restore = await net.shrinkStream('TX', 2_000);
    const publish = (): Promise<void> => worker.bus.publish(subject.transaction(worker.id), new Uint8Array(900));
    await expect(publish().then(publish).then(publish)).rejects.toMatchObject({ code: 'BUS_BUSY' });
    await restore();
    await publish();
  });

  test('onConnect is called soon after it is registered', async () => {
    const [worker] = await net.join('worker');
    await expect(new Promise<void>((resolve) => worker.bus.onConnect(resolve))).resolves.toBeUndefined();
  });

  test('a stream deleted and made again: no exception, mail flows on, and publishers are told to repeat', async () => {
    const [from, to] = await net.join('worker', 'worker');
    const got: string[] = [];
    to.bus.mailbox([to.id], collect(got));
    await mail(from, to, 'before');
    await until(() => expect(got).toContain('before'));
    let calls = 0;
    from.bus.onConnect(() => calls++);
    await until(() => expect(calls).toBe(1));
    await net.loseStream('MBOX');
    await until(async () => {
      await mail(from, to, 'after');
      expect(calls).toBeGreaterThan(1);
    });
    await until(() => expect(got).toContain('after'));
  });

  test('a broker killed and started again: publishing fails with a code, then all come back and the mailbox goes on', async () => {
    const [from, to] = await net.join('worker', 'worker');
    const got: string[] = [];
    to.bus.mailbox([to.id], collect(got));
    await mail(from, to, 'before');
    await until(() => expect(got).toContain('before'));
    const back = [from, to].map((peer) => nextConnect(peer.bus));
    await net.kill();
    await expect(mail(from, to, 'lost')).rejects.toMatchObject({ code: 'BUS_UNAVAILABLE' });
    await net.restart();
    await Promise.all(back);
    await mail(from, to, 'after');
    await until(() => expect(got).toContain('after'));
    expect(got).not.toContain('lost');
  });

  test('mail that was confirmed before the broker was killed is there for a receiver that comes later', async () => {
    const [from, to] = await net.join('worker', 'worker');
    await mail(from, to, 'kept');
    const back = [from, to].map((peer) => nextConnect(peer.bus));
    await net.kill();
    await net.restart();
    await Promise.all(back);
    const got: string[] = [];
    to.bus.mailbox([to.id], collect(got));
    await until(() => expect(got).toEqual(['kept']));
  });
});

/** The connect after the present one. */
function nextConnect(bus: Bus): Promise<void> {
  let calls = 0;
  return new Promise((resolve) => bus.onConnect(() => void (++calls === 2 && resolve())));
}
