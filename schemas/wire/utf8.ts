// UTF-8 to text, strictly (RFC 3629). By hand: pure code has no TextDecoder, and ids and kinds are short ASCII.

const CONTINUATION = 0b1000_0000;
/** Longest text taken in one call: engines bound the number of arguments. */
const MAX_ARGUMENTS = 4_096;

/** The text, or undefined where the bytes are not well-formed UTF-8: overlong forms, surrogates, cut sequences. */
export function utf8(bytes: Uint8Array): string | undefined {
  if (bytes.length <= MAX_ARGUMENTS && isAscii(bytes)) return Reflect.apply(String.fromCharCode, null, bytes);
  let text = '';
  for (let i = 0; i < bytes.length; ) {
    const first = bytes[i] ?? 0;
    const size = sequenceSize(first);
    if (size === 0 || i + size > bytes.length) return undefined;
    const point = size === 1 ? first : codePoint(bytes, i, size);
    if (point < 0) return undefined;
    text += String.fromCodePoint(point);
    i += size;
  }
  return text;
}

function isAscii(bytes: Uint8Array): boolean {
  for (let i = 0; i < bytes.length; i++) if ((bytes[i] ?? 0) >= 0x80) return false;
  return true;
}

/** Bytes of the sequence that starts so; 0 where none does. */
function sequenceSize(first: number): number {
  if (first < 0x80) return 1;
  if (first >= 0xc2 && first <= 0xdf) return 2;
  if (first >= 0xe0 && first <= 0xef) return 3;
  return first >= 0xf0 && first <= 0xf4 ? 4 : 0;
}

/** Least code point of a sequence of this size: anything lower is an overlong form. */
const LEAST = [0, 0, 0x80, 0x800, 0x1_0000];

function codePoint(bytes: Uint8Array, start: number, size: number): number {
  let point = (bytes[start] ?? 0) & (0xff >> (size + 1));
  for (let i = start + 1; i < start + size; i++) {
    const byte = bytes[i] ?? 0;
    if ((byte & 0xc0) !== CONTINUATION) return -1;
    point = (point << 6) | (byte & 0x3f);
  }
  const isSurrogate = point >= 0xd800 && point <= 0xdfff;
  return point < (LEAST[size] ?? 0) || point > 0x10_ffff || isSurrogate ? -1 : point;
}
