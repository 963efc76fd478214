// Every manifest of a live network is one, and asks for what can be: known validators, and no more faults than its size bears at the end.
import { readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { quorum } from '#machines/primitives/quorum.ts';
import { Manifest, readManifest } from '../support/networks/manifest.ts';

const DIR = fileURLToPath(new URL('../e2e/networks/', import.meta.url));
const names = readdirSync(DIR).filter((name) => name.endsWith('.json'));

test.each(names)('%s names its own validators, and leaves a quorum at the end', async (name) => {
  const { validators, steps, end } = await readManifest(`${DIR}${name}`);
  const named = [...steps.flatMap((step) => ('who' in step ? step.who : [])), ...end.guilty, ...end.dead];
  expect(named.filter((number) => number > validators)).toEqual([]);
  expect(validators - new Set([...end.guilty, ...end.dead]).size).toBeGreaterThanOrEqual(quorum(validators));
  expect(name.startsWith(`${validators}-`)).toBe(true);
});

test('the sizes and numbers of faulty ones that were asked for are there', async () => {
  const all = await Promise.all(names.map((name) => readManifest(`${DIR}${name}`)));
  expect(new Set(all.map(({ validators }) => validators))).toEqual(new Set([4, 7, 10, 15, 16, 22, 31, 50]));
  const faulty = all.map(
    ({ validators, end }) => `${validators - new Set([...end.guilty, ...end.dead]).size} of ${validators}`,
  );
  expect(faulty).toEqual(expect.arrayContaining(['3 of 4', '7 of 10', '15 of 22']));
});

test.each([
  ['an unknown step', { steps: [{ do: 'hope' }] }],
  ['an unknown field', { speed: 'high' }],
  ['validator 0', { steps: [{ do: 'kill', who: [0] }] }],
  ['no steps', { steps: [] }],
])('%s is refused', (_what, change) => {
  const sound = {
    about: 'a network for a test',
    validators: 4,
    steps: [{ do: 'await', heights: 1 }],
    end: { height: 1, heights: 1 },
  };
  expect(Manifest.safeParse(sound).success).toBe(true);
  expect(Manifest.safeParse({ ...sound, ...change }).success).toBe(false);
});
