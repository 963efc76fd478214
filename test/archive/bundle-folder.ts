// Bundle folders for tests: made by the real ports, and changed the way a forger would.
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { buildBundle, bundleFiles } from '#runtime/archive/bundle.ts';
import { writeFolder } from '#runtime/archive/bundle-folder.ts';
import { createArchivePorts } from '#runtime/archive/ports.ts';
import { MemoryDisk, openMemoryStore } from '#runtime/store/memory-store.ts';
import type { SettlementRow } from '#schemas/settlement/state.ts';
import {
  collectedBy,
  handoversTo,
  ledgerOf,
  NETWORK,
  noteBy,
  POLICY,
  recordBlocks,
  rowsOf,
  validatorsOf,
} from './network.ts';

/** Publish the bundle after the last of these settlements, signed by these cosigners; its folder. */
export async function publishBundle(
  dir: string,
  rows: readonly SettlementRow[],
  signers: readonly number[] = [0, 1, 2],
): Promise<string> {
  const seq = rows.length - 1;
  const ports = createArchivePorts({
    store: openMemoryStore(new MemoryDisk()),
    dir,
    network: NETWORK,
    validatorsOf,
    handoversTo,
    settlement: ledgerOf(rows),
  });
  const { ask } = await ports['archive.seal']({ seq });
  const answer = await ports['archive.publish']({ seq, cosignatures: collectedBy(ask, signers) });
  if (!answer.ok) throw new Error(`not published: ${answer.invalid.length} false cosignatures`);
  return answer.folder;
}

/** A bundle that no honest archiver would write: these records, whatever they say, under a note made from its checkpoint. */
export async function forgeBundle(
  dir: string,
  name: string,
  payments: Parameters<typeof rowsOf>[0],
  note: (checkpoint: string) => string = (checkpoint) => noteBy(checkpoint, [0, 1, 2]),
  network: string = NETWORK,
): Promise<string> {
  const bundle = buildBundle(network, POLICY, recordBlocks(rowsOf(payments)));
  return writeFolder(dir, name, bundleFiles(bundle, note(bundle.checkpoint), await handoversTo(payments.length)));
}

/** All files of a folder by name, in hex: to be compared. */
export async function folderBytes(folder: string): Promise<Readonly<Record<string, string>>> {
  const names = (await readdir(folder)).toSorted();
  return Object.fromEntries(
    await Promise.all(names.map(async (name) => [name, await readFile(join(folder, name), 'hex')] as const)),
  );
}
