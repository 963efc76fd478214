// The offline verifier: decides from a bundle folder alone whether its settlements are what a quorum signed and sum to zero.
import { type Dirent, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { leafHash } from '#machines/primitives/merkle.ts';
import { checkpointBody, parseCheckpointBody, parseNote } from '#machines/settlement/checkpoint.ts';
import { checkQuorum, type Witnessed } from '#machines/settlement/checkpoint-cosignature.ts';
import { formatPolicy, parsePolicy } from '#machines/settlement/checkpoint-policy.ts';
import { checkpointAt, parseLogProof, verifyLogProof } from '#machines/settlement/log.ts';
import { checkNextRecord } from '#machines/settlement/record-rules.ts';
import type { SettledBalances } from '#machines/settlement/settled-balances.ts';
import { BUNDLE_FILES, type BundleManifest, proofFileName } from '#schemas/settlement/bundle.ts';
import type { Checkpoint, Policy } from '#schemas/settlement/checkpoint.ts';
import { FIRST_SEQ, type SettlementRecord } from '#schemas/settlement/record.ts';
import { accept, type Code, type Result, refuse } from '#schemas/wire/codes.ts';
import { verify } from '../keys/ed25519.ts';
import { decodeManifest } from './bundle.ts';
import { readCar } from './car.ts';
import { sha256 } from './cid.ts';
import { decodeRecord } from './record-codec.ts';

/** What was checked and what that rests on. */
export type VerifyReport = {
  readonly network: string;
  readonly checkpoint: Checkpoint;
  /** SHA-256 of the policy's text, hex. */
  readonly policy_digest: string;
  /** Whether the user brought that policy, or the bundle did. */
  readonly is_policy_pinned: boolean;
  readonly quorum: number;
  readonly policy_size: number;
  readonly cosigners: readonly Witnessed[];
  /** By index; CIDs beside them. */
  readonly records: readonly SettlementRecord[];
  readonly cids: readonly string[];
};

type Files = ReadonlyMap<string, Uint8Array>;
type Opened = { readonly manifest: BundleManifest; readonly blocks: ReadonlyMap<string, Uint8Array> };

/**
 * Check a bundle folder.
 *
 * @param trusted text of a policy that the user trusts, or its digest in hex; undefined: the bundle's own, not pinned
 */
export function verifyBundle(folder: string, trusted?: string): Result<VerifyReport> {
  const files = readFolder(folder);
  if (!files.ok) return files;
  const opened = openCar(files.value);
  if (!opened.ok) return opened;
  const checkpoint = checkHashes(files.value, opened.value);
  if (!checkpoint.ok) return checkpoint;
  const policy = checkTrust(text(files.value, BUNDLE_FILES.policy), trusted);
  if (!policy.ok) return policy;
  const cosigners = checkSignatures(files.value, checkpoint.value, policy.value);
  if (!cosigners.ok) return cosigners;
  const records = checkRecords(opened.value);
  if (!records.ok) return records;
  return accept({
    network: opened.value.manifest.net,
    checkpoint: checkpoint.value,
    policy_digest: digest(text(files.value, BUNDLE_FILES.policy)),
    is_policy_pinned: trusted !== undefined,
    quorum: policy.value.quorum,
    policy_size: policy.value.cosigners.length,
    cosigners: cosigners.value,
    records: records.value,
    cids: opened.value.manifest.records,
  });
}

/** Exit code of the command for an outcome: 2 bad hash or record, 3 bad quorum, 5 not zero-sum, 1 nothing was checked. */
export function verifyExitCode(outcome: Result<unknown>): number {
  if (outcome.ok) return 0;
  if (outcome.code === 'BUNDLE_UNREADABLE') return 1;
  if (outcome.code === 'RECORD_NOT_ZERO_SUM') return 5;
  return QUORUM_CODES.has(outcome.code) ? 3 : 2;
}

const QUORUM_CODES: ReadonlySet<Code> = new Set<Code>([
  'POLICY_MALFORMED',
  'POLICY_NOT_TRUSTED',
  'COSIGN_ORIGIN_WRONG',
  'COSIGNER_UNKNOWN',
  'COSIGNER_REPEATED',
  'COSIGNATURE_INVALID',
  'CHECKPOINT_MALFORMED',
  'QUORUM_SHORT',
]);

function readFolder(folder: string): Result<Files> {
  let entries: readonly Dirent[];
  try {
    entries = readdirSync(folder, { withFileTypes: true });
    const files = entries
      .filter((entry) => entry.isFile())
      .map(({ name }) => [name, readFileSync(join(folder, name))] as const);
    return files.length < entries.length ? refuse('BUNDLE_INCOMPLETE', 'a folder inside') : accept(new Map(files));
  } catch (error) {
    return refuse('BUNDLE_UNREADABLE', error instanceof Error ? error.message : folder);
  }
}

/** The CAR holds exactly what its manifest names, in its order. */
function openCar(files: Files): Result<Opened> {
  const car = readCar(files.get(BUNDLE_FILES.car) ?? new Uint8Array(0));
  if (!car.ok) return car;
  const [first, ...rest] = car.value.blocks;
  if (first === undefined || !first.cid.equals(car.value.root))
    return refuse('BUNDLE_MALFORMED', 'manifest is not first');
  const manifest = decodeManifest(first.bytes);
  if (!manifest.ok) return manifest;
  const { checkpoint, policy, readme, records } = manifest.value;
  const named = [checkpoint, policy, readme, ...records];
  const isExact = named.length === rest.length && rest.every(({ cid }, i) => cid.toString() === named[i]);
  if (!isExact) return refuse('BUNDLE_MALFORMED', 'blocks are not those of the manifest');
  const expected = new Set([...Object.values(BUNDLE_FILES), proofFileName(records.length - 1)]);
  if (files.size !== expected.size || [...expected].some((name) => !files.has(name)))
    return refuse('BUNDLE_INCOMPLETE');
  return accept({ manifest: manifest.value, blocks: new Map(rest.map(({ cid, bytes }) => [cid.toString(), bytes])) });
}

/** Every file equals its block, the log's root is the checkpoint's, and the proof leads there. */
function checkHashes(files: Files, { manifest, blocks }: Opened): Result<Checkpoint> {
  const block = (cid: string): Uint8Array => blocks.get(cid) ?? new Uint8Array(0);
  const body = utf8(block(manifest.checkpoint));
  const isSame =
    isEqual(files.get(BUNDLE_FILES.policy), block(manifest.policy)) &&
    isEqual(files.get(BUNDLE_FILES.readme), block(manifest.readme)) &&
    text(files, BUNDLE_FILES.checkpoint).startsWith(`${body}\n`);
  if (!isSame) return refuse('BUNDLE_MISMATCH');
  const checkpoint = parseCheckpointBody(body);
  if (!checkpoint.ok) return refuse('BUNDLE_MALFORMED', 'checkpoint');
  const records = manifest.records.map(block);
  const own = checkpointAt(manifest.net, records.map(leafHash), records.length);
  if (own.size !== checkpoint.value.size || Buffer.compare(own.root, checkpoint.value.root) !== 0)
    return refuse('PROOF_INVALID', 'the records do not give the root of the checkpoint');
  const proof = checkProof(files, records);
  return proof.ok ? checkpoint : proof;
}

function checkProof(files: Files, records: readonly Uint8Array[]): Result<true> {
  const newest = records.length - 1;
  const proof = parseLogProof(text(files, proofFileName(newest)));
  if (!proof.ok) return proof;
  const note = text(files, BUNDLE_FILES.checkpoint);
  const checkpoint = parseCheckpointBody(note.slice(0, note.indexOf('\n\n') + 1));
  const record = records[newest];
  const isProven =
    proof.value.checkpoint === note &&
    proof.value.index === newest &&
    checkpoint.ok &&
    record !== undefined &&
    verifyLogProof(record, proof.value, checkpoint.value);
  return isProven ? accept(true) : refuse('PROOF_INVALID', proofFileName(newest));
}

/** The policy to judge by: what the user trusts must be what the bundle rests on. */
function checkTrust(own: string, trusted: string | undefined): Result<Policy> {
  const policy = parsePolicy(own);
  if (!policy.ok || trusted === undefined) return policy;
  if (/^[0-9a-f]{64}\s*$/.test(trusted))
    return trusted.trim() === digest(own) ? policy : refuse('POLICY_NOT_TRUSTED', `digest is ${digest(own)}`);
  const pinned = parsePolicy(trusted);
  if (!pinned.ok) return pinned;
  return formatPolicy(pinned.value) === formatPolicy(policy.value) ? policy : refuse('POLICY_NOT_TRUSTED');
}

function checkSignatures(files: Files, checkpoint: Checkpoint, policy: Policy): Result<readonly Witnessed[]> {
  if (checkpoint.origin !== policy.origin) return refuse('COSIGN_ORIGIN_WRONG', checkpoint.origin);
  const note = parseNote(text(files, BUNDLE_FILES.checkpoint));
  if (!note.ok) return note;
  if (note.value.text !== checkpointBody(checkpoint))
    return refuse('CHECKPOINT_MALFORMED', 'more than the body is signed');
  return checkQuorum(note.value, policy, verify);
}

/** Replays the money from the first record on. */
function checkRecords({ manifest, blocks }: Opened): Result<readonly SettlementRecord[]> {
  const records: SettlementRecord[] = [];
  let balances: SettledBalances = new Map();
  for (const [index, cid] of manifest.records.entries()) {
    const record = decodeRecord(blocks.get(cid) ?? new Uint8Array(0));
    const place = { net: manifest.net, seq: FIRST_SEQ + index, prev: manifest.records[index - 1] ?? null };
    const after: Result<SettledBalances> = checkNextRecord(record, place, balances, sha256);
    if (!record.ok) return record;
    if (!after.ok) return after;
    balances = after.value;
    records.push(record.value);
  }
  return accept(records);
}

/** Bytes that are not UTF-8 become text that equals no block and parses as nothing. */
const utf8 = (bytes: Uint8Array): string => Buffer.from(bytes).toString('utf8');
const text = (files: Files, name: string): string => utf8(files.get(name) ?? new Uint8Array(0));
const isEqual = (a: Uint8Array | undefined, b: Uint8Array): boolean => a !== undefined && Buffer.compare(a, b) === 0;
const digest = (policy: string): string => Buffer.from(sha256(Buffer.from(policy))).toString('hex');
