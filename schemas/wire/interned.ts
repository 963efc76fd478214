// Short texts that come again and again, made once: names of fields, ids of accounts and units. Making a text from bytes
// costs more than all else of reading a message, and a text that was met before has its hash for maps already.

/** Longest text that is kept: an account's id. */
const MAX_BYTES = 64;
/** Texts kept of a kind: the latest of each slot, so that a flood of new ones costs time and never memory. */
const SLOTS = 8_192;
const ASCII_END = 0x80;

/** The ASCII text in `bytes[start … end)`; undefined where it is longer, not ASCII or not of the kind. */
export type KnownTexts = (bytes: Uint8Array, start: number, end: number) => string | undefined;

/** @param isKind whether a text is one of these; asked once a text, not once a message */
export function knownTexts(isKind: (text: string) => boolean): KnownTexts {
  const kept: string[] = Array.from({ length: SLOTS }, () => '');
  return (bytes, start, end) => {
    if (end - start > MAX_BYTES) return undefined;
    const slot = slotOf(bytes, start, end);
    const known = kept[slot];
    if (known !== undefined && known !== '' && isText(known, bytes, start, end)) return known;
    const text = ascii(bytes, start, end);
    if (text === undefined || !isKind(text)) return undefined;
    kept[slot] = text;
    return text;
  };
}

/** Any short text. */
export const interned: KnownTexts = knownTexts(() => true);

/** Ids are random at both ends or count up at the last: a few bytes of each tell them apart. */
function slotOf(bytes: Uint8Array, start: number, end: number): number {
  let hash = end - start;
  const head = Math.min(end, start + 4);
  for (let i = start; i < head; i++) hash = (Math.imul(hash, 31) + (bytes[i] ?? 0)) | 0;
  for (let i = Math.max(head, end - 4); i < end; i++) hash = (Math.imul(hash, 31) + (bytes[i] ?? 0)) | 0;
  return (hash ^ (hash >>> 13)) & (SLOTS - 1);
}

function isText(text: string, bytes: Uint8Array, start: number, end: number): boolean {
  if (text.length !== end - start) return false;
  for (let i = 0; i < text.length; i++) if (text.charCodeAt(i) !== bytes[start + i]) return false;
  return true;
}

function ascii(bytes: Uint8Array, start: number, end: number): string | undefined {
  for (let i = start; i < end; i++) if ((bytes[i] ?? ASCII_END) >= ASCII_END) return undefined;
  return Reflect.apply(String.fromCharCode, null, bytes.subarray(start, end));
}
