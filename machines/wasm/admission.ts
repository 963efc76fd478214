// The admission pass: which modules a network takes, and the metered module that its workers run. Pure: equal bytes in, equal bytes out.
import { accept, type Refusal, type Result } from '#schemas/wire/codes.ts';
import type { Sha256 } from '../primitives/seeded-draw.ts';
import { walkBody } from './body.ts';
import { callStack } from './call-stack.ts';
import { type Entry, entryOf } from './entry.ts';
import { ModuleReader } from './module-reader.ts';
import { Refused } from './refused.ts';
import { pagesOf, writeModule } from './rewrite.ts';
import { readSections } from './sections.ts';
import type { Export, FunctionType, Import, ModuleRules, ModuleShape } from './types.ts';

/** A module that passed. */
export type RewrittenModule = {
  /** What is run: metered, with fixed memory and without a start function. */
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly imports: readonly Pick<Import, 'module' | 'name'>[];
  /** Its own ones. */
  readonly exports: readonly Pick<Export, 'name' | 'kind'>[];
  /** Pages of 64 KiB: at the start, and at most, which is what is set aside. Undefined: it has no memory. */
  readonly memory: { readonly initial_pages: number; readonly pages: number } | undefined;
  readonly hasStart: boolean;
};

/** A module that a network can run as a task: how it is entered besides. */
export type AdmittedModule = RewrittenModule & { readonly entry: Entry };

/** Why not, and where: bytes from the start of the module. */
export type ModuleRefusal = Refusal & { readonly at_byte: number };

type Outcome<T> = Extract<Result<T>, { ok: true }> | ModuleRefusal;

/**
 * Take a module as a task: rewritten, and with an entry that the host knows.
 *
 * Whether it is valid in what the pass does not rely on, as the types of operands, is for an engine to say: the runtime
 * validates the module as it came and as it is rewritten.
 */
export const admitModule = (bytes: Uint8Array, rules: ModuleRules): Outcome<AdmittedModule> =>
  refusing(() => {
    const shape = readSections(bytes, rules);
    const entry = entryOf(shape);
    return { ...rewritten(shape, rules), entry };
  });

/** The same for any module, whatever it exports. */
export const rewriteModule = (bytes: Uint8Array, rules: ModuleRules): Outcome<RewrittenModule> =>
  refusing(() => rewritten(readSections(bytes, rules), rules));

/** What names a module on the network: SHA-256(version of the pass, 16 bytes | module as it came). */
export function moduleAddress(bytes: Uint8Array, { pass }: ModuleRules, sha256: Sha256): Uint8Array<ArrayBuffer> {
  const input = new Uint8Array(pass.length + bytes.length);
  input.set(pass);
  input.set(bytes, pass.length);
  return sha256(input);
}

function rewritten(shape: ModuleShape, rules: ModuleRules): RewrittenModule {
  const { bytes, imports, exports, memory, start } = shape;
  const bodies = shape.bodies.map((body, i) => {
    const type = shape.types[shape.functions[imports.length + i] as number] as FunctionType;
    return walkBody(new ModuleReader(bytes, body.start, body.end), shape, type, rules);
  });
  const grows = bodies.some(({ edits }) => edits.some(({ type }) => type === 'memory_grow'));
  return {
    bytes: writeModule(shape, bodies, callStack(shape, bodies)),
    imports: imports.map(({ module, name }) => ({ module, name })),
    exports: exports.map(({ name, kind }) => ({ name, kind })),
    memory: memory && { initial_pages: memory.minimum, pages: pagesOf(memory, grows) },
    hasStart: start !== undefined,
  };
}

function refusing<T>(work: () => T): Outcome<T> {
  try {
    return accept(work()) as Outcome<T>;
  } catch (error) {
    if (!(error instanceof Refused)) throw error;
    return { ok: false, code: error.code, detail: error.message, at_byte: error.at };
  }
}
