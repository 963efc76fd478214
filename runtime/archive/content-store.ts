// The embedded content store: blocks by CID in the node's own database. No daemon, no network; what it returns was checked.
import type { CID } from 'multiformats/cid';
import { MAX_ARCHIVE_BLOCK_BYTES } from '#schemas/wire/limits.ts';
import type { Store, StoreOp } from '../store/store.ts';
import { ArchiveError } from './archive-error.ts';
import { type ArchiveBlock, isBlock } from './cid.ts';

/** Blocks are shared by all actors of a node: equal bytes are one row, whoever stores them. */
const PREFIX = 'blocks/';

export type ContentStore = {
  /** Rows that store these blocks, for a batch of the caller. @throws ArchiveError BLOCK_CORRUPT, MESSAGE_TOO_LARGE */
  putOps(blocks: readonly ArchiveBlock[]): readonly StoreOp[];
  /** Store blocks; durable on return. @throws ArchiveError as putOps, StoreError */
  put(blocks: readonly ArchiveBlock[]): Promise<void>;
  /** The block's bytes, hashed on the way out, or undefined. @throws ArchiveError BLOCK_CORRUPT */
  get(cid: CID): Promise<Uint8Array | undefined>;
};

/** A content store over a node's database. */
export function createContentStore(store: Store): ContentStore {
  const putOps = (blocks: readonly ArchiveBlock[]): StoreOp[] => blocks.map(putOp);
  return {
    putOps,
    put: (blocks) => store.batch(putOps(blocks)),
    async get(cid) {
      const bytes = await store.get(PREFIX + cid.toString());
      if (bytes !== undefined && !isBlock({ cid, bytes }))
        throw new ArchiveError('BLOCK_CORRUPT', { cid: cid.toString() });
      return bytes;
    },
  };
}

function putOp(block: ArchiveBlock): StoreOp {
  const cid = block.cid.toString();
  if (block.bytes.length > MAX_ARCHIVE_BLOCK_BYTES)
    throw new ArchiveError('MESSAGE_TOO_LARGE', { cid, size_bytes: block.bytes.length });
  if (!isBlock(block)) throw new ArchiveError('BLOCK_CORRUPT', { cid });
  return { type: 'put', key: PREFIX + cid, value: block.bytes };
}

/** A block that must be there. @throws ArchiveError BLOCK_MISSING, BLOCK_CORRUPT */
export async function requireBlock(content: ContentStore, cid: CID): Promise<ArchiveBlock> {
  const bytes = await content.get(cid);
  if (bytes === undefined) throw new ArchiveError('BLOCK_MISSING', { cid: cid.toString() });
  return { cid, bytes };
}
