// A validator's cosigner: it signs a checkpoint only if its own ledger gives the same log, and never two that contradict.
import { z } from 'zod';
import { consistencyProof, merkleRoot, verifyConsistency } from '#machines/primitives/merkle.ts';
import { checkpointBody, parseCheckpointBody } from '#machines/settlement/checkpoint.ts';
import { cosignatureMessage } from '#machines/settlement/checkpoint-cosignature.ts';
import { checkpointAt } from '#machines/settlement/log.ts';
import type { Genesis } from '#schemas/config/genesis.ts';
import { CosignReply, type CosignRequest } from '#schemas/settlement/cosign.ts';
import type { Code } from '#schemas/wire/codes.ts';
import type { Signer } from '../keys/ed25519.ts';
import type { Store } from '../store/store.ts';
import { ArchiveError } from './archive-error.ts';
import { createRecordLog, type LogView, type ReadSettlement, rowNumber } from './record-log.ts';
import { createSerial } from './serial.ts';

export type CosignerOptions = {
  readonly store: Store;
  /** The validator's cosigner key, named in the genesis: never its message key. */
  readonly key: Signer;
  /** Separates the rows of several validators in one database. */
  readonly validator: string;
  readonly genesis: Pick<Genesis, 'network'>;
  readonly settlement: ReadSettlement;
  /** Clock of the cosignature's timestamp, ms since the Unix epoch. */
  readonly now_ms: () => number;
};

/** What was signed last: the largest checkpoint, by which every later one is judged. */
const Signed = z.strictObject({ size: z.int().min(1), root: z.hex(), time_s: z.int(), signature: z.hex() });
type Signed = z.infer<typeof Signed>;

/** A cosigner with its memory in `store`: what it signed is on disk, synced, before the signature leaves. */
export function createCosigner({ store, key, validator, genesis, settlement, now_ms }: CosignerOptions) {
  const prefix = `cosigner/${validator}`;
  const log = createRecordLog({ store, prefix, network: genesis.network, settlement });
  const inTurn = createSerial();

  async function answer(request: CosignRequest): Promise<CosignReply> {
    const body = parseCheckpointBody(request.checkpoint);
    if (!body.ok) return refusal(request, body.code);
    const own = await ownLog(request.size);
    if (own === undefined) return refusal(request, 'COSIGN_SETTLEMENT_UNKNOWN');
    const checkpoint = checkpointAt(genesis.network, own.leaves, own.size);
    if (body.value.origin !== checkpoint.origin) return refusal(request, 'COSIGN_ORIGIN_WRONG');
    const earlier = await signedAt(request.size);
    const isOwn = checkpointBody(checkpoint) === request.checkpoint && equal(request.root, checkpoint.root);
    if (!isOwn) return refusal(request, earlier === undefined ? 'COSIGN_ROOT_WRONG' : 'COSIGN_FORK');
    if (!extendsOld(request, own)) return refusal(request, 'COSIGN_PROOF_INVALID');
    if (earlier !== undefined)
      return earlier.root === hex(checkpoint.root) ? reply(earlier) : refusal(request, 'COSIGN_FORK');
    const last = await lastSigned();
    if (last !== undefined && last.size > own.size) return refusal(request, 'COSIGN_STALE');
    if (last !== undefined && !isExtensionOf(last, own)) return refusal(request, 'COSIGN_FORK');
    return reply(await sign(request.checkpoint, own.size, checkpoint.root));
  }

  async function ownLog(size: number): Promise<LogView | undefined> {
    try {
      return await log.upTo(size);
    } catch (error) {
      if (error instanceof ArchiveError && error.code === 'SETTLEMENT_UNKNOWN') return undefined;
      throw error;
    }
  }

  async function sign(checkpoint: string, size: number, root: Uint8Array): Promise<Signed> {
    const time_s = Math.floor(now_ms() / 1000);
    const signature = hex(key.sign(cosignatureMessage(time_s, checkpoint)));
    const signed = { size, root: hex(root), time_s, signature };
    const value = new TextEncoder().encode(JSON.stringify(signed));
    await store.batch([
      { type: 'put', key: `${prefix}/signed/${rowNumber(size)}`, value },
      { type: 'put', key: `${prefix}/last`, value },
    ]);
    return signed;
  }

  const read = (value: Uint8Array | undefined): Signed | undefined =>
    value === undefined ? undefined : Signed.parse(JSON.parse(new TextDecoder().decode(value)));
  const signedAt = async (size: number) => read(await store.get(`${prefix}/signed/${rowNumber(size)}`));
  const lastSigned = async () => read(await store.get(`${prefix}/last`));

  return {
    /** Cosign, or say why not. One request at a time. @throws ArchiveError, StoreError when its own disk or ledger is broken */
    answer: (request: CosignRequest): Promise<CosignReply> => inTurn(() => answer(request)),
  };
}

/** The archiver's proof, from the size that it thinks was signed last. */
const extendsOld = ({ old_size, size, root, proof }: CosignRequest, own: LogView): boolean =>
  old_size === 0
    ? proof.length === 0
    : old_size <= size && verifyConsistency(old_size, merkleRoot(own.leaves.slice(0, old_size)), size, root, proof);

/** The cosigner's own proof, from what it really signed last. */
const isExtensionOf = (last: Signed, own: LogView): boolean =>
  verifyConsistency(
    last.size,
    Buffer.from(last.root, 'hex'),
    own.size,
    merkleRoot(own.leaves),
    consistencyProof(own.leaves, last.size),
  );

const reply = ({ size, root, time_s, signature }: Signed): CosignReply =>
  CosignReply.parse({ ok: true, size, root: bytes(root), time_s, signature: bytes(signature) });
const refusal = ({ size }: CosignRequest, code: Code): CosignReply => ({ ok: false, size, code });
const hex = (value: Uint8Array): string => Buffer.from(value).toString('hex');
const bytes = (text: string): Uint8Array => new Uint8Array(Buffer.from(text, 'hex'));
const equal = (a: Uint8Array, b: Uint8Array): boolean => Buffer.compare(a, b) === 0;
