// CARv1 files, deterministic: one root, blocks in the order given, nothing else in the file.
import { CarBufferReader } from '@ipld/car/buffer-reader';
import * as CarBufferWriter from '@ipld/car/buffer-writer';
import type { CID } from 'multiformats/cid';
import { accept, type Result, refuse } from '#schemas/wire/codes.ts';
import { type ArchiveBlock, isArchiveCid, isBlock } from './cid.ts';

/** A CAR as read: its one root and its blocks in file order. */
export type Car = { readonly root: CID; readonly blocks: readonly ArchiveBlock[] };

/** Write a CARv1. */
export function writeCar(root: CID, blocks: readonly ArchiveBlock[]): Uint8Array {
  const headerSize = CarBufferWriter.headerLength({ roots: [root] });
  const size = blocks.reduce((sum, block) => sum + CarBufferWriter.blockLength(block), headerSize);
  const writer = CarBufferWriter.createWriter(new ArrayBuffer(size), { roots: [root], headerSize });
  for (const block of blocks) writer.write(block);
  return writer.close();
}

/** Read a CARv1; each block is hashed, and the file must be exactly what `writeCar` gives for its content. */
export function readCar(bytes: Uint8Array): Result<Car> {
  const car = decodeCar(bytes);
  if (car === undefined) return refuse('BUNDLE_MALFORMED', 'not a CARv1 with one root');
  const corrupt = car.blocks.find((block) => !isBlock(block));
  if (corrupt !== undefined) return refuse('BLOCK_CORRUPT', corrupt.cid.toString());
  const isCanonical = Buffer.compare(writeCar(car.root, car.blocks), bytes) === 0;
  return isCanonical ? accept(car) : refuse('BUNDLE_MALFORMED', 'not canonical');
}

function decodeCar(bytes: Uint8Array): Car | undefined {
  try {
    const reader = CarBufferReader.fromBytes(bytes);
    const [root, ...others] = reader.getRoots();
    const isOurs = reader.version === 1 && root !== undefined && isArchiveCid(root) && others.length === 0;
    return isOurs ? { root, blocks: reader.blocks() } : undefined;
  } catch {
    return undefined;
  }
}
