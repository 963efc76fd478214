// What the page knows: the last view, when it came, and how it came.
import { computed, signal } from '@preact/signals';
import type { ConsoleView } from '#schemas/node/console.ts';

/** `connecting`: nothing came yet; `snapshot`: fetched, not live; `live`: signed views arrive; `offline`: they stopped. */
export type Link = 'connecting' | 'snapshot' | 'live' | 'offline';

/** Data older than this must not look live, ms. The feed says something every two seconds. */
const STALE_MS = 3_000;
const TICK_MS = 1_000;

export const view = signal<ConsoleView | undefined>(undefined);
export const link = signal<Link>('connecting');
/** When the last view came, by this browser's clock, ms. */
const heard_ms = signal(0);
const clock_ms = signal(Date.now());

/** Age of the last view, whole seconds. */
export const age_s = computed(() => Math.max(0, Math.floor((clock_ms.value - heard_ms.value) / 1_000)));
export const isStale = computed(() => view.value !== undefined && clock_ms.value - heard_ms.value > STALE_MS);
/** The gateway's clock as it would stand now: what "ago" is counted from. */
export const network_ms = computed(() => (view.value?.at_ms ?? 0) + age_s.value * 1_000);

/** Take a view unless a younger one was shown: an old one that is sent again must not look new. */
export function show(next: ConsoleView): void {
  if (next.at_ms <= (view.peek()?.at_ms ?? 0)) return;
  heard_ms.value = Date.now();
  clock_ms.value = heard_ms.value;
  view.value = next;
}

/** Lets ages grow. */
export function startClock(): void {
  setInterval(() => {
    clock_ms.value = Date.now();
  }, TICK_MS);
}
