// The bundle of a log: the same records and policy give the same bytes, whatever the order in which they arrived.
import { decode, encode } from '@ipld/dag-cbor';
import { CID } from 'multiformats/cid';
import { leafHash } from '#machines/primitives/merkle.ts';
import { checkpointBody } from '#machines/settlement/checkpoint.ts';
import { formatPolicy } from '#machines/settlement/checkpoint-policy.ts';
import { checkpointAt, formatLogProof, proveRecord } from '#machines/settlement/log.ts';
import { encodeHandovers, type Handover } from '#schemas/consensus/handover-codec.ts';
import type { BundleManifest } from '#schemas/settlement/bundle.ts';
import { BUNDLE_FILES, proofFileName } from '#schemas/settlement/bundle.ts';
import type { Policy } from '#schemas/settlement/checkpoint.ts';
import { accept, type Result, refuse } from '#schemas/wire/codes.ts';
import { bundleReadme } from './bundle-readme.ts';
import { writeCar } from './car.ts';
import { type ArchiveBlock, blockOf, parseCid } from './cid.ts';
import { decodeRecord } from './record-codec.ts';

/** A bundle before anybody signed it: all of this follows from the records and the policy. */
export type Bundle = {
  /** Manifest, checkpoint body, policy, README: the blocks beside the records, which the log has stored. */
  readonly head: readonly ArchiveBlock[];
  readonly car: Uint8Array;
  readonly checkpoint: string;
  readonly leaves: readonly Uint8Array[];
};

/** Build the bundle of records 0 … n−1, given in any order; at least one. @throws ArchiveError never: bad records are a bug */
export function buildBundle(network: string, policy: Policy, records: readonly ArchiveBlock[]): Bundle {
  const sorted = inOrder(records);
  const leaves = sorted.map(({ bytes }) => leafHash(bytes));
  const checkpoint = checkpointBody(checkpointAt(network, leaves, leaves.length));
  const texts = [checkpoint, formatPolicy(policy), bundleReadme(network, sorted.length)].map(textBlock);
  const manifest = manifestBlock(network, texts.map(cidText), sorted.map(cidText));
  const head = [manifest, ...texts];
  return { head, car: writeCar(manifest.cid, [...head, ...sorted]), checkpoint, leaves };
}

/** The files of a bundle folder, by name; `note` is the cosigned checkpoint, and `handovers` lead to the set that cosigned it. */
export function bundleFiles(
  { head, car, leaves }: Bundle,
  note: string,
  handovers: readonly Handover[],
): ReadonlyMap<string, Uint8Array> {
  const newest = leaves.length - 1;
  const [, , policy, readme] = head;
  const proof = formatLogProof(proveRecord(leaves, newest, note));
  return new Map([
    [BUNDLE_FILES.car, car],
    [BUNDLE_FILES.checkpoint, utf8(note)],
    [BUNDLE_FILES.policy, policy?.bytes ?? utf8('')],
    [BUNDLE_FILES.sets, encodeHandovers(handovers)],
    [BUNDLE_FILES.readme, readme?.bytes ?? utf8('')],
    [proofFileName(newest), utf8(proof)],
  ]);
}

/** Read a manifest block: exact fields, links only, nothing but its one encoding. */
export function decodeManifest(bytes: Uint8Array): Result<BundleManifest> {
  try {
    const { v, t, net, size, checkpoint, policy, readme, records, ...more } = decode<Record<string, unknown>>(bytes);
    const isKnown = v === 1 && t === 'settlement-bundle' && Object.keys(more).length === 0;
    if (!isKnown || typeof net !== 'string' || !Array.isArray(records) || size !== records.length || size === 0)
      return refuse('BUNDLE_MALFORMED', 'manifest');
    const texts = [checkpoint, policy, readme].map(linkText);
    const links = (records as readonly unknown[]).map(linkText);
    const again = manifestBlock(net, texts, links);
    if (Buffer.compare(again.bytes, bytes) !== 0) return refuse('BUNDLE_MALFORMED', 'manifest is not canonical');
    const [checkpointCid = '', policyCid = '', readmeCid = ''] = texts;
    return accept({ v, t, net, size, checkpoint: checkpointCid, policy: policyCid, readme: readmeCid, records: links });
  } catch {
    return refuse('BUNDLE_MALFORMED', 'manifest');
  }
}

function manifestBlock(net: string, texts: readonly string[], records: readonly string[]): ArchiveBlock {
  const [checkpoint, policy, readme] = texts.map((cid) => CID.parse(cid));
  const links = records.map((cid) => CID.parse(cid));
  const manifest = {
    v: 1,
    t: 'settlement-bundle',
    net,
    size: records.length,
    checkpoint,
    policy,
    readme,
    records: links,
  };
  return blockOf('dag-cbor', encode(manifest));
}

/** Records by their own sequence numbers, whatever the order in which they came. */
function inOrder(records: readonly ArchiveBlock[]): readonly ArchiveBlock[] {
  const numbered = records.map((block) => ({ block, seq: seqOf(block) }));
  return numbered.toSorted((x, y) => x.seq - y.seq).map(({ block }) => block);
}

function seqOf({ bytes, cid }: ArchiveBlock): number {
  const record = decodeRecord(bytes);
  if (!record.ok) throw new TypeError(`${cid.toString()} is no record: ${record.code}`);
  return record.value.seq;
}

/** Text of a link of this archive. @throws TypeError on anything else */
function linkText(value: unknown): string {
  const text = CID.asCID(value)?.toString() ?? '';
  if (parseCid(text) === undefined) throw new TypeError('not a link of this archive');
  return text;
}

const utf8 = (text: string): Uint8Array => new TextEncoder().encode(text);
const textBlock = (text: string): ArchiveBlock => blockOf('raw', utf8(text));
const cidText = ({ cid }: ArchiveBlock): string => cid.toString();
