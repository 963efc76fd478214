// Evidence files in a node's data folder: whole or not at all, and a node that has written one does not start again beside it.
import { readdir, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { type EvidenceFile, encodeEvidenceFile } from '#schemas/consensus/evidence-file.ts';
import type { CommitConflict } from '#schemas/consensus/types.ts';
import type { Log } from '../observe/log.ts';
import { syncFolder, writeSynced } from '../store/durable-file.ts';
import type { Store } from '../store/store.ts';
import { ConsensusError } from './consensus-error.ts';
import { findHandovers } from './handover-rows.ts';

const NAME = /^evidence-\d+\.json$/;
/** Signed public statements only: it is there to be shown. */
const MODE = 0o644;

/** Write `evidence-<height>.json`: synced before it gets its name, and the name before this resolves to its path. */
export async function writeEvidence(dir: string, evidence: EvidenceFile): Promise<string> {
  const path = join(dir, `evidence-${evidence.conflict.first.height}.json`);
  const partial = `${path}.partial`;
  await writeSynced(partial, encodeEvidenceFile(evidence), { flags: 'w', mode: MODE });
  await rename(partial, path);
  await syncFolder(dir);
  return path;
}

/** Writes what a node stops on into its folder, with the changes of the set that its store holds, and tells its log where it is. */
export const evidenceKeeper =
  (dir: string, chain: string, store: Store, log: Pick<Log, 'error'>) =>
  async (conflict: CommitConflict): Promise<void> => {
    // A store that fails now must not cost the evidence: others' files tell the handovers too.
    const handovers = await findHandovers(store, conflict.first.votes[0]?.epoch ?? 0).catch(() => []);
    const path = await writeEvidence(dir, { chain, conflict, handovers });
    log.error({ path, height: conflict.first.height }, 'evidence of a fork written');
  };

/**
 * After a fork nobody may vote on as if nothing had happened: whoever runs the node decides, and moves the file away.
 *
 * @throws ConsensusError CONFLICTING_COMMITS while there is an evidence file in the folder
 */
export async function refuseAfterFork(dir: string): Promise<void> {
  const found = (await namesIn(dir)).find((name) => NAME.test(name));
  if (found !== undefined) throw new ConsensusError('CONFLICTING_COMMITS', `${join(dir, found)} is there`);
}

/** None where there is no such folder yet. */
const namesIn = (dir: string): Promise<string[]> =>
  readdir(dir).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return [];
    throw error;
  });
