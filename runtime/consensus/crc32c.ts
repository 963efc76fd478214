// CRC-32C (Castagnoli; RFC 3720 appendix B.4): finds a torn or rotten record of the log. A record is: checksum u32 | body.
import { LayoutReader, LayoutWriter } from '#schemas/consensus/fixed-layout.ts';

const POLYNOMIAL = 0x82f63b78;
const TABLE = Uint32Array.from({ length: 256 }, (_, byte) => {
  let rest = byte;
  for (let bit = 0; bit < 8; bit++) rest = rest & 1 ? (rest >>> 1) ^ POLYNOMIAL : rest >>> 1;
  return rest;
});

/** Checksum of the bytes, unsigned 32 bits. */
export function crc32c(bytes: Uint8Array): number {
  let crc = 0xffffffff;
  for (let i = 0; i < bytes.length; i++) crc = (TABLE[(crc ^ (bytes[i] ?? 0)) & 0xff] ?? 0) ^ (crc >>> 8);
  return (crc ^ 0xffffffff) >>> 0;
}

const CHECKSUM_BYTES = 4;

/** A record whose body of `size` bytes is what `write` writes. */
export function encodeRecord(size: number, write: (writer: LayoutWriter) => void): Uint8Array {
  const writer = new LayoutWriter(CHECKSUM_BYTES + size).skip(CHECKSUM_BYTES);
  write(writer);
  return writer.rewind().u32(crc32c(writer.bytes.subarray(CHECKSUM_BYTES))).bytes;
}

/** The body of a record, or undefined where it is torn. */
export function decodeRecord(record: Uint8Array): Uint8Array | undefined {
  const body = record.subarray(CHECKSUM_BYTES);
  return record.length >= CHECKSUM_BYTES && new LayoutReader(record).u32() === crc32c(body) ? body : undefined;
}
