// The WebAssembly kernel against its bigint definition, published records, another Node, and its own source.
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { COLLATZ_JUMPS_MAX, checkCollatz, readCollatzResult } from '#machines/work/kernels/collatz.ts';
import { referenceSubUnit } from '#machines/work/kernels/collatz-reference.ts';
import { instantiateKernel } from '#runtime/sandbox/kernel-instance.ts';
import { COLLATZ_V1, loadKernelModule } from '#runtime/sandbox/kernel-module.ts';

const run = promisify(execFile);
const kernel = instantiateKernel(new Uint8Array(await loadKernelModule(COLLATZ_V1)));
const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');

/** The result of the sub-unit of a 2^unit_log2 unit in which `n` lies, and the number at its peak. */
function around(n: bigint, unit_log2: number): { peak: bigint; peak_at: bigint } {
  const size = 1n << BigInt(unit_log2 - 8);
  const first = n - (n % size);
  const start = n - (n % (size * 256n));
  const { result } = kernel.run(start, unit_log2, Number((first - start) / size), COLLATZ_JUMPS_MAX);
  const { peak, peak_offset } = readCollatzResult(result);
  return { peak, peak_at: first + peak_offset };
}

describe('the kernel gives what its definition gives, byte for byte', () => {
  const cases: [string, bigint, number, number][] = [
    ['the first unit', 2n ** 20n, 20, 0],
    ['2^71', 2n ** 71n, 20, 0],
    ['the last sub-unit', 2n ** 71n, 20, 255],
    ['a carry into the high word', 2n ** 64n - 2n ** 20n, 20, 255],
    ['just above 2^64', 2n ** 64n, 20, 1],
    ['deeper trees', 2n ** 71n + 2n ** 23n * 9n, 23, 77],
    ['the end of its arithmetic', 2n ** 100n - 2n ** 20n, 20, 255],
  ];
  test.each(cases)('%s', (_, start, unit_log2, index) => {
    const expected = referenceSubUnit(start, unit_log2, index);
    const got = kernel.run(start, unit_log2, index, COLLATZ_JUMPS_MAX);
    expect(hex(got.result)).toBe(hex(expected.result));
    expect(got.suspects).toEqual(expected.suspects);
  });

  test('anywhere, with suspects at any bound on jumps', () => {
    const place = fc.bigInt(1n, 2n ** 80n - 1n);
    const jumps = fc.oneof(fc.integer({ min: 0, max: 12 }), fc.constant(COLLATZ_JUMPS_MAX));
    fc.assert(
      fc.property(place, fc.nat(255), jumps, (units, index, jumps_max) => {
        const expected = referenceSubUnit(units << 20n, 20, index, jumps_max);
        const got = kernel.run(units << 20n, 20, index, jumps_max);
        expect(hex(got.result)).toBe(hex(expected.result));
        expect(got.suspects).toEqual(expected.suspects);
      }),
      { numRuns: 40 },
    );
  });
});

test('each number of a sub-unit that the kernel clears comes below itself', () => {
  for (const start of [2n ** 20n, 2n ** 71n]) {
    expect(kernel.run(start, 20, 9, COLLATZ_JUMPS_MAX).suspects).toEqual([]);
    const first = start + 9n * 4096n;
    for (let n = first; n < first + 4096n; n++) expect(checkCollatz(n).descends).toBe(true);
  }
});

test('a number that the bound on jumps stops surfaces as a suspect, and the exact check clears it', () => {
  const { suspects, result } = kernel.run(2n ** 71n, 20, 0, 5);
  expect(suspects.length).toBeGreaterThan(0);
  expect(readCollatzResult(result).suspects_count).toBe(suspects.length);
  for (const n of suspects) expect(checkCollatz(n).descends).toBe(true);
});

test('a sub-unit does not depend on what was computed before it', () => {
  const alone = kernel.run(2n ** 71n, 24, 200, COLLATZ_JUMPS_MAX).result;
  for (const index of [3, 199]) kernel.run(2n ** 80n, 22, index, COLLATZ_JUMPS_MAX);
  expect(hex(kernel.run(2n ** 71n, 24, 200, COLLATZ_JUMPS_MAX).result)).toBe(hex(alone));
});

