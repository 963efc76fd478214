// A validator's cosigner: it signs a checkpoint only if its own ledger gives the same log, and never two that contradict.
import { z } from 'zod';
import { assert } from '#machines/primitives/assert.ts';
import { cosignatureMessage } from '#machines/settlement/checkpoint-cosignature.ts';
import { judgeCheckpoint } from '#machines/settlement/checkpoint-judgement.ts';
import type { CosignReply, CosignRequest } from '#schemas/settlement/cosign.ts';
import { Hash, Signature } from '#schemas/wire/fields.ts';
import { decodeBody, encode } from '#schemas/wire/msgpack.ts';
import type { Signer } from '../keys/ed25519.ts';
import type { Store } from '../store/store.ts';
import { ArchiveError } from './archive-error.ts';
import { createRecordLog, type LogView, type ReadSettlement, rowNumber } from './record-log.ts';
import { createSerial } from './serial.ts';

export type CosignerOptions = {
  readonly store: Store;
  /** Id of the validator: separates the rows of several in one database. */
  readonly validator: string;
  /** Its cosigner key: never its message key. */
  readonly key: Signer;
  /** The cosigner key that the ledger has for the validator; undefined while it has not asked to join. */
  readonly named: string | undefined;
  readonly network: string;
  readonly settlement: ReadSettlement;
  /** Clock of the cosignature's timestamp, ms since the Unix epoch. */
  readonly now_ms: () => number;
};

/** A row: what was signed. Under `last` the largest checkpoint, by which every later one is judged. */
const SignedRow = z.strictObject({ size: z.int().min(1), root: Hash, time_s: z.int().min(0), signature: Signature });
type SignedRow = z.infer<typeof SignedRow>;

/** A cosigner with its memory in `store`: what it signs is on disk, synced, before the signature leaves. */
export function createCosigner({ store, validator, key, named, network, settlement, now_ms }: CosignerOptions) {
  assert(
    named === undefined || named === key.id,
    `the ledger names ${named} as cosigner of ${validator}, not ${key.id}`,
  );
  const prefix = `cosigner/${validator}`;
  const lastKey = `${prefix}/last`;
  const signedKey = (size: number) => `${prefix}/signed/${rowNumber(size)}`;
  const log = createRecordLog({ store, prefix, network, settlement });
  const inTurn = createSerial();

  async function answer(request: CosignRequest): Promise<CosignReply> {
    const { size } = request;
    const own = await ownLog(size);
    if (own === undefined) return { ok: false, size, code: 'COSIGN_SETTLEMENT_UNKNOWN' };
    const earlier = await read(signedKey(size));
    const last = await read(lastKey);
    const code = judgeCheckpoint(request, { network, leaves: own.leaves, earlier, last });
    if (code !== null) return { ok: false, size, code };
    return { ok: true, ...(earlier ?? (await sign(request))) };
  }

  async function ownLog(size: number): Promise<LogView | undefined> {
    try {
      return await log.upTo(size);
    } catch (error) {
      if (error instanceof ArchiveError && error.code === 'SETTLEMENT_UNKNOWN') return undefined;
      throw error;
    }
  }

  async function sign({ checkpoint, size, root }: CosignRequest): Promise<SignedRow> {
    const time_s = Math.floor(now_ms() / 1000);
    const signature = key.sign(cosignatureMessage(time_s, checkpoint));
    const signed = SignedRow.parse({ size, root, time_s, signature });
    const value = encode(signed);
    await store.batch([
      { type: 'put', key: signedKey(size), value },
      { type: 'put', key: lastKey, value },
    ]);
    return signed;
  }

  async function read(row: string): Promise<SignedRow | undefined> {
    const value = await store.get(row);
    if (value === undefined) return undefined;
    const signed = decodeBody(SignedRow, value);
    assert(signed.ok, `row ${row} is what this cosigner wrote`);
    return signed.value;
  }

  return {
    /** Cosign, or say why not; one request at a time. @throws ArchiveError, StoreError when its own ledger or disk is broken */
    answer: (request: CosignRequest): Promise<CosignReply> => inTurn(() => answer(request)),
  };
}
