// The habits that no tool checks: files say what they are for, stay short, and leave nothing half done.
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { CODES } from '#schemas/wire/codes.ts';
import { limitReasons } from '../infra/docs/limits.ts';
import { SETUP_CODES } from '../infra/setup/codes.mjs';

/** A file longer than this holds more than one idea. */
const MAX_LINES = 400;

const tracked = execFileSync('git', ['ls-files', '--cached', '--others', '--exclude-standard', '--deduplicate'], {
  encoding: 'utf8',
  maxBuffer: 2 ** 24,
});
const files = tracked.split('\n').filter(Boolean);
const sources = files.filter((file) => /\.(ts|tsx|mjs)$/.test(file) && existsSync(file));
const read = (file: string): string => readFileSync(file, 'utf8');
const those = (isBad: (text: string, file: string) => boolean, among: readonly string[] = sources): readonly string[] =>
  among.filter((file) => isBad(read(file), file));

describe('every source file', () => {
  test('is seen by these checks', () => {
    expect(sources.length).toBeGreaterThan(20);
  });

  test('says on its first line what it is for', () => {
    expect(those((text) => !/^(#!.*\n)?(\/\/ \S|\/\*\* ?\S)/.test(text))).toEqual([]);
  });

  test(`has at most ${MAX_LINES} lines`, () => {
    expect(those((text) => text.split('\n').length > MAX_LINES + 1)).toEqual([]);
  });

  test('has a kebab-case name', () => {
    expect(sources.filter((file) => !/^[a-z0-9.-]+$/.test(file.split('/').at(-1) ?? ''))).toEqual([]);
  });

  test('leaves nothing for later', () => {
    // Spelled in two halves, or this file would accuse itself.
    const later = new RegExp(`\\b(${'TO' + 'DO'}|${'FIX' + 'ME'}|${'X' + 'XX'})\\b`);
    expect(those((text) => later.test(text))).toEqual([]);
  });

  test('silences no tool', () => {
    const silencers = new RegExp(['@ts-(ignore|expect-error|nocheck)', 'oxlint-disable', 'biome-ignore'].join('|'));
    expect(those((text, file) => silencers.test(text) && file !== 'test/tidy.test.ts')).toEqual([]);
  });
});

test('below the runtime only the agreed packages are imported', () => {
  const agreed =
    /^(xstate|zod|msgpackr|@noble\/(hashes|curves)|@chainsafe\/(persistent-merkle-tree|hashtree|ssz))(\/|$)/;
  const pure = sources.filter((file) => /^(schemas|machines|actors)\//.test(file));
  const outside = pure.flatMap((file) =>
    [...read(file).matchAll(/\b(?:from|import)\s*\(?\s*'([^.#'][^']*)'/g)].map(([, name]) => `${file}: ${name}`),
  );
  expect(outside.length).toBeGreaterThan(0);
  expect(outside.filter((line) => !agreed.test(line.split(': ')[1] ?? ''))).toEqual([]);
});

test('every link between the documents leads somewhere', () => {
  const pages = files.filter((file) => file.endsWith('.md') && existsSync(file));
  const links = pages.flatMap((file) =>
    [...read(file).matchAll(/\]\((?!https?:|#)([^)#\s]+)[^)]*\)/g)].map(([, to]) => join(dirname(file), to ?? '')),
  );
  expect(links.length).toBeGreaterThan(10);
  expect(links.filter((link) => !existsSync(link))).toEqual([]);
});

test('no test is skipped or run alone', () => {
  const tests = sources.filter((file) => file.endsWith('.test.ts'));
  expect(those((text) => /\b(test|it|describe)\.(skip|only|todo|fails)\b/.test(text), tests)).toEqual([]);
});

test('a test may be left out only where what it needs is absent, never in continuous integration', () => {
  const tests = sources.filter((file) => file.endsWith('.test.ts') && file !== 'test/tidy.test.ts');
  expect(those((text) => /\.(skipIf|runIf)\(/.test(text) && !text.includes("process.env['CI']"), tests)).toEqual([]);
});

test('every limit has its reason', async () => {
  const reasons = [...(await limitReasons())];
  expect(reasons.length).toBeGreaterThan(0);
  expect(reasons.filter(([, reason]) => reason.length < 20)).toEqual([]);
});

describe('error codes', () => {
  const codes: readonly (readonly [string, string])[] = [...Object.entries(CODES), ...Object.entries(SETUP_CODES)];

  test('are spelled alike, and none is used twice', () => {
    const declared = [read('schemas/wire/codes.ts'), read('infra/setup/codes.mjs')].join('\n');
    const names = [...declared.matchAll(/^ {2}([A-Z][A-Z0-9_]+):/gm)].map(([, name]) => name);
    expect(names.filter((name, at) => names.indexOf(name) !== at)).toEqual([]);
    expect(codes.filter(([name]) => !/^[A-Z][A-Z0-9]*(_[A-Z0-9]+)+$/.test(name))).toEqual([]);
  });

  test('each says in a sentence what happened or what to do', () => {
    expect(codes.filter(([, meaning]) => !/^[A-Z].{12,}[.?]$/.test(meaning))).toEqual([]);
  });

  test('each is in the reference', () => {
    const reference = read('docs/reference/error-codes.md');
    expect(codes.filter(([name]) => !reference.includes(`\`${name}\``))).toEqual([]);
  });
});

test('the lock file names the packages of every platform, so that npm ci works on each', () => {
  type Entry = { readonly optionalDependencies?: Readonly<Record<string, string>> };
  const { packages } = JSON.parse(read('package-lock.json')) as { packages: Readonly<Record<string, Entry>> };
  const missing = Object.entries(packages).flatMap(([path, { optionalDependencies }]) =>
    Object.keys(optionalDependencies ?? {}).filter(
      (name) => !packages[`node_modules/${name}`] && !packages[`${path}/node_modules/${name}`],
    ),
  );
  expect(missing).toEqual([]);
});
