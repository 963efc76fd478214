// Files beside the database that a power cut leaves whole: content is synced before it gets its name, the name with its folder.
import { open } from 'node:fs/promises';

/** @param options `wx`, the default, refuses a file that is there; `mode` of a new one */
export async function writeSynced(
  path: string,
  content: Uint8Array | string,
  { flags = 'wx', mode }: { readonly flags?: 'w' | 'wx'; readonly mode?: number } = {},
): Promise<void> {
  const file = await open(path, flags, mode);
  try {
    await file.writeFile(content);
    await file.sync();
  } finally {
    await file.close();
  }
}

/** A rename or a new name is durable only after its folder is synced. */
export async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, 'r');
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}
