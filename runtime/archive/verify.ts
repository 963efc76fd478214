// The offline verifier: decides from a bundle folder alone whether its settlements are what a quorum signed and sum to zero.
import type { Electorate } from '#machines/consensus/electorate.ts';
import { SetChain } from '#machines/consensus/set-chain.ts';
import { leafHashes } from '#machines/primitives/merkle.ts';
import { checkpointBody, parseCheckpointBody, parseNote } from '#machines/settlement/checkpoint.ts';
import { checkQuorum, type Witnessed } from '#machines/settlement/checkpoint-cosignature.ts';
import { formatPolicy, parsePolicy, policyOf } from '#machines/settlement/checkpoint-policy.ts';
import { checkpointAt, parseLogProof, verifyLogProof } from '#machines/settlement/log.ts';
import { checkNextRecord, nothingSettled, settle } from '#machines/settlement/record-rules.ts';
import { decodeHandovers } from '#schemas/consensus/handover-codec.ts';
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
  /** Whether the policy is the one that the user brought, follows from the set that the user trusts, or is the bundle's own word. */
  readonly policy_from: 'user' | 'sets' | 'bundle';
  /** Power that was needed, and how many cosigners the policy has. */
  readonly quorum: number;
  readonly policy_size: number;
  readonly cosigners: readonly Witnessed[];
  /** By index; CIDs beside them. */
  readonly records: readonly SettlementRecord[];
  readonly cids: readonly string[];
};

/** What the user trusts. Nothing: then the bundle's own policy is judged by, and the report says so. */
export type Trust = {
  /** Text of a policy, or its digest in hex. */
  readonly policy?: string | undefined;
  /** A set of this network, from which the bundle must lead to the set that cosigned it. */
  readonly anchor?: { readonly network: string; readonly set: Electorate } | undefined;
};

/** Check a bundle folder. */
export function verifyBundle(folder: string, trust: Trust = {}): Result<VerifyReport> {
  const opened = openBundle(folder);
  if (!opened.ok) return opened;
  const bundle = opened.value;
  const checkpoint = checkHashes(bundle);
  if (!checkpoint.ok) return checkpoint;
  const policy = checkTrust(text(bundle, BUNDLE_FILES.policy), trust.policy);
  if (!policy.ok) return policy;
  const followed = trust.anchor === undefined ? policy : checkSets(bundle, policy.value, trust.anchor);
  if (!followed.ok) return followed;
  const cosigners = checkSignatures(bundle, checkpoint.value, policy.value);
  if (!cosigners.ok) return cosigners;
  const records = checkRecords(bundle);
  if (!records.ok) return records;
  return accept({
    network: bundle.manifest.net,
    checkpoint: checkpoint.value,
    policy_digest: digest(text(bundle, BUNDLE_FILES.policy)),
    policy_from: trust.policy !== undefined ? 'user' : trust.anchor !== undefined ? 'sets' : 'bundle',
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

/** The policy is that of the set of the newest record's epoch, to which the chain was handed over from the trusted one. */
function checkSets(bundle: OpenBundle, policy: Policy, { network, set }: NonNullable<Trust['anchor']>): Result<Policy> {
  const handovers = decodeHandovers(bundle.files.get(BUNDLE_FILES.sets) ?? NOTHING);
  if (!handovers.ok) return refuse('BUNDLE_MALFORMED', BUNDLE_FILES.sets);
  const sets = new SetChain(set);
  const followed = sets.takeAll(handovers.value);
  if (!followed.ok) return refuse('POLICY_NOT_TRUSTED', `${BUNDLE_FILES.sets}: ${followed.code}`);
  const newest = decodeRecord(block(bundle, bundle.manifest.records.at(-1) ?? ''));
  if (!newest.ok) return newest;
  const { epoch } = newest.value;
  const own = sets.of(epoch);
  if (own === undefined) return refuse('POLICY_NOT_TRUSTED', `nothing leads to the set of epoch ${epoch}`);
  const isIts = formatPolicy(policyOf(network, own.validators)) === formatPolicy(policy);
  return isIts ? accept(policy) : refuse('POLICY_NOT_TRUSTED', `not that of the set of epoch ${epoch}`);
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
