// Where a validator stands, signed for whoever asked: fresh by the nonce of the question. Signed layout, 132 bytes:
// tag 16 | chain 32 | epoch u64 | height u64 | round u32 | validator 32 | nonce 32.
import { SIGNATURE_BYTES } from '../wire/signed.ts';
import { TAG } from '../wire/tags.ts';
import { HASH_BYTES, type LayoutReader, LayoutWriter } from './fixed-layout.ts';

/** Random bytes of one question: no answer to an earlier one has them. */
export const POSITION_NONCE_BYTES = 32;
const STATEMENT_BYTES = 8 + 8 + 4 + HASH_BYTES + POSITION_NONCE_BYTES;
/** Bytes of a signed position on the wire: statement | signature. */
export const SIGNED_POSITION_BYTES = STATEMENT_BYTES + SIGNATURE_BYTES;

/** `validator` works on `height`, in `round`. */
export type Position = {
  readonly epoch: number;
  readonly height: number;
  readonly round: number;
  /** Key id of who answers, hex: indices change with the set. */
  readonly validator: string;
  readonly nonce: Uint8Array;
};
export type SignedPosition = Position & { readonly signature: Uint8Array };

/** What the answerer signs. `chain` is 64 hex characters. */
export const positionSignBytes = (chain: string, position: Position): Uint8Array =>
  writePosition(new LayoutWriter(16 + HASH_BYTES + STATEMENT_BYTES).raw(TAG.position).hash(chain), position).bytes;

/** Append statement | signature. */
export const writeSignedPosition = (writer: LayoutWriter, position: SignedPosition): LayoutWriter =>
  writePosition(writer, position).raw(position.signature);

/** The next signed position; fails the reader where the bytes are none. */
export const readSignedPosition = (reader: LayoutReader): SignedPosition => ({
  epoch: reader.u64(),
  height: reader.u64(),
  round: reader.u32(),
  validator: reader.hash(),
  nonce: reader.raw(POSITION_NONCE_BYTES),
  signature: reader.raw(SIGNATURE_BYTES),
});

const writePosition = (writer: LayoutWriter, p: Position): LayoutWriter =>
  writer.u64(p.epoch).u64(p.height).u32(p.round).hash(p.validator).raw(p.nonce);
