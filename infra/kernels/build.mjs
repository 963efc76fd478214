// Compiles the kernels to runtime/sandbox/kernels/*.wasm; the printed digest is pinned in runtime/sandbox/kernel-module.ts.
// `node infra/kernels/build.mjs` writes them, with `--check` it fails unless the committed ones are the same bytes.
import { createHash } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import asc from 'assemblyscript/asc';

// Fixed memory (minimum = maximum), no runtime, no imports: what the module may touch is decided here.
const MEMORY_PAGES = '256';
const FLAGS = ['-O3', '--converge', '--noAssert', '--runtime', 'stub', '--memoryBase', '65536'];
const FIXED_MEMORY = ['--initialMemory', MEMORY_PAGES, '--maximumMemory', MEMORY_PAGES];

/** The module of one kernel source: the same bytes each time for one compiler version. */
async function compileKernel(name) {
  const source = await readFile(new URL(`./${name}.as`, import.meta.url), 'utf8');
  let module;
  const { error, stderr } = await asc.main([`${name}.ts`, '--outFile', 'out.wasm', ...FLAGS, ...FIXED_MEMORY], {
    readFile: (file) => (file === `${name}.ts` ? source : null),
    writeFile: (_file, bytes) => {
      module = Buffer.from(bytes);
    },
    listFiles: () => [],
  });
  if (error !== null || module === undefined) {
    process.stderr.write(stderr.toBuffer());
    throw new Error(`${name}.as does not compile`, { cause: error });
  }
  return module;
}

async function main() {
  const isCheck = process.argv.includes('--check');
  for (const name of ['collatz-v1']) {
    const file = new URL(`../../runtime/sandbox/kernels/${name}.wasm`, import.meta.url);
    const module = await compileKernel(name);
    if (!isCheck) await writeFile(file, module);
    else if (!module.equals(await readFile(file))) throw new Error(`${name}.wasm is not what its source compiles to`);
    console.log(name, module.length, 'bytes', createHash('sha256').update(module).digest('hex'));
  }
}

await main();
