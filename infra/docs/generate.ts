// Writes docs/reference from the sources, so that it cannot say anything else than they do.
//   npm run docs            write the pages
//   npm run docs -- --check fail where a page is not what the sources say now
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { actors } from './actors.ts';
import { cli } from './cli.ts';
import { config } from './config.ts';
import { errorCodes } from './error-codes.ts';
import { limitsPage } from './limits.ts';
import { metrics } from './metrics.ts';
import { simulator } from './simulator.ts';
import { subjects } from './subjects.ts';

const FOLDER = new URL('../../docs/reference/', import.meta.url);

/** Page → what renders it. */
const PAGES: Readonly<Record<string, () => string | Promise<string>>> = {
  'actors.md': actors,
  'cli.md': cli,
  'config.md': config,
  'error-codes.md': errorCodes,
  'limits.md': limitsPage,
  'metrics.md': metrics,
  'simulator.md': simulator,
  'subjects.md': subjects,
};

/** Writes each page, or with `isCheck` only compares; returns the names of those that were not current. */
async function generate(isCheck: boolean): Promise<readonly string[]> {
  const stale: string[] = [];
  await mkdir(FOLDER, { recursive: true });
  for (const [name, render] of Object.entries(PAGES)) {
    const file = new URL(name, FOLDER);
    const wanted = await render();
    if ((await readFile(file, 'utf8').catch(() => '')) === wanted) continue;
    stale.push(name);
    if (!isCheck) await writeFile(file, wanted);
  }
  return stale;
}

const isCheck = process.argv.includes('--check');
const stale = await generate(isCheck);
if (!isCheck) console.log(stale.length === 0 ? 'docs/reference is current' : `written: ${stale.join(', ')}`);
else if (stale.length > 0) {
  console.error(`docs/reference is not current: ${stale.join(', ')}. Run \`npm run docs\`.`);
  process.exitCode = 1;
}
