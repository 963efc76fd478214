// Compiles the kernels to runtime/sandbox/kernels/*.wasm: `node infra/kernels/build.mjs`, then pin the printed digest.
import { createHash } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import asc from 'assemblyscript/asc';

// Fixed memory (minimum = maximum), no runtime, no imports: what the module may touch is decided here.
const MEMORY_PAGES = '256';
const FLAGS = ['-O3', '--converge', '--noAssert', '--runtime', 'stub', '--memoryBase', '65536'];
const FIXED_MEMORY = ['--initialMemory', MEMORY_PAGES, '--maximumMemory', MEMORY_PAGES];

/**
 * Compiles one kernel source.
 *
 * @param {string} name file name without its ending, for example `collatz-v1`
 * @returns {Promise<Uint8Array>} the module: the same bytes each time for one compiler version
 */
export async function compileKernel(name) {
  const source = await readFile(new URL(`./${name}.as`, import.meta.url), 'utf8');
  let module;
  const { error, stderr } = await asc.main([`${name}.ts`, '--outFile', 'out.wasm', ...FLAGS, ...FIXED_MEMORY], {
    readFile: (file) => (file === `${name}.ts` ? source : null),
    writeFile: (_file, bytes) => {
      module = bytes;
    },
    listFiles: () => [],
  });
  if (error || module === undefined) throw new Error(`${name}: ${stderr.toString()}`, { cause: error });
  return module;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  for (const name of ['collatz-v1']) {
    const module = await compileKernel(name);
    await writeFile(new URL(`../../runtime/sandbox/kernels/${name}.wasm`, import.meta.url), module);
    console.log(name, module.length, 'bytes', createHash('sha256').update(module).digest('hex'));
  }
}
