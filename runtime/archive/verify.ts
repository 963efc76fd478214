// The offline verifier: decides from a bundle folder alone whether its settlements are what a quorum signed and sum to zero.
import { leafHashes } from '#machines/primitives/merkle.ts';
import { checkpointBody, parseCheckpointBody, parseNote } from '#machines/settlement/checkpoint.ts';
import { checkQuorum, type Witnessed } from '#machines/settlement/checkpoint-cosignature.ts';
import { formatPolicy, parsePolicy } from '#machines/settlement/checkpoint-policy.ts';
import { checkpointAt, parseLogProof, verifyLogProof } from '#machines/settlement/log.ts';
import { checkNextRecord, nothingSettled, settle } from '#machines/settlement/record-rules.ts';
import { BUNDLE_FILES, proofFileName } from '#schemas/settlement/bundle.ts';
import type { Checkpoint, Policy } from '#schemas/settlement/checkpoint.ts';
import { FIRST_SEQ, type SettlementRecord } from '#schemas/settlement/record.ts';
import { accept, type Result, refuse } from '#schemas/wire/codes.ts';
import { verify } from '../keys/ed25519.ts';
import { type OpenBundle, openBundle } from './bundle-reader.ts';
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

/**
 * Check a bundle folder.
 *
 * @param trusted text of a policy that the user trusts, or its digest in hex; undefined: the bundle's own, not pinned
 */
export function verifyBundle(folder: string, trusted?: string): Result<VerifyReport> {
  const opened = openBundle(folder);
  if (!opened.ok) return opened;
  const bundle = opened.value;
  const checkpoint = checkHashes(bundle);
  if (!checkpoint.ok) return checkpoint;
  const policy = checkTrust(text(bundle, BUNDLE_FILES.policy), trusted);
  if (!policy.ok) return policy;
  const cosigners = checkSignatures(bundle, checkpoint.value, policy.value);
  if (!cosigners.ok) return cosigners;
  const records = checkRecords(bundle);
  if (!records.ok) return records;
  return accept({
    network: bundle.manifest.net,
    checkpoint: checkpoint.value,
    policy_digest: digest(text(bundle, BUNDLE_FILES.policy)),
    is_policy_pinned: trusted !== undefined,
    quorum: policy.value.quorum,
    policy_size: policy.value.cosigners.length,
    cosigners: cosigners.value,
    records: records.value,
    cids: bundle.manifest.records,
  });
}

/** Every file equals its block, the log's root is the checkpoint's, and the proof leads there. */
function checkHashes(bundle: OpenBundle): Result<Checkpoint> {
  const { files, manifest } = bundle;
  const body = utf8(block(bundle, manifest.checkpoint));
  const isSame =
    isEqual(files.get(BUNDLE_FILES.policy), block(bundle, manifest.policy)) &&
    isEqual(files.get(BUNDLE_FILES.readme), block(bundle, manifest.readme)) &&
    text(bundle, BUNDLE_FILES.checkpoint).startsWith(`${body}\n`);
  if (!isSame) return refuse('BUNDLE_MISMATCH');
  const checkpoint = parseCheckpointBody(body);
  if (!checkpoint.ok) return refuse('BUNDLE_MALFORMED', 'checkpoint');
  const records = manifest.records.map((cid) => block(bundle, cid));
  const own = checkpointAt(manifest.net, leafHashes(records), records.length);
  if (own.size !== checkpoint.value.size || !isEqual(own.root, checkpoint.value.root))
    return refuse('PROOF_INVALID', 'the records do not give the root of the checkpoint');
  return checkProof(bundle, records, checkpoint.value);
}

/** The proof beside the CAR is of the newest record and carries this very note. */
function checkProof(bundle: OpenBundle, records: readonly Uint8Array[], checkpoint: Checkpoint): Result<Checkpoint> {
  const newest = records.length - 1;
  const proof = parseLogProof(text(bundle, proofFileName(newest)));
  if (!proof.ok) return proof;
  const isProven =
    proof.value.checkpoint === text(bundle, BUNDLE_FILES.checkpoint) &&
    proof.value.index === newest &&
    verifyLogProof(records[newest] ?? NOTHING, proof.value, checkpoint);
  return isProven ? accept(checkpoint) : refuse('PROOF_INVALID', proofFileName(newest));
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

/** A quorum of the policy signed exactly the checkpoint, and it is a checkpoint of the policy's log. */
function checkSignatures(bundle: OpenBundle, checkpoint: Checkpoint, policy: Policy): Result<readonly Witnessed[]> {
  if (checkpoint.origin !== policy.origin) return refuse('COSIGN_ORIGIN_WRONG', checkpoint.origin);
  const note = parseNote(text(bundle, BUNDLE_FILES.checkpoint));
  if (!note.ok) return note;
  if (note.value.text !== checkpointBody(checkpoint))
    return refuse('CHECKPOINT_MALFORMED', 'more than the body is signed');
  return checkQuorum(note.value, policy, verify);
}

/** Replays the money from the first record on. */
function checkRecords(bundle: OpenBundle): Result<readonly SettlementRecord[]> {
  const { net, records: cids } = bundle.manifest;
  const records: SettlementRecord[] = [];
  const settled = nothingSettled(sha256);
  for (const [index, cid] of cids.entries()) {
    const record = decodeRecord(block(bundle, cid));
    const place = { net, seq: FIRST_SEQ + index, prev: cids[index - 1] ?? null };
    const step = checkNextRecord(record, place, settled);
    if (!record.ok) return record;
    if (!step.ok) return step;
    settle(settled, step.value);
    records.push(record.value);
  }
  return accept(records);
}

/** Bytes that are not UTF-8 become text that equals no block and parses as nothing. */
const utf8 = (bytes: Uint8Array): string => Buffer.from(bytes).toString('utf8');
const NOTHING = new Uint8Array(0);
const block = ({ blocks }: OpenBundle, cid: string): Uint8Array => blocks.get(cid) ?? NOTHING;
const text = ({ files }: OpenBundle, name: string): string => utf8(files.get(name) ?? NOTHING);
const isEqual = (a: Uint8Array | undefined, b: Uint8Array): boolean => a !== undefined && Buffer.compare(a, b) === 0;
const digest = (policy: string): string => Buffer.from(sha256(Buffer.from(policy))).toString('hex');
