// The feed in scripted time: what it tells, when, under whose signature; and the machine that keeps it running.
import { beforeEach, expect, test } from 'vitest';
import { gatewayMachine } from '#machines/node/gateway.machine.ts';
import { type FeedOptions, runFeed } from '#runtime/gateway/feed.ts';
import { ViewKeeper } from '#runtime/gateway/view.ts';
import { createStepper } from '#runtime/host/stepper.ts';
import { signer, verify } from '#runtime/keys/ed25519.ts';
import { ConsoleView } from '#schemas/node/console.ts';
import { CONSOLE_VIEW_KIND } from '#schemas/node/console-kind.ts';
import { decodeEnvelope } from '#schemas/wire/envelope-codec.ts';
import { FEED_IDLE_MS, FEED_INTERVAL_MS } from '#schemas/wire/limits.ts';
import { decodeBody } from '#schemas/wire/msgpack.ts';
import { subject } from '#schemas/wire/subjects.ts';
import { CHAIN, START_MS } from '../settlement/world/chain.ts';
import { SeenWorld, worldCrypto } from './seen-world.ts';

const self = signer(new Uint8Array(32).fill(7));

/** A clock that stands until it is moved on. */
class ScriptedClock {
  #now_ms = START_MS;
  #timer: { at_ms: number; fire: () => void } | undefined;
  readonly now_ms = (): number => this.#now_ms;
  readonly setTimer = (delay_ms: number, fire: () => void): (() => void) => {
    this.#timer = { at_ms: this.#now_ms + delay_ms, fire };
    return () => (this.#timer = undefined);
  };
  get isIdle(): boolean {
    return this.#timer === undefined;
  }
  advance(ms: number): void {
    for (const end_ms = this.#now_ms + ms; ; ) {
      const timer = this.#timer;
      if (timer === undefined || timer.at_ms > end_ms) return void (this.#now_ms = end_ms);
      this.#now_ms = timer.at_ms;
      this.#timer = undefined;
      timer.fire();
    }
  }
}

let world: SeenWorld;
let clock: ScriptedClock;
let told: { subject: string; data: Uint8Array }[];
let isHeard: boolean;
let options: FeedOptions;

beforeEach(() => {
  world = new SeenWorld();
  clock = new ScriptedClock();
  told = [];
  const keeper = new ViewKeeper(world.reads, worldCrypto);
  world.reads.onBlock((seen) => keeper.hearBlock(seen));
  isHeard = true;
  const bus = {
    tell: async (to: string, data: Uint8Array) => {
      told.push({ subject: to, data });
      return isHeard;
    },
  };
  options = { network: CHAIN, keeper, signer: self, bus, clock };
});

test('each message is one view, signed by the gateway, for this network', async () => {
  const drain = new AbortController();
  const running = runFeed(options, drain.signal);
  const got = decodeEnvelope(told[0]?.data ?? new Uint8Array(0));
  if (!got.ok) throw new Error(got.code);
  const { envelope, signed, signature } = got.value;
  expect(told[0]?.subject).toBe(subject.feed);
  expect(verify(self.id, signed, signature)).toBe(true);
  expect(envelope).toMatchObject({ network: CHAIN, sender: self.id, items: [{ kind: CONSOLE_VIEW_KIND, counter: 0 }] });
  expect(decodeBody(ConsoleView, envelope.items[0]?.body ?? new Uint8Array(0)).ok).toBe(true);
  drain.abort();
  await running;
});

test('it tells what changed at the next interval, and an unchanged view only now and then', async () => {
  const drain = new AbortController();
  const running = runFeed(options, drain.signal);
  expect(told).toHaveLength(1);
  clock.advance(FEED_IDLE_MS - FEED_INTERVAL_MS);
  expect(told).toHaveLength(1);
  clock.advance(FEED_INTERVAL_MS);
  expect(told).toHaveLength(2);
  for (let i = 0; i < 5; i++) world.block();
  clock.advance(FEED_INTERVAL_MS);
  expect(told).toHaveLength(3);
  drain.abort();
  await running;
  expect(clock.isIdle).toBe(true);
});

test('while nobody listens it tells one view now and then, and all news again once somebody does', async () => {
  const drain = new AbortController();
  const running = runFeed(options, drain.signal);
  const blocks = async (ms: number): Promise<number> => {
    const before = told.length;
    for (let left = ms; left > 0; left -= FEED_INTERVAL_MS) {
      world.block();
      clock.advance(FEED_INTERVAL_MS);
      await new Promise((resolve) => setImmediate(resolve));
    }
    return told.length - before;
  };
  expect(await blocks(FEED_IDLE_MS)).toBe(FEED_IDLE_MS / FEED_INTERVAL_MS);
  isHeard = false;
  await blocks(FEED_INTERVAL_MS);
  expect(await blocks(4 * FEED_IDLE_MS)).toBe(4);
  isHeard = true;
  await blocks(FEED_IDLE_MS);
  expect(await blocks(FEED_IDLE_MS)).toBe(FEED_IDLE_MS / FEED_INTERVAL_MS);
  drain.abort();
  await running;
});

test('a view that cannot be told fails the run, so that the actor starts another', async () => {
  const bus = {
    tell: () => Promise.reject(new Error('closed')),
  };
  await expect(runFeed({ ...options, bus }, new AbortController().signal)).rejects.toThrow('closed');
  expect(clock.isIdle).toBe(true);
});

test('the gateway runs its feed from its start on, and again a second after it ended or failed', () => {
  const stepper = createStepper(gatewayMachine);
  const now_ms = START_MS;
  const started = stepper.step(stepper.start(self.id).snapshot, { type: 'actor.started', now_ms });
  expect(started.effects).toEqual([{ type: 'io', port: 'feed', key: 'feed:1', request: null }]);
  for (const end of [
    { type: 'io.failed', port: 'feed', key: 'feed:1', code: 'IO_FAILED', now_ms },
    { type: 'io.done', port: 'feed', key: 'feed:1', answer: null, now_ms },
  ] as const) {
    const failed = stepper.step(started.snapshot, end);
    expect(failed.effects).toEqual([{ type: 'timer.set', id: 'retry', at_ms: now_ms + 1_000 }]);
    const again = stepper.step(failed.snapshot, { type: 'timer.fired', id: 'retry', now_ms: now_ms + 1_000 });
    expect(again.effects).toEqual([{ type: 'io', port: 'feed', key: 'feed:2', request: null }]);
  }
  expect(stepper.step(started.snapshot, { type: 'timer.fired', id: 'retry', now_ms }).effects).toEqual([]);
});
