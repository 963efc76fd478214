// Live networks of real processes, one for each manifest beside this file: see docs/guides/live-networks.md.
import { readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { readManifest } from '../../support/networks/manifest.ts';
import { runManifest } from '../../support/networks/run-manifest.ts';
import { report } from '../../support/report.ts';

const DIR = fileURLToPath(new URL('.', import.meta.url));
const names = readdirSync(DIR).filter((name) => name.endsWith('.json'));

test.each(names)('%s', async (name) => {
  const seen = await runManifest(await readManifest(`${DIR}${name}`));
  report(seen);
  expect(seen).not.toBe('');
});
