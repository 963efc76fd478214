// The validator's signer: a module of its own, so that a bug in the machine cannot make it sign two things in one place.
import type { Input } from '#machines/consensus/types.ts';
import { LayoutReader } from '#schemas/consensus/fixed-layout.ts';
import { SIGN_BYTES } from '#schemas/consensus/vote-codec.ts';
import { accept, type Result, refuse } from '#schemas/wire/codes.ts';
import { SIGNATURE_BYTES } from '#schemas/wire/signed.ts';
import { LazyPut } from '../store/lazy-put.ts';
import type { Store, StoreOp } from '../store/store.ts';
import { ConsensusError } from './consensus-error.ts';
import { decodeRecord, encodeRecord } from './crc32c.ts';

/** Where in the protocol a statement stands; steps are ordered: proposal 0, prevote 1, precommit 2. */
export type Place = { readonly height: number; readonly round: number; readonly step: 0 | 1 | 2 };
/** The last statement signed: never go back before it, never sign another one in its place. */
export type SignerRecord = Place & { readonly sign_bytes: Uint8Array; readonly signature: Uint8Array };
/** A signature, and the row that must be on disk before it leaves. */
export type Signed = { readonly signature: Uint8Array; readonly op: StoreOp };

const KEY = 'cs/signer';
const RECORD_BYTES = 8 + 4 + 1 + SIGN_BYTES + SIGNATURE_BYTES;

export class MonotonicSigner {
  readonly #sign: (bytes: Uint8Array) => Uint8Array;
  #last: SignerRecord | undefined;

  /** @param last what the store holds; undefined where it holds nothing: then others must say when it is safe to speak */
  constructor(sign: (bytes: Uint8Array) => Uint8Array, last: SignerRecord | undefined) {
    this.#sign = sign;
    this.#last = last;
  }

  get last(): SignerRecord | undefined {
    return this.#last;
  }

  /** Refuses with SIGNER_CONFLICT. The same bytes in the same place get the same signature. */
  sign(place: Place, sign_bytes: Uint8Array): Result<Signed> {
    const last = this.#last;
    const order = last === undefined ? 1 : compare(place, last);
    if (last !== undefined && order === 0 && equal(last.sign_bytes, sign_bytes)) {
      return accept({ signature: last.signature, op: putOp(last) });
    }
    if (order <= 0) return refuse('SIGNER_CONFLICT', `${show(place)} after ${show(last ?? place)}`);
    this.#last = { ...place, sign_bytes, signature: this.#sign(sign_bytes) };
    return accept({ signature: this.#last.signature, op: putOp(this.#last) });
  }

  /** Whether it is what was signed last: true spares a verification, false says nothing. */
  hasSigned(sign_bytes: Uint8Array, signature: Uint8Array): boolean {
    const last = this.#last;
    return last !== undefined && equal(last.signature, signature) && equal(last.sign_bytes, sign_bytes);
  }
}

const equal = (a: Uint8Array, b: Uint8Array): boolean => Buffer.compare(a, b) === 0;

/** Written when the keys are new: from then on an empty place means "never spoken", its absence "forgotten". */
export const birthOp = (): StoreOp =>
  putOp({
    height: 0,
    round: 0,
    step: 0,
    sign_bytes: new Uint8Array(SIGN_BYTES),
    signature: new Uint8Array(SIGNATURE_BYTES),
  });

/** Strikes out what a store says of the signer, where that is not the latest: from then on it counts as forgotten. */
export const forgetOp = (): StoreOp => ({ type: 'del', key: KEY });

/** Whether a log holds what was signed last: else it is not all of the log. */
export const isInLog = (inputs: readonly Input[], { signature }: SignerRecord): boolean =>
  inputs.some((input) => {
    const said =
      input.type === 'vote.received' ? input.vote : input.type === 'proposal.received' ? input.proposal : undefined;
    return said !== undefined && equal(said.signature, signature);
  });

/** The record in the store. @throws ConsensusError LOG_CORRUPT */
export async function readSignerRecord(store: Store): Promise<SignerRecord | undefined> {
  const row = await store.get(KEY);
  if (row === undefined) return undefined;
  const body = decodeRecord(row);
  const reader = new LayoutReader(body ?? new Uint8Array(0));
  const place = { height: reader.u64(), round: reader.u32(), step: reader.u8() as Place['step'] };
  const record = { ...place, sign_bytes: reader.raw(SIGN_BYTES), signature: reader.raw(SIGNATURE_BYTES) };
  if (!reader.isDone) throw new ConsensusError('LOG_CORRUPT', KEY);
  return record;
}

const putOp = ({ height, round, step, sign_bytes, signature }: SignerRecord): StoreOp =>
  new LazyPut(KEY, () =>
    encodeRecord(RECORD_BYTES, (writer) => writer.u64(height).u32(round).u8(step).raw(sign_bytes).raw(signature)),
  );

/** Negative: before; 0: the same place; positive: after. */
const compare = (a: Place, b: Place): number => a.height - b.height || a.round - b.round || a.step - b.step;
const show = ({ height, round, step }: Place): string => `height ${height} round ${round} step ${step}`;
