// The feed: one signed view on pub.v1.console, four times a second while something changes and somebody listens, every two seconds at least.
import { CONSOLE_VIEW_KIND } from '#schemas/node/console-kind.ts';
import { FEED_IDLE_MS, FEED_INTERVAL_MS } from '#schemas/wire/limits.ts';
import { encode } from '#schemas/wire/msgpack.ts';
import { subject } from '#schemas/wire/subjects.ts';
import type { Bus } from '../bus/bus.ts';
import { seal } from '../host/envelopes.ts';
import type { Clock, IoPort } from '../host/ports.ts';
import type { Signer } from '../keys/ed25519.ts';
import type { ViewKeeper } from './view.ts';

export type FeedOptions = {
  /** Chain id, hex. */
  readonly network: string;
  readonly keeper: Pick<ViewKeeper, 'view' | 'changesCount'>;
  readonly signer: Signer;
  readonly bus: Pick<Bus, 'tell'>;
  readonly clock: Clock;
};

/** The `feed` port: one request runs it until the node drains. What it tells is lost with whoever does not listen, and told anew. */
export const feedPort =
  (options: FeedOptions): IoPort =>
  async (_request, { signal }) => {
    await runFeed(options, signal);
    return null;
  };

/** Resolves when `signal` aborts; rejects when a view cannot be made or sent. */
export function runFeed(options: FeedOptions, signal: AbortSignal): Promise<void> {
  const { keeper, clock } = options;
  return new Promise((resolve, reject) => {
    let told = { changes_count: -1, at_ms: 0 };
    // While nobody listens a view now and then is enough to find out who has come.
    let isHeard = true;
    let cancel = (): void => undefined;
    const stop = (): void => {
      cancel();
      resolve();
    };
    const fail = (error: unknown): void => {
      cancel();
      signal.removeEventListener('abort', stop);
      reject(error instanceof Error ? error : new Error(String(error)));
    };
    const tick = (): void => {
      cancel = clock.setTimer(FEED_INTERVAL_MS, tick);
      const now = { changes_count: keeper.changesCount, at_ms: clock.now_ms() };
      const isNews = isHeard && now.changes_count !== told.changes_count;
      if (!isNews && now.at_ms - told.at_ms < FEED_IDLE_MS) return;
      told = now;
      tell(options, now.at_ms).then((heard) => (isHeard = heard), fail);
    };
    signal.addEventListener('abort', stop, { once: true });
    if (signal.aborted) stop();
    else tick();
  });
}

/** Whether anybody heard it. */
async function tell({ network, keeper, signer, bus }: FeedOptions, now_ms: number): Promise<boolean> {
  const body = encode(keeper.view(now_ms));
  // To nobody in particular: the envelope asks for an id, and the sender's own says so.
  const item = { kind: CONSOLE_VIEW_KIND, to: signer.id, counter: 0, body };
  return bus.tell(subject.feed, seal({ chain: network, ...signer }, now_ms, '', [item]));
}
