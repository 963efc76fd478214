// What a schedule of the adversary is about, drawn from its seed: nodes, their actors, and the tokens that these send around.
import type { Prng } from '#machines/primitives/prng.ts';
import type { CourierPlan, Mint } from './courier.ts';
import { signerOf } from './world.ts';

/** Which actors live on which node. */
export function drawShape(prng: Prng): string[][] {
  let next = 0;
  return Array.from({ length: prng.between(2, 3) }, () =>
    Array.from({ length: prng.between(1, 2) }, () => 'abcdef'[next++] ?? ''),
  );
}

/** What its actors bring into the world; `now_ms` is when it begins. */
export function drawPlan(
  prng: Prng,
  names: readonly string[],
  hasLedger: boolean,
  now_ms: number,
): { readonly plan: Omit<CourierPlan, 'memory'>; readonly tokens_count: number } {
  const ids = names.map((name) => signerOf(name).id);
  let token = 0;
  let tokens_count = 0;
  const mints = new Map<string, Mint[]>();
  // More than a window at once costs as much as ten other schedules.
  const dusty = prng.chance(26) ? prng.pick(ids) : undefined;
  for (const id of ids) {
    const own = Array.from({ length: prng.between(1, 2) }, (_, index): Mint => {
      const tokens = Array.from({ length: prng.between(1, 4) }, () => token++);
      tokens_count += tokens.length;
      return { at_ms: now_ms + index * 600, tokens, hops: prng.between(3, 10) };
    });
    if (id === dusty) {
      const count = prng.between(9_000, 12_000);
      tokens_count += count;
      own.push({ at_ms: now_ms + 300, tokens: [], hops: 0, dust: { count, to: prng.pick(ids) } });
    }
    mints.set(id, own);
  }
  const named = new Map(names.map((name, index) => [ids[index] ?? '', name]));
  return { plan: { ids, names: named, mints, hasLedger }, tokens_count };
}
