// Performers of the archiver's effects: seal a settlement into the log, publish its cosigned bundle. Repeats are harmless.
import { present } from '#machines/primitives/assert.ts';
import { consistencyProof } from '#machines/primitives/merkle.ts';
import { checkpointBody, formatNote } from '#machines/settlement/checkpoint.ts';
import { cosignatureLine, powerOf, verifyCosignature } from '#machines/settlement/checkpoint-cosignature.ts';
import { type Cosigning, policyOf } from '#machines/settlement/checkpoint-policy.ts';
import { checkpointAt } from '#machines/settlement/log.ts';
import type { Handover } from '#schemas/consensus/handover-codec.ts';
import { bundleFolderName } from '#schemas/settlement/bundle.ts';
import type { Policy, PolicyMember } from '#schemas/settlement/checkpoint.ts';
import {
  type CollectedCosignature,
  PublishAnswer,
  PublishRequest,
  SealAnswer,
  SealRequest,
} from '#schemas/settlement/cosign.ts';
import { FIRST_SEQ } from '#schemas/settlement/record.ts';
import { verify } from '../keys/ed25519.ts';
import type { Store } from '../store/store.ts';
import { buildBundle, bundleFiles } from './bundle.ts';
import { writeFolder } from './bundle-folder.ts';
import { createContentStore } from './content-store.ts';
import { createRecordLog, type ReadSettlement, rowNumber } from './record-log.ts';

export type ArchivePortsOptions = {
  readonly store: Store;
  /** Folder that holds the bundle folders, `settlement-<seq>` each. */
  readonly dir: string;
  readonly network: string;
  readonly settlement: ReadSettlement;
  /** The validators of a settlement's epoch: they cosign the log up to it. */
  readonly validatorsOf: (epoch: number) => readonly Cosigning[];
  /** How the chain was handed over up to the set of an epoch, as far as anybody shows it. */
  readonly handoversTo: (epoch: number) => Promise<readonly Handover[]>;
};

/** The policy of a set, and each validator's key in it by its id. */
type Electorate = {
  readonly policy: Policy;
  readonly cosigners: ReadonlyMap<string, PolicyMember>;
  readonly epoch: number;
};

const PREFIX = 'archiver';

/** The ports `archive.seal` and `archive.publish`. Each takes the effect's request and gives its answer. */
export function createArchivePorts({
  store,
  dir,
  network,
  settlement,
  validatorsOf,
  handoversTo,
}: ArchivePortsOptions) {
  const log = createRecordLog({ store, prefix: PREFIX, network, settlement });
  const content = createContentStore(store);

  /** Who cosigns the log up to this settlement, which is in it. */
  async function electorateOf(seq: number): Promise<Electorate> {
    const { epoch } = present(await settlement(seq), `settlement ${seq} is in the log`);
    const validators = validatorsOf(epoch);
    const policy = policyOf(network, validators);
    const cosigners = validators.map(({ id }, i) => [id, present(policy.cosigners[i], 'one cosigner each')] as const);
    return { policy, cosigners: new Map(cosigners), epoch };
  }

  /** Store the record (synced) and say what the validators must sign. @throws ArchiveError SETTLEMENT_UNKNOWN */
  async function seal(request: unknown): Promise<SealAnswer> {
    const { seq } = SealRequest.parse(request);
    const { size, leaves, cids } = await log.upTo(sizeAfter(seq));
    const { policy, cosigners } = await electorateOf(seq);
    const powers = policy.cosigners.map(({ power }) => power);
    const checkpoint = checkpointAt(network, leaves, size);
    const old_size = size - 1;
    const proof = old_size === 0 ? [] : consistencyProof(leaves, old_size);
    return SealAnswer.parse({
      seq,
      cid: cids.at(-1),
      ask: { size, root: checkpoint.root, checkpoint: checkpointBody(checkpoint), old_size, proof },
      validators: [...cosigners.keys()],
      ...(powers.some((power) => power !== 1) && { powers }),
      quorum: policy.quorum,
    });
  }

  /** Write the bundle folder, or say whose cosignatures are false. @throws ArchiveError ARCHIVE_WRITE_FAILED */
  async function publish(request: unknown): Promise<PublishAnswer> {
    const { seq, cosignatures } = PublishRequest.parse(request);
    const view = await log.upTo(sizeAfter(seq));
    const { policy, cosigners, epoch } = await electorateOf(seq);
    const bundle = buildBundle(network, policy, await log.records(view));
    const intentKey = `${PREFIX}/publish/${rowNumber(seq)}`;
    const intent = await store.get(intentKey);
    const isValid = (c: CollectedCosignature): boolean => isTrue(bundle.checkpoint, cosigners.get(c.validator), c);
    const valid = new Map(cosignatures.filter(isValid).map((c) => [c.validator, c]));
    const signed = [...valid.keys()].flatMap((id) => cosigners.get(id) ?? []);
    if (intent === undefined && powerOf(signed) < policy.quorum)
      return { ok: false, seq, invalid: cosignatures.map((c) => c.validator).filter((id) => !valid.has(id)) };
    // The first note stays: a repeat with other signatures must give the same bytes.
    const note = intent ?? new TextEncoder().encode(cosignedNote(bundle.checkpoint, cosigners, valid));
    if (intent === undefined)
      await store.batch([...content.putOps(bundle.head), { type: 'put', key: intentKey, value: note }]);
    const files = bundleFiles(bundle, new TextDecoder().decode(note), await handoversTo(epoch));
    const folder = await writeFolder(dir, bundleFolderName(seq), files);
    const { root } = checkpointAt(network, view.leaves, view.size);
    return PublishAnswer.parse({ ok: true, seq, cid: view.cids.at(-1), log_root: root, folder });
  }

  return { 'archive.seal': seal, 'archive.publish': publish };
}

const isTrue = (checkpoint: string, cosigner: PolicyMember | undefined, c: CollectedCosignature): boolean =>
  cosigner !== undefined && verifyCosignature(checkpoint, cosigner, c, verify);

/** Lines in the policy's order, one for each validator. */
function cosignedNote(
  text: string,
  cosigners: Electorate['cosigners'],
  valid: ReadonlyMap<string, CollectedCosignature>,
): string {
  const lines = Array.from(cosigners, ([id, cosigner]) => {
    const cosignature = valid.get(id);
    return cosignature === undefined ? [] : [cosignatureLine(cosigner, cosignature)];
  });
  return formatNote({ text, signatures: lines.flat() });
}

const sizeAfter = (seq: number): number => seq - FIRST_SEQ + 1;
