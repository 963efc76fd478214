// The examples of the documents are built, taken by a network, and do what they say, for the same fuel each time.
import { readFile } from 'node:fs/promises';
import asc from 'assemblyscript/asc';
import { expect, test } from 'vitest';
import { checkModule } from '#runtime/sandbox/module-check.ts';
import { wat } from './wat.ts';

const source = (name: string): Promise<string> =>
  readFile(new URL(`../../docs/examples/${name}`, import.meta.url), 'utf8');

async function fromAssemblyScript(name: string): Promise<Uint8Array<ArrayBuffer>> {
  const text = await source(name);
  let module: Uint8Array<ArrayBuffer> | undefined;
  const { error } = await asc.main(
    ['task.ts', '--outFile', 'task.wasm', '-O3', '--noAssert', '--runtime', 'stub', '--use', 'abort='],
    {
      readFile: (file) => (file === 'task.ts' ? text : null),
      writeFile: (_file, bytes) => {
        module = new Uint8Array(Buffer.from(bytes));
      },
      listFiles: () => [],
    },
  );
  if (module === undefined) throw new Error(`${name} does not compile`, { cause: error });
  return module;
}

/** The host's part, as far as the examples need it. */
function runTask(bytes: Uint8Array<ArrayBuffer>, input: string): { output: string; fuel: bigint } {
  const given = 2n ** 40n;
  let output = '';
  const memory = (): Uint8Array => new Uint8Array((exports['memory'] as { buffer: ArrayBuffer }).buffer);
  const imports = {
    sortition: {
      output: (pointer: number, length: number): void => {
        output += Buffer.from(memory().subarray(pointer, pointer + length)).toString();
      },
    },
  };
  const { exports } = new WebAssembly.Instance(new WebAssembly.Module(bytes), imports);
  const call = exports as unknown as {
    readonly 'sortition:fuel': { value: bigint };
    alloc(length: number): number;
    run(pointer: number, length: number): bigint;
  };
  call['sortition:fuel'].value = given;
  const pointer = call.alloc(input.length);
  memory().set(Buffer.from(input), pointer);
  call.run(pointer, input.length);
  return { output, fuel: given - call['sortition:fuel'].value };
}

test.each([
  ['upper-case.wat', 'ten thousand nodes, 0 leaders', 'TEN THOUSAND NODES, 0 LEADERS'],
  ['primes.as', '1000000', '78498'],
  ['primes.as', '2', '0'],
])('%s of %s is %s', async (name, input, output) => {
  const bytes = name.endsWith('.wat') ? wat(await source(name)) : await fromAssemblyScript(name);
  const checked = checkModule(bytes);
  if (!checked.ok) throw new Error(`${checked.code} ${checked.detail}`);
  const first = runTask(checked.bytes, input);
  expect(first.output).toBe(output);
  expect(runTask(checked.bytes, input)).toEqual(first);
});
