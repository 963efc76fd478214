// The path between node and broker: whole messages are lost and late, in order, and never half of one.
import { expect, onTestFinished, test } from 'vitest';
import type { Bus } from '#runtime/bus/bus.ts';
import { connectBus } from '#runtime/bus/jetstream-bus.ts';
import { subject } from '#schemas/wire/subjects.ts';
import { startNetwork, type TestNetwork } from '../broker/test-network.ts';
import { FaultyPath } from '../support/networks/faulty-path.ts';
import { FrameCutter } from '../support/networks/nats-frames.ts';
import { until } from '../support/until.ts';

const WITHIN_MS = 10_000;
const SENT = 400;

/** A speaker behind the path, and what a listener beside it hears. */
async function speakThrough(): Promise<{
  readonly path: FaultyPath;
  readonly bus: Bus;
  readonly heard: number[];
  readonly say: (n: number) => void;
}> {
  const net: TestNetwork = await startNetwork();
  onTestFinished(() => net.stop());
  const [speaker, listener] = [await net.join('validator'), await net.join('validator')];
  await speaker.nats.close();
  const path = await FaultyPath.open(net.broker.url, 1);
  onTestFinished(() => path.close());
  const bus = await connectBus({ url: path.url, signer: speaker.signer, onRefused: () => undefined });
  onTestFinished(() => bus.close());
  onTestFinished(() => listener.nats.close());
  const heard: number[] = [];
  listener.nats.subscribe(subject.blockAll, {
    callback: (_error, { data }) => void heard.push(Number(Buffer.from(data).toString())),
  });
  await listener.nats.flush();
  return { path, bus, heard, say: (n) => bus.cast(subject.block(speaker.id), Buffer.from(`${n}`)) };
}

/** Sound again, the path carries the last one for certain; all before it came before it, or never. */
async function heardAll(world: Awaited<ReturnType<typeof speakThrough>>): Promise<number[]> {
  for (let n = 0; n < SENT; n++) world.say(n);
  await world.bus.request('sync.v1.nobody', new Uint8Array(), 500).catch(() => undefined);
  world.path.heal();
  await until(
    () => {
      world.say(SENT);
      return world.heard.includes(SENT);
    },
    WITHIN_MS,
    'the last message is heard',
  );
  return world.heard.filter((n) => n < SENT);
}

test('a sound path loses nothing', async () => {
  const heard = await heardAll(await speakThrough());
  expect(heard).toEqual(Array.from({ length: SENT }, (_, n) => n));
});

test('a lossy path loses about as many as it was told to, whole, and keeps the order of the rest', async () => {
  const world = await speakThrough();
  world.path.disturb({ latency_ms: [0, 0], lost_of_1024: 512 });
  const heard = await heardAll(world);
  expect(heard.length).toBeGreaterThan(SENT / 4);
  expect(heard.length).toBeLessThan((SENT * 3) / 4);
  expect(heard).toEqual(heard.toSorted((a, b) => a - b));
});

test('a slow path keeps the order', async () => {
  const world = await speakThrough();
  world.path.disturb({ latency_ms: [5, 50], lost_of_1024: 0 });
  expect(await heardAll(world)).toEqual(Array.from({ length: SENT }, (_, n) => n));
});

test('a path that is cut lets nobody through, and its client comes back once it is healed', async () => {
  const { path, heard, say } = await speakThrough();
  path.cut();
  say(1);
  expect(heard).toEqual([]);
  path.heal();
  await until(
    () => {
      say(2);
      return heard.includes(2);
    },
    WITHIN_MS,
    'the client is back',
  );
});

test('frames are whole however the bytes arrive', () => {
  const text =
    'INFO {}\r\nMSG a.b 1 5\r\nab\r\nc\r\nPING\r\nPUB x _INBOX.1 0\r\n\r\nHPUB y 12 14\r\nNATS/1.0\r\n\r\nhi\r\n';
  const whole = [
    'INFO {}\r\n',
    'MSG a.b 1 5\r\nab\r\nc\r\n',
    'PING\r\n',
    'PUB x _INBOX.1 0\r\n\r\n',
    'HPUB y 12 14\r\nNATS/1.0\r\n\r\nhi\r\n',
  ];
  for (let step = 1; step <= text.length; step++) {
    const cutter = new FrameCutter();
    const frames = [];
    for (let at = 0; at < text.length; at += step) frames.push(...cutter.push(Buffer.from(text.slice(at, at + step))));
    expect(frames.map(({ bytes }) => bytes.toString())).toEqual(whole);
    expect(frames.map(({ isMessage }) => isMessage)).toEqual([false, true, false, true, true]);
  }
});
