// Keeps the view fresh: one fetch for the first paint, then the signed feed, connected again for as long as the page is open.
import type { ConsoleView } from '#schemas/node/console.ts';
import { link, show, startClock, view } from '../state.ts';

/** What the gateway says about itself and where its feed is. */
export type Network = { readonly chain: string; readonly gateway: string; readonly ws_url: string };

const RETRY_MS = 500;
const MAX_RETRY_MS = 4_000;

export function startFeed(): void {
  startClock();
  void fetchView();
  void keepConnected();
}

/** Views that came and wait for the next frame: only the last counts. */
let waiting: ConsoleView | undefined;

/** At most one update of the page per frame, however many views arrive. */
function showOnFrame(next: ConsoleView): void {
  if (waiting === undefined) requestAnimationFrame(flush);
  waiting = next;
}

function flush(): void {
  if (waiting !== undefined) show(waiting);
  waiting = undefined;
}

/** The first view, by HTTP. Also between connections, until the feed was live once: a page without WebSocket still shows something. */
async function fetchView(): Promise<void> {
  try {
    show(await getJson<ConsoleView>('/api/view'));
    if (link.value !== 'live') link.value = 'snapshot';
  } catch {
    link.value = view.value === undefined ? 'connecting' : 'offline';
  }
}

/** Ends never: each connection is made anew with what the gateway says then, after a pause that grows while it fails. */
async function keepConnected(): Promise<void> {
  let wasLive = false;
  for (let pause_ms = RETRY_MS; ; pause_ms = Math.min(2 * pause_ms, MAX_RETRY_MS)) {
    try {
      const network = await getJson<Network>('/api/network');
      const { follow } = await import('./subscription.ts');
      await follow(network, (next) => {
        wasLive = true;
        pause_ms = RETRY_MS;
        link.value = 'live';
        showOnFrame(next);
      });
    } catch {
      // The next attempt is the answer; until then the page says how old it is.
    }
    if (wasLive) link.value = 'offline';
    else await fetchView();
    await new Promise((resolve) => setTimeout(resolve, pause_ms * (0.5 + Math.random() / 2)));
  }
}

async function getJson<T>(path: string): Promise<T> {
  const response = await fetch(path, { headers: { accept: 'application/json' } });
  if (!response.ok) throw new Error(`${path}: ${response.status}`);
  return (await response.json()) as T;
}
