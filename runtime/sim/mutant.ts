// Loads the simulator a second time over a program with source edits, so that production code needs no switches for tests.
import assert from 'node:assert/strict';
import { registerHooks } from 'node:module';
import type { SourceEdit } from './mutations.ts';
import type { runSimulation } from './simulation.ts';

const ROOT = new URL('../../', import.meta.url).href;
const MODULES = new URL('node_modules/', ROOT).href;

const sourceText = (source: unknown): string =>
  typeof source === 'string' ? source : new TextDecoder().decode(source as Uint8Array);

/** Marks the URLs of a mutant's modules; what they import is marked as well. */
const markOf = (name: string): string => `?mutant=${name}`;

/** `runSimulation` over the edited program. */
export async function loadMutant(name: string, edits: readonly SourceEdit[]): Promise<typeof runSimulation> {
  const url = new URL('./simulation.ts', import.meta.url).href;
  const module = (await importMutant(name, edits, url)) as { readonly runSimulation: typeof runSimulation };
  return module.runSimulation;
}

/**
 * A module over the edited program; everything it imports from this project is loaded anew, packages are shared.
 *
 * @throws AssertionError when an edit no longer applies
 */
export async function importMutant(name: string, edits: readonly SourceEdit[], url: string): Promise<unknown> {
  const mark = markOf(name);
  const hooks = registerHooks({
    resolve(specifier, context, next) {
      const resolved = next(specifier, context);
      const isOurs = resolved.url.startsWith(ROOT) && !resolved.url.startsWith(MODULES);
      return context.parentURL?.endsWith(mark) && isOurs ? { ...resolved, url: resolved.url + mark } : resolved;
    },
    load(url, context, next) {
      const loaded = next(url, context);
      const here = edits.filter(({ file }) => url === new URL(file, ROOT).href + mark);
      if (here.length === 0) return loaded;
      const source = here.reduce((text, edit) => edited(name, text, edit), sourceText(loaded.source));
      return { ...loaded, source };
    },
  });
  try {
    return await import(url + mark);
  } finally {
    hooks.deregister();
  }
}

function edited(name: string, text: string, { file, find, replace }: SourceEdit): string {
  const parts = text.split(find);
  assert(parts.length === 2, `the mutation ${name} applies to one place in ${file}, not to ${parts.length - 1}`);
  return parts.join(replace);
}
