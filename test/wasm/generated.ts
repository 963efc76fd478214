// Modules that nobody wrote: Binaryen makes valid ones from any bytes, and this plays all of their exports.
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import binaryen from 'binaryen';

const WASM_OPT = fileURLToPath(new URL('../../node_modules/binaryen/bin/wasm-opt', import.meta.url));
/** What the pass takes beyond the first version of WebAssembly. */
const FEATURES = ['sign-ext', 'mutable-globals', 'bulk-memory-opt', 'multivalue', 'nontrapping-float-to-int'];

/** The functions that its modules import. */
export const FUZZ_IMPORTS: ReadonlyMap<string, string> = new Map([
  ['fuzzing-support log-i32', '(i32)->()'],
  ['fuzzing-support log-i64', '(i64)->()'],
  ['fuzzing-support log-f32', '(f32)->()'],
  ['fuzzing-support log-f64', '(f64)->()'],
  ['fuzzing-support call-export', '(i32,i32)->()'],
  ['fuzzing-support call-export-catch', '(i32)->(i32)'],
  ['fuzzing-support sleep', '(i32,i32)->(i32)'],
]);

/** Whether a module may see the bits of a NaN, which are not those of the metered one; the others take 0 instead. */
export const hasNans = (seed: number): boolean => seed % 4 === 3;

/** The module of a seed, the same each time, with its memory and globals exported. @param dir a folder for the files in between */
export async function generated(dir: string, seed: number): Promise<Uint8Array<ArrayBuffer>> {
  const input = join(dir, `${seed}.bytes`);
  const output = join(dir, `${seed}.wasm`);
  await writeFile(input, noise(seed, 1_500 + 500 * (seed % 16)));
  const features = ['--mvp-features', ...FEATURES.map((name) => `--enable-${name}`)];
  const passes = hasNans(seed) ? [] : ['--denan'];
  await promisify(execFile)(process.execPath, [WASM_OPT, input, '-ttf', ...passes, ...features, '-o', output]);
  return open(await readFile(output));
}

/** What is left in memory and globals is to be compared too. */
function open(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  const module = binaryen.readBinary(bytes);
  module.addMemoryExport('0', 'memory');
  for (let i = 0; i < module.getNumGlobals(); i++) {
    const { name } = binaryen.getGlobalInfo(module.getGlobalByIndex(i));
    module.addGlobalExport(name, `global ${name}`);
  }
  const opened = new Uint8Array(module.emitBinary());
  module.dispose();
  return opened;
}

function noise(seed: number, size: number): Buffer {
  return createHash('shake256', { outputLength: size }).update(`module ${seed}`).digest();
}
