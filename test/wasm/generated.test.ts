// Whatever module a generator comes up with: metered it is valid, does the same with enough fuel, and stops with too little.
import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { FLOAT_RULES } from '#machines/wasm/rules.ts';
import type { ModuleRules } from '#machines/wasm/types.ts';
import { otherNode, stripSources } from '../support/other-node.ts';
import { FUZZ_IMPORTS, generated, hasNans } from './generated.ts';
import { type Played, play } from './play.ts';
import { metered, PLENTY } from './running.ts';

const MODULES = 16;
const RULES: ModuleRules = { ...FLOAT_RULES, imports: FUZZ_IMPORTS };

let dir: string;
/** Each as it came, and metered. */
let modules: readonly (readonly [original: Uint8Array<ArrayBuffer>, metered: Uint8Array<ArrayBuffer>])[];

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'sortition-wasm-'));
  const made: (readonly [Uint8Array<ArrayBuffer>, Uint8Array<ArrayBuffer>])[] = [];
  for (let seed = 0; seed < MODULES; seed += 2)
    for (const bytes of await Promise.all([generated(dir, seed), generated(dir, seed + 1)]))
      made.push([bytes, metered(bytes, RULES)]);
  modules = made;
}, 180_000);
afterAll(() => rm(dir, { recursive: true, force: true }));

const spent = (played: Played | undefined): boolean => played?.budgets.at(-1)?.includes('-') ?? true;

test('the generator makes modules worth it', () => {
  const played = modules.map(([original]) => play(original, original, RULES));
  const outcomes = played.flatMap((one) => one?.outcomes ?? []);
  expect(outcomes.filter((outcome) => 'trap' in outcome).length).toBeGreaterThan(20);
  expect(outcomes.filter((outcome) => 'results' in outcome).length).toBeGreaterThan(80);
  expect(played.filter((one) => one !== undefined && one.left.memory !== '').length).toBeGreaterThan(3);
});

test('each is valid when it is metered', () => {
  for (const [original, bytes] of modules) {
    expect(WebAssembly.validate(original)).toBe(true);
    expect(WebAssembly.validate(bytes)).toBe(true);
  }
});

test('each without NaNs does the same with enough fuel: results, traps, memory, globals and calls', () => {
  modules.forEach(([original, bytes], seed) => {
    if (hasNans(seed)) return;
    const [before, after] = [play(original, original, RULES), play(original, bytes, RULES)];
    expect({ seed, outcomes: after?.outcomes, left: after?.left }).toEqual({
      seed,
      outcomes: before?.outcomes,
      left: before?.left,
    });
  });
});

test('each spends the same on two runs', () => {
  for (const [original, bytes] of modules) expect(play(original, bytes, RULES)).toEqual(play(original, bytes, RULES));
});

test('each stops one unit short of what it needs, and not with exactly that', () => {
  let stopped = 0;
  for (const [original, bytes] of modules) {
    const budgets = play(original, bytes, RULES)?.budgets;
    const left = budgets?.at(-1)?.match(/: (\d+) \d+$/)?.[1];
    if (left === undefined) continue;
    const needed = PLENTY - BigInt(left);
    expect(spent(play(original, bytes, RULES, needed))).toBe(false);
    expect(spent(play(original, bytes, RULES, needed - 1n))).toBe(true);
    stopped++;
  }
  expect(stopped).toBeGreaterThan(MODULES / 2);
});

test('another Node meters to the same bytes, and spends the same on them', { timeout: 120_000 }, async ({ skip }) => {
  const node = await otherNode();
  if (node === undefined) return skip('there is one Node on this machine');
  const folder = join(dir, 'stripped');
  await stripSources(folder, '{schemas,machines}/**/*.ts', 'test/wasm/{play,running}.ts');
  await writeFile(
    join(folder, 'modules.json'),
    JSON.stringify(modules.map(([original]) => Buffer.from(original).toString('base64'))),
  );
  await writeFile(join(folder, 'tell.js'), TELL);
  const { stdout } = await promisify(execFile)(node, [join(folder, 'tell.js'), JSON.stringify([...FUZZ_IMPORTS])], {
    maxBuffer: 2 ** 26,
  });
  const here = modules.map(([original, bytes]) => [
    Buffer.from(bytes).toString('base64'),
    withoutWords(play(original, bytes, RULES)),
  ]);
  expect(JSON.parse(stdout)).toEqual(JSON.parse(JSON.stringify(here)));
});

/** Engines say why they trap in words of their own. */
const withoutWords = (played: Played | undefined): unknown =>
  played && {
    ...played,
    outcomes: played.outcomes.map((outcome) => ('trap' in outcome ? { name: outcome.name, trap: true } : outcome)),
  };

const TELL = `
  import { readFileSync } from 'node:fs';
  import { rewriteModule } from './machines/wasm/admission.js';
  import { FLOAT_RULES } from './machines/wasm/rules.js';
  import { play } from './test/wasm/play.js';
  const rules = { ...FLOAT_RULES, imports: new Map(JSON.parse(process.argv[2])) };
  const withoutWords = ${'(played) => played && { ...played, outcomes: played.outcomes.map((outcome) => ("trap" in outcome ? { name: outcome.name, trap: true } : outcome)) }'};
  const modules = JSON.parse(readFileSync(new URL('./modules.json', import.meta.url), 'utf8'));
  console.log(JSON.stringify(modules.map((text) => {
    const original = new Uint8Array(Buffer.from(text, 'base64'));
    const { bytes } = rewriteModule(original, rules).value;
    return [Buffer.from(bytes).toString('base64'), withoutWords(play(original, bytes, rules))];
  })));`;
