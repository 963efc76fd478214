// Walks a DAG of the content store, depth first, within bounds: what a CAR of its root carries.
import { code as DAG_CBOR, decode } from '@ipld/dag-cbor';
import { CID } from 'multiformats/cid';
import { MAX_CAR_BLOCKS, MAX_CAR_BYTES } from '#schemas/wire/limits.ts';
import type { ArchiveBlock } from './cid.ts';
import type { ContentStore } from './content-store.ts';

/** The blocks in order, each once; `isComplete` unless a linked block is not in the store. */
export type Walk = { readonly blocks: readonly ArchiveBlock[]; readonly isComplete: boolean };

/** Walk from `root`; undefined when there are more blocks or bytes than one answer may hold. */
export async function walkDag(content: ContentStore, root: ArchiveBlock): Promise<Walk | undefined> {
  const blocks = [root];
  const seen = new Set([root.cid.toString()]);
  const ahead = linksOf(root).toReversed();
  let size_bytes = root.bytes.length;
  let isComplete = true;
  for (let cid = ahead.pop(); cid !== undefined; cid = ahead.pop()) {
    if (seen.has(cid.toString())) continue;
    seen.add(cid.toString());
    const bytes = await content.get(cid);
    if (bytes === undefined) {
      isComplete = false;
      continue;
    }
    size_bytes += bytes.length;
    if (blocks.length >= MAX_CAR_BLOCKS || size_bytes > MAX_CAR_BYTES) return undefined;
    blocks.push({ cid, bytes });
    ahead.push(...linksOf({ cid, bytes }).toReversed());
  }
  return { blocks, isComplete };
}

/** Links of a block in the order in which they stand in its bytes; raw blocks have none. */
function linksOf({ cid, bytes }: ArchiveBlock): CID[] {
  const links: CID[] = [];
  const visit = (value: unknown): void => {
    const link = CID.asCID(value);
    if (link !== null) links.push(link);
    else if (Array.isArray(value)) value.forEach(visit);
    else if (typeof value === 'object' && value !== null && !(value instanceof Uint8Array))
      Object.values(value).forEach(visit);
  };
  if (cid.code === DAG_CBOR) visit(decode(bytes));
  return links;
}
