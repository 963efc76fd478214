// Runs modules in the engine, with all that a module can show: results, traps, memory, globals and what it called.
import { rewriteModule } from '#machines/wasm/admission.ts';
import { ADDED_EXPORTS } from '#machines/wasm/rewrite.ts';
import { WHOLE_RULES } from '#machines/wasm/rules.ts';
import type { ModuleRules } from '#machines/wasm/types.ts';

type Value = number | bigint;
type Exported = Readonly<Record<string, unknown>>;

/** The module as the pass writes it. */
export function metered(bytes: Uint8Array, rules: ModuleRules = WHOLE_RULES): Uint8Array<ArrayBuffer> {
  const outcome = rewriteModule(bytes, rules);
  if (!outcome.ok) throw new Error(`${outcome.code} ${outcome.detail}`);
  return outcome.value.bytes;
}

/** What one call came to: its results, or the message of its trap. */
export type Outcome = { readonly results: string } | { readonly trap: string };

/** An instance whose imports write down what they are called with. */
export type Running = {
  readonly exports: Exported;
  /** Set before the first call, and read after a trap; 0 in a module that was not rewritten. */
  fuel: bigint;
  readonly stack: bigint;
  /** @param args of the export `name`; those that a module has as i64 are bigint */
  call(name: string, args?: readonly Value[]): Outcome;
  /** All that is left behind: memory, globals of its own, and the calls that it made. */
  state(): { readonly memory: string; readonly globals: string; readonly calls: string };
};

/** Enough for whatever ends at all. */
export const PLENTY = 2n ** 40n;

/** @param imports `module name` of functions that the host has; each answers 0 */
export function instantiate(
  bytes: Uint8Array<ArrayBuffer>,
  imports: Iterable<readonly [string, string]> = [],
  fuel = PLENTY,
): Running {
  const calls: string[] = [];
  const given: Record<string, Record<string, unknown>> = {};
  for (const [path, type] of imports) {
    const [module = '', name = ''] = path.split(' ');
    (given[module] ??= {})[name] = (...args: unknown[]): unknown => {
      calls.push(`${name}(${args.map(shown).join()})`);
      return type.endsWith('(i64)') ? 0n : 0;
    };
  }
  const { exports } = new WebAssembly.Instance(new WebAssembly.Module(bytes), given);
  const fuelLeft = exports[ADDED_EXPORTS.fuel] as { value: bigint } | undefined;
  if (fuelLeft !== undefined) fuelLeft.value = fuel;
  return {
    exports,
    get fuel() {
      return fuelLeft?.value ?? 0n;
    },
    set fuel(value: bigint) {
      if (fuelLeft !== undefined) fuelLeft.value = value;
    },
    get stack() {
      return (exports[ADDED_EXPORTS.stack] as { value: bigint } | undefined)?.value ?? 0n;
    },
    call(name, args = []) {
      try {
        return { results: shown((exports[name] as (...args: readonly Value[]) => unknown)(...args)) };
      } catch (error) {
        return { trap: error instanceof Error ? error.message : String(error) };
      }
    },
    state: () => ({ ...kept(exports), calls: calls.join(' ') }),
  };
}

function kept(exports: Exported): { memory: string; globals: string } {
  const own = Object.entries(exports).filter(([name]) => !name.startsWith('sortition:'));
  const memory = own.find(([, value]) => value instanceof Object && 'buffer' in value)?.[1] as
    | { buffer: ArrayBuffer }
    | undefined;
  const globals = own.filter(([, value]) => value instanceof Object && 'value' in value);
  return {
    memory: memory === undefined ? '' : withoutZeros(new Uint8Array(memory.buffer)),
    globals: globals.map(([name, value]) => `${name}=${shown((value as { value: Value }).value)}`).join(' '),
  };
}

/** Bytes up to the last that is not zero: a memory of more pages is not told apart by them. */
function withoutZeros(bytes: Uint8Array): string {
  const end = bytes.findLastIndex((byte) => byte !== 0) + 1;
  return Buffer.from(bytes.buffer, bytes.byteOffset, end).toString('base64');
}

/** Floats by their bits as far as JavaScript tells them: −0 apart, any NaN alike. */
function shown(value: unknown): string {
  if (Array.isArray(value)) return value.map(shown).join();
  return Object.is(value, -0) ? '-0' : String(value);
}
