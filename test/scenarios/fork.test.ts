// A fork of real processes: two of four validators run twice, once with each of the honest ones; then the sides hear of each other.
import { readFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { expect, test } from 'vitest';
import { EXIT } from '#runtime/cli/cli-error.ts';
import type { NodeProcess } from '#runtime/network/node-process.ts';
import { sortition } from '../cli/run.ts';
import { PATIENT_MS } from '../support/live-network.ts';
import { report } from '../support/report.ts';
import { TwoSides } from '../support/two-sides.ts';
import { until } from '../support/until.ts';

const IDLE_MS = 500;
/** Heights that each side decides alone: in some of them a side misses the first proposer. */
const APART = 6;

async function heightOf(node: NodeProcess): Promise<number> {
  const text = await (await fetch(`${await node.ready}/metrics`)).text();
  return Number(/^sortition_consensus_height\S* (\d+)/m.exec(text)?.[1] ?? 0);
}

type Told = { readonly culprits: readonly { readonly validator: string }[]; readonly named_power: number };

test('both honest validators and who follows them stop, leave files that name the twins alone, and do not start again', async () => {
  const sides = await TwoSides.open(IDLE_MS);
  try {
    const begun = await Promise.all([
      sides.start('validator-1', 0),
      sides.start('validator-2', 1),
      sides.start('gateway', 0),
      ...['validator-3', 'validator-4'].flatMap((name) => [
        sides.start(name, 0),
        sides.start(name, 1, `${name}-again`),
      ]),
    ]);
    const [left, right, gateway] = begun as [NodeProcess, NodeProcess, NodeProcess];
    const areApart = async () => (await Promise.all([left, right].map(heightOf))).every((height) => height >= APART);
    await until(areApart, PATIENT_MS, 'both sides decide blocks');

    const healed_ms = performance.now();
    await Promise.all([sides.carryOver('validator-1', 0), sides.carryOver('validator-2', 1)]);
    await Promise.all([left, right, gateway].map(({ ended }) => ended));
    const stopped_ms = Math.round(performance.now() - healed_ms);

    const files = await Promise.all(['validator-1', 'validator-2', 'gateway'].map((name) => sides.evidenceOf(name)));
    expect(files.map((found) => found.length)).toEqual([1, 1, 1]);
    const [first = ''] = files.flat();
    const ofHeight = files.flat().filter((file) => basename(file) === basename(first));
    const { exit, out } = await sortition(
      'evidence',
      'check',
      ...ofHeight,
      '--genesis',
      sides.network.genesis_path,
      '--json',
    );
    const { culprits, named_power } = JSON.parse(out) as Told;
    const ids = sides.network.chain.validators.map(({ id }) => id);
    expect({ exit, named_power, named: culprits.map(({ validator }) => validator) }).toEqual({
      exit: EXIT.ok,
      named_power: 2,
      named: ids.slice(2),
    });

    const again = sides.spawn('validator-1', 0);
    expect(await again.ended).toBe(EXIT.failure);
    expect(await readFile(join(sides.dir, 'logs', 'validator-1.log'), 'utf8')).toContain('CONFLICTING_COMMITS');
    report(
      `stopped ${stopped_ms} ms after the sides met; ${ofHeight.length} files of ${basename(first)} name both twins`,
    );
  } finally {
    await sides.close();
  }
});
