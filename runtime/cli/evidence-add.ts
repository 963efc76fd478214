// `sortition evidence add`: an evidence file of another node, with what a node of one's own holds of its height.
import { access } from 'node:fs/promises';
import { join } from 'node:path';
import { withVotes } from '#machines/consensus/accountability.ts';
import { encodeEvidenceFile } from '#schemas/consensus/evidence-file.ts';
import { readTestimony } from '../consensus/testimony-store.ts';
import { openRocksStore } from '../store/rocks-store.ts';
import { CliError, EXIT } from './cli-error.ts';
import { readEvidenceFile } from './evidence-reader.ts';

/** Prints the file. Nothing in it is checked: that is for whoever reads it. */
export async function run(o: { readonly data: string }, path: string): Promise<number> {
  const { chain, conflict, handovers } = await readEvidenceFile(path);
  const directory = join(o.data, 'db');
  // Where there is no database, opening it would make one.
  await access(directory).catch((cause: unknown) => {
    throw new CliError('STORE_OPEN_FAILED', `'${directory}'.`, EXIT.failure, { cause });
  });
  const store = await openRocksStore(directory);
  try {
    const votes = await readTestimony(store, conflict.first.height);
    process.stdout.write(encodeEvidenceFile({ chain, conflict: withVotes(conflict, votes), handovers }));
  } finally {
    await store.close();
  }
  return EXIT.ok;
}