test('a path above 2^118 surfaces as a suspect, and the exact check clears it', () => {
  const { suspects } = kernel.run(2n ** 100n - 2n ** 20n, 20, 255, COLLATZ_JUMPS_MAX);
  expect(suspects).toEqual([1_267_650_600_228_229_401_496_703_205_375n]);
  for (const n of suspects) expect(checkCollatz(n)).toMatchObject({ descends: true });
  for (const n of suspects) expect(checkCollatz(n).peak).toBeGreaterThan(2n ** 118n);
});

describe('published records come out', () => {
  // Path records above 2^20 (OEIS A006884 and A006885); T shows half of what n → 3n + 1 shows.
  const records: [bigint, bigint][] = [
    [319_804_831n, 1_414_236_446_719_942_480n],
    [1_410_123_943n, 7_125_885_122_794_452_160n],
    [8_528_817_511n, 18_144_594_937_356_598_024n],
    [12_327_829_503n, 20_722_398_914_405_051_728n],
    [23_035_537_407n, 68_838_156_641_548_227_040n],
    [45_871_962_271n, 82_341_648_902_022_834_004n],
    [51_739_336_447n, 114_639_617_141_613_998_440n],
    [59_152_641_055n, 151_499_365_062_390_201_544n],
    [59_436_135_663n, 205_736_389_371_841_852_168n],
    [70_141_259_775n, 420_967_113_788_389_829_704n],
  ];
  test.each(records)('path record %i', (n, highest) => {
    expect(around(n, 28)).toEqual({ peak: highest / 2n, peak_at: n });
  });

  // Largest excursion of the 2^40 numbers of two tasks of Barina's project (J. Supercomputing 81:810, 2025). Their whole
  // units give the same; here the 2^32 numbers that hold each.
  test.each([
    [98_999_215n, 225_865_785_455n],
    [98_999_216n, 585_714_939_119n],
  ])('task %i', (task, offset) => {
    expect(around((task << 40n) + offset, 40).peak_at).toBe((task << 40n) + offset);
  });
});

test('a unit that the kernel cannot take traps instead of giving a result', () => {
  expect(() => kernel.run(2n ** 71n, 19, 0, COLLATZ_JUMPS_MAX)).toThrow(WebAssembly.RuntimeError);
  expect(() => kernel.run(2n ** 71n, 41, 0, COLLATZ_JUMPS_MAX)).toThrow(WebAssembly.RuntimeError);
  expect(() => kernel.run(2n ** 71n, 20, 256, COLLATZ_JUMPS_MAX)).toThrow(WebAssembly.RuntimeError);
});

test('the committed module is what its source compiles to, and the pinned one', async () => {
  const build = fileURLToPath(new URL('../../../infra/kernels/build.mjs', import.meta.url));
  const { stdout } = await run(process.execPath, [build, '--check']);
  expect(stdout).toContain(COLLATZ_V1.sha256);
});

test('the digest is the same on the Node that the machine has', async () => {
  // Plain JavaScript: an older Node does not strip types.
  const script = `const m = new WebAssembly.Module(require('fs').readFileSync(process.argv[1]));
    const k = new WebAssembly.Instance(m).exports; k.prepare(28);
    const hash = require('crypto').createHash('sha256');
    for (let i = 0; i < 16; i++) { k.run(0n, 128n, i, 4096); hash.update(new Uint8Array(k.memory.buffer, 0, 64)); }
    console.log(JSON.stringify({ node: process.version, digest: hash.digest('hex') }));`;
  const path = (process.env['PATH'] ?? '').split(':').filter((folder) => !folder.includes('node_modules'));
  const { stdout } = await run('/usr/bin/env', ['node', '-e', script, fileURLToPath(COLLATZ_V1.file)], {
    env: { PATH: path.join(':') },
  });
  const hash = createHash('sha256');
  for (let i = 0; i < 16; i++) hash.update(kernel.run(2n ** 71n, 28, i, COLLATZ_JUMPS_MAX).result);
  expect(JSON.parse(stdout)).toMatchObject({ digest: hash.digest('hex') });
});

test('the module is a few KB and imports nothing', async () => {
  const bytes = await readFile(COLLATZ_V1.file);
  expect(bytes.length).toBeLessThan(8_192);
  expect(() => instantiateKernel(new Uint8Array(bytes))).not.toThrow();
});
