// The virtual network: decides for one message on one link whether, when and how often it arrives.
import type { Prng } from '#machines/primitives/prng.ts';
import { type Message, roundOf } from './message.ts';
import type { Filter, Partition, Plan } from './plan.ts';

import { playScript, type ScriptPlayer } from './script.ts';

/** Links keep no order: each copy has its own delay. */
export type Network = {
  /** Arrival times of the copies of a message sent now: none (lost), one, or two. */
  arrivals(from: number, to: number, message: Message, now_ms: number): readonly number[];
  readonly script: ScriptPlayer;
  /** From here on links are sound: short delays, nothing lost. */
  heal(): void;
};

const NOTHING: readonly number[] = [];
/** Delay on a healed link, ms. */
const HEALED = { least_ms: 1, spread_ms: 4 } as const;

/** A network with the plan's faults. */
export function createNetwork(plan: Plan, prng: Prng): Network {
  const script = playScript(plan);
  const isScripted = plan.script.length > 0;
  let isHealed = false;
  return {
    script,
    heal() {
      isHealed = true;
    },
    arrivals(from, to, message, now_ms) {
      if (isHealed) return [now_ms + HEALED.least_ms + prng.below(HEALED.spread_ms)];
      if (isScripted && script.isCut(from, to, message, now_ms)) return NOTHING;
      if (isCut(plan.partitions, from, to, now_ms) || prng.chance(plan.lossOf1024)) return NOTHING;
      if (plan.filters.length > 0 && isFiltered(plan.filters, to, message, prng)) return NOTHING;
      const first = now_ms + delay(plan, prng);
      return prng.chance(plan.duplicateOf1024) ? [first, now_ms + delay(plan, prng)] : [first];
    },
  };
}

function delay({ delay }: Plan, prng: Prng): number {
  const base = delay.least_ms + prng.below(delay.spread_ms);
  return prng.chance(delay.slowOf1024) ? base + prng.below(delay.slow_ms) : base;
}

const has = (set: number, node: number): boolean => ((set >> node) & 1) === 1;

function isCut(partitions: readonly Partition[], from: number, to: number, now_ms: number): boolean {
  return partitions.some(
    (cut) =>
      now_ms >= cut.start_ms &&
      now_ms < cut.end_ms &&
      ((has(cut.from, from) && has(cut.to, to)) || (cut.isSymmetric && has(cut.from, to) && has(cut.to, from))),
  );
}

function isFiltered(filters: readonly Filter[], to: number, message: Message, prng: Prng): boolean {
  return filters.some(
    (filter) =>
      has(filter.to, to) &&
      filter.message === (message.type === 'vote' ? message.vote.type : message.type) &&
      filter.roundParity === roundOf(message) % 2 &&
      prng.chance(filter.dropOf1024),
  );
}
