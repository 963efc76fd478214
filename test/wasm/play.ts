// Plays every exported function of a module in turn, and tells what came of it.
import { ADDED_EXPORTS } from '#machines/wasm/rewrite.ts';
import { readSections } from '#machines/wasm/sections.ts';
import type { ModuleRules } from '#machines/wasm/types.ts';
import { instantiate, type Outcome, type Running } from './running.ts';

export type Played = {
  readonly outcomes: readonly (Outcome & { readonly name: string })[];
  /** Memory, globals and calls made, at the end. */
  readonly left: ReturnType<Running['state']>;
  /** Fuel after each call, and the stack's budget; in a metered module. */
  readonly budgets: readonly string[];
};

/**
 * @param original what the metered module was made from: its exports are played
 * @param isMetered whether `bytes` are the metered ones
 * @returns undefined where an unmetered module traps at its start, and never becomes an instance
 */
export function play(
  original: Uint8Array,
  bytes: Uint8Array<ArrayBuffer>,
  rules: ModuleRules,
  fuel?: bigint,
): Played | undefined {
  const { exports, types, functions, start } = readSections(original, rules);
  const isMetered = original !== bytes;
  const running = started(() => instantiate(bytes, rules.imports, fuel));
  if (running === undefined) return undefined;
  const names = exports.flatMap(({ name, kind, index }) =>
    kind === 'function' ? [{ name, type: types[functions[index] ?? 0]?.text ?? '' }] : [],
  );
  const outcomes: (Outcome & { name: string })[] = [];
  const budgets: string[] = [];
  const all =
    isMetered && start !== undefined ? [{ name: ADDED_EXPORTS.start as string, type: '()->()' }, ...names] : names;
  for (const { name, type } of all) {
    const outcome = running.call(name, argumentsOf(type));
    budgets.push(`${name}: ${running.fuel} ${running.stack}`);
    if (name === ADDED_EXPORTS.start && 'trap' in outcome) return undefined;
    if (name !== ADDED_EXPORTS.start) outcomes.push({ name, ...outcome });
    if (isMetered && (running.fuel < 0n || running.stack < 0n)) break;
  }
  return { outcomes, left: running.state(), budgets };
}

function started(make: () => Running): Running | undefined {
  try {
    return make();
  } catch (error) {
    if (error instanceof WebAssembly.RuntimeError) return undefined;
    throw error;
  }
}

/** Small numbers, of the right kinds. */
function argumentsOf(type: string): (number | bigint)[] {
  const params = type.slice(1, type.indexOf(')')).split(',').filter(Boolean);
  return params.map((param, i) => (param === 'i64' ? BigInt(i + 1) : i + 1));
}
