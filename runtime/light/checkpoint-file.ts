// The file in which `sortition light` keeps the last block that it checked: the next run trusts it.
import { readFile, rename, writeFile } from 'node:fs/promises';
import type { TrustedBlock } from '#machines/consensus/light.ts';
import { LightCheckpoint } from '#schemas/consensus/certified-header.ts';
import { LightError } from './light-error.ts';

/** @throws LightError LIGHT_CHECKPOINT_UNREADABLE | LIGHT_CHECKPOINT_FOREIGN where it is not of this chain */
export async function readCheckpoint(path: string, chain: string): Promise<TrustedBlock> {
  const found = await readFile(path, 'utf8')
    .then((text) => LightCheckpoint.parse(JSON.parse(text)))
    .catch((cause: unknown) => {
      throw new LightError('LIGHT_CHECKPOINT_UNREADABLE', path, { cause });
    });
  if (found.chain !== chain) throw new LightError('LIGHT_CHECKPOINT_FOREIGN', `${path} is of chain ${found.chain}`);
  return { height: found.height, id: found.block };
}

/** Replaces the file as a whole. */
export async function writeCheckpoint(path: string, chain: string, { height, id }: TrustedBlock): Promise<void> {
  const checkpoint: LightCheckpoint = { v: 1, chain, height, block: id };
  await writeFile(`${path}.new`, `${JSON.stringify(checkpoint, null, 2)}\n`);
  await rename(`${path}.new`, path);
}
