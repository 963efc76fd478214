// Reads a bundle folder: the files, and the CAR as the manifest and blocks that it must hold. Judges bytes, not money.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { BUNDLE_FILES, type BundleManifest, proofFileName } from '#schemas/settlement/bundle.ts';
import { accept, type Result, refuse } from '#schemas/wire/codes.ts';
import { decodeManifest } from './bundle.ts';
import { type Car, readCar } from './car.ts';

/** A bundle as it lies there: every block hashed, every file present, none too many. Nothing is said of its content yet. */
export type OpenBundle = {
  readonly files: ReadonlyMap<string, Uint8Array>;
  readonly manifest: BundleManifest;
  /** By CID: all that the manifest names. */
  readonly blocks: ReadonlyMap<string, Uint8Array>;
};

/** Open a bundle. Refusals: BUNDLE_UNREADABLE, BUNDLE_INCOMPLETE, BUNDLE_MALFORMED, BLOCK_CORRUPT. */
export function openBundle(folder: string): Result<OpenBundle> {
  const files = readFolder(folder);
  if (!files.ok) return files;
  const car = readCar(files.value.get(BUNDLE_FILES.car) ?? new Uint8Array(0));
  if (!car.ok) return car;
  const manifest = manifestOf(car.value);
  if (!manifest.ok) return manifest;
  const expected = new Set([...Object.values(BUNDLE_FILES), proofFileName(manifest.value.records.length - 1)]);
  if (files.value.size !== expected.size || [...expected].some((name) => !files.value.has(name)))
    return refuse('BUNDLE_INCOMPLETE');
  const blocks = new Map(car.value.blocks.map(({ cid, bytes }) => [cid.toString(), bytes]));
  return accept({ files: files.value, manifest: manifest.value, blocks });
}

/** The CAR's first block, if the others are exactly those that it names, in its order. */
function manifestOf({ root, blocks }: Car): Result<BundleManifest> {
  const [first, ...rest] = blocks;
  if (first === undefined || !first.cid.equals(root)) return refuse('BUNDLE_MALFORMED', 'manifest is not first');
  const manifest = decodeManifest(first.bytes);
  if (!manifest.ok) return manifest;
  const { checkpoint, policy, readme, records } = manifest.value;
  const named = [checkpoint, policy, readme, ...records];
  const isExact = named.length === rest.length && rest.every(({ cid }, i) => cid.toString() === named[i]);
  return isExact ? manifest : refuse('BUNDLE_MALFORMED', 'blocks are not those of the manifest');
}

function readFolder(folder: string): Result<ReadonlyMap<string, Uint8Array>> {
  try {
    const entries = readdirSync(folder, { withFileTypes: true });
    const files = entries.filter((entry) => entry.isFile()).map(({ name }) => name);
    if (files.length < entries.length) return refuse('BUNDLE_INCOMPLETE', 'something else than a file lies in it');
    return accept(new Map(files.map((name) => [name, readFileSync(join(folder, name))])));
  } catch (error) {
    return refuse('BUNDLE_UNREADABLE', error instanceof Error ? error.message : folder);
  }
}
