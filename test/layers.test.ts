// Breaks each layer and purity rule in a copy of the project's settings, and expects the tools to say so.
import { execFile } from 'node:child_process';
import { cp, mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

const SETTINGS = ['.oxlintrc.json', 'tsconfig.json', 'package.json', 'machines/tsconfig.json', 'schemas/tsconfig.json'];

/** A correct file of each layer: the tools must be silent about these, else the failures below would prove nothing. */
const SOUND: Readonly<Record<string, string>> = {
  'schemas/s.ts': 'export const s = 1;\n',
  'machines/m.ts': "import { s } from '#schemas/s.ts';\nexport const m = s + 1;\n",
  'actors/a.ts': "import { m } from '#machines/m.ts';\nexport const a = m + 1;\n",
  'runtime/r.ts': "import { a } from '#actors/a.ts';\nexport const r = (): number => a + Date.now();\n",
  'web/w.ts': "import { s } from '#schemas/s.ts';\nexport const w = s;\n",
};

/** What is broken, where, how, and the lint rule that must notice. */
const LINTED: readonly (readonly [breach: string, file: string, source: string, rule: string])[] = [
  ['schemas import machines', 'schemas/up.ts', "export { m } from '#machines/m.ts';", 'no-restricted-imports'],
  ['machines import actors', 'machines/up.ts', "export { a } from '#actors/a.ts';", 'no-restricted-imports'],
  ['machines import the runtime', 'machines/up2.ts', "export { r } from '#runtime/r.ts';", 'no-restricted-imports'],
  [
    'machines import a runtime type',
    'machines/type.ts',
    "import type { r } from '#runtime/r.ts';\nexport type T = typeof r;",
    'no-restricted-imports',
  ],
  [
    'machines reach the runtime by path',
    'machines/path.ts',
    "export { r } from '../runtime/r.ts';",
    'no-restricted-imports',
  ],
  [
    'machines load the runtime later',
    'machines/late.ts',
    "export const late = import('#runtime/r.ts');",
    'no-restricted-imports',
  ],
  ['machines import Node', 'machines/node.ts', "export { readFileSync } from 'node:fs';", 'no-restricted-imports'],
  ['actors import the runtime', 'actors/up.ts', "export { r } from '#runtime/r.ts';", 'no-restricted-imports'],
  [
    'the console imports a machine type',
    'web/up.ts',
    "import type { m } from '#machines/m.ts';\nexport type T = typeof m;",
    'no-restricted-imports',
  ],
  [
    'a cycle',
    'machines/cycle.ts',
    "import { two } from './cycle-two.ts';\nexport const one: number = two;",
    'no-cycle',
  ],
  ['a machine asks the clock', 'machines/clock.ts', 'export const now = Date.now();', 'no-restricted-globals'],
  ['a machine makes a date', 'machines/date.ts', 'export const now = new Date();', 'no-restricted-globals'],
  ['a machine rolls dice', 'machines/dice.ts', 'export const roll = Math.random();', 'no-restricted-properties'],
  ['a schema rolls dice', 'schemas/dice.ts', 'export const roll = Math.random();', 'no-restricted-properties'],
  ['a machine reaches for globalThis', 'machines/global.ts', 'export const g = globalThis;', 'no-restricted-globals'],
  [
    'a forgotten promise',
    'runtime/promise.ts',
    'const work = async (): Promise<void> => {};\nexport const go = (): void => {\n  work();\n};',
    'no-floating-promises',
  ],
];

/** What a pure layer must not be able to name; the compiler does not know it there. */
const IMPURE: readonly (readonly [breach: string, file: string, source: string, unknown: string])[] = [
  ['a machine sets a timer', 'machines/timer.ts', 'setTimeout(() => undefined, 1);', 'setTimeout'],
  ['a machine reads the environment', 'machines/env.ts', 'export const e = process.env;', 'process'],
  ['a machine asks the network', 'machines/fetch.ts', "export const f = fetch('x');", 'fetch'],
  ['a machine uses Node’s bytes', 'machines/buffer.ts', "export const b = Buffer.from('x');", 'Buffer'],
  ['a schema sets a timer', 'schemas/timer.ts', 'setTimeout(() => undefined, 1);', 'setTimeout'],
];

let folder: string;
let lint: ReadonlyMap<string, readonly string[]>;
let types: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sortition-layers-'));
  await symlink(join(process.cwd(), 'node_modules'), join(folder, 'node_modules'), 'junction');
  for (const file of SETTINGS) await cp(file, join(folder, file), { recursive: true });
  const broken = [...LINTED, ...IMPURE].map(([, file, source]) => [file, source] as const);
  const other = [
    'machines/cycle-two.ts',
    "import { one } from './cycle.ts';\nexport const two: number = one;",
  ] as const;
  for (const [file, source] of [...Object.entries(SOUND), ...broken, other]) {
    await mkdir(dirname(join(folder, file)), { recursive: true });
    await writeFile(join(folder, file), source);
  }
  lint = rulesByFile(await output('node_modules/oxlint/bin/oxlint', ['--format=json']));
  types =
    (await output('node_modules/typescript/bin/tsc', ['-p', 'machines'])) +
    (await output('node_modules/typescript/bin/tsc', ['-p', 'schemas']));
});

afterAll(() => rm(folder, { recursive: true, force: true }));

test('a sound file of each layer passes', () => {
  for (const file of Object.keys(SOUND)) {
    expect(lint.get(file) ?? []).toEqual([]);
    expect(types).not.toContain(`${file}(`);
  }
});

describe('lint refuses', () => {
  test.each(LINTED)('%s', (_breach, file, _source, rule) => {
    expect(lint.get(file) ?? []).toContain(rule);
  });
});

describe('the compiler refuses', () => {
  test.each(IMPURE)('%s', (_breach, file, _source, unknown) => {
    expect(types).toMatch(new RegExp(`${file.split('/')[1]}\\(.*Cannot find name '${unknown}'`));
  });
});

/** What a tool prints; that it exits with an error here is the point, so the exit code says nothing. */
function output(tool: string, args: readonly string[]): Promise<string> {
  const command = [join(process.cwd(), tool), ...args];
  return new Promise((resolve) => {
    execFile(process.execPath, command, { cwd: folder, maxBuffer: 2 ** 24 }, (_error, stdout) => resolve(stdout));
  });
}

function rulesByFile(json: string): ReadonlyMap<string, readonly string[]> {
  const found = new Map<string, string[]>();
  const { diagnostics } = JSON.parse(json) as { diagnostics: readonly { code: string; filename: string }[] };
  for (const { code, filename } of diagnostics) {
    const rule = /\((.+)\)/.exec(code)?.[1] ?? code;
    found.set(filename, [...(found.get(filename) ?? []), rule]);
  }
  return found;
}
