// Envelopes: what is encoded comes back, what is signed is what travels, and every bad input gets its code.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Envelope, EnvelopeItem } from '#schemas/wire/envelope.ts';
import { decodeEnvelope, encodeEnvelope, envelopeBytes, envelopeSignBytes } from '#schemas/wire/envelope-codec.ts';
import { MAX_ENVELOPE_ITEMS, MAX_ITEM_BODY_BYTES, MAX_MESSAGE_BYTES } from '#schemas/wire/limits.ts';
import { encode } from '#schemas/wire/msgpack.ts';
import { TAG } from '#schemas/wire/tags.ts';

const SIGNATURE = new Uint8Array(64).fill(7);
const ID = 'ab'.repeat(32);
const ITEM: EnvelopeItem = { kind: 'work.assign.v1', to: ID, counter: 1, body: Uint8Array.of(0x80) };
const ENVELOPE: Envelope = { v: 1, network: ID, sender: ID, expiry_ms: 1_800_000_000_000, trace: '', items: [ITEM] };

const id = fc.uint8Array({ minLength: 32, maxLength: 32 }).map((b) => Buffer.from(b).toString('hex'));
const item = fc.record({
  kind: fc.constantFrom('a.v1', 'work.assign.v1', 'node.quarantine-drop.v12'),
  to: id,
  counter: fc.maxSafeInteger().map(Math.abs),
  body: fc.uint8Array({ maxLength: 500 }),
});
const envelope: fc.Arbitrary<Envelope> = fc.record({
  v: fc.constant(1 as const),
  network: id,
  sender: id,
  expiry_ms: fc.maxSafeInteger().map(Math.abs),
  trace: fc.constantFrom('', `00-${'1f'.repeat(16)}-${'2e'.repeat(8)}-01`),
  items: fc.array(item, { minLength: 1, maxLength: 20 }),
});

const wire = (e: Envelope): Uint8Array => encodeEnvelope(envelopeBytes(e), SIGNATURE);
const framed = (value: unknown): Uint8Array => encodeEnvelope(encode(value), SIGNATURE);
const fields = (change: object = {}): unknown[] => {
  const e = { ...ENVELOPE, items: [[ITEM.kind, ITEM.to, ITEM.counter, ITEM.body]], ...change };
  return [e.v, e.network, e.sender, e.expiry_ms, e.trace, e.items];
};
const outcome = (bytes: Uint8Array): string => {
  const got = decodeEnvelope(bytes);
  return got.ok ? 'read' : got.code;
};

test('an envelope comes back as it was, with the signature and the very bytes that it signs', () => {
  fc.assert(
    fc.property(envelope, (e) => {
      const bytes = envelopeBytes(e);
      const got = decodeEnvelope(encodeEnvelope(bytes, SIGNATURE));
      if (!got.ok) throw new Error(got.code);
      const items = got.value.envelope.items.map((i) => ({ ...i, body: Uint8Array.from(i.body) }));
      expect({ ...got.value.envelope, items }).toEqual(e);
      expect(got.value.signature).toEqual(SIGNATURE);
      expect(Buffer.from(got.value.signed)).toEqual(Buffer.from(envelopeSignBytes(bytes)));
      expect(Buffer.from(got.value.signed)).toEqual(Buffer.concat([TAG.envelope, bytes]));
    }),
  );
});

test('the bytes of version 1 never change', () => {
  const e = {
    ...ENVELOPE,
    network: '00'.repeat(32),
    sender: '11'.repeat(32),
    items: [{ ...ITEM, to: '22'.repeat(32) }],
  };
  const id = (byte: string): string => `d940${Buffer.from(byte.repeat(32)).toString('hex')}`;
  const golden = `9601${id('00')}${id('11')}cb427a3185c5000000a09194ae776f726b2e61737369676e2e7631${id('22')}01c40180`;
  expect(Buffer.from(envelopeBytes(e)).toString('hex')).toBe(golden);
});

test.each([
  ['no bytes', new Uint8Array(0), 'ENVELOPE_MALFORMED'],
  ['a signature alone', SIGNATURE, 'ENVELOPE_MALFORMED'],
  ['a megabyte and a byte', new Uint8Array(MAX_MESSAGE_BYTES + 1), 'MESSAGE_TOO_LARGE'],
  ['a map', framed({ v: 1 }), 'ENVELOPE_MALFORMED'],
  ['an empty list', framed([]), 'ENVELOPE_MALFORMED'],
  ['version 2', framed(fields({ v: 2 })), 'ENVELOPE_VERSION_UNKNOWN'],
  ['a version in words', framed(fields({ v: 'one' })), 'ENVELOPE_MALFORMED'],
  ['a missing field', framed(fields().slice(0, 5)), 'ENVELOPE_MALFORMED'],
  ['an extra field', framed([...fields(), 0]), 'ENVELOPE_MALFORMED'],
  ['a network in capitals', framed(fields({ network: 'AB'.repeat(32) })), 'ENVELOPE_MALFORMED'],
  ['a short sender', framed(fields({ sender: 'ab' })), 'ENVELOPE_MALFORMED'],
  ['a sender of a kilobyte', framed(fields({ sender: 'a'.repeat(1_024) })), 'ENVELOPE_MALFORMED'],
  ['an expiry before 1970', framed(fields({ expiry_ms: -1 })), 'ENVELOPE_MALFORMED'],
  ['an expiry that is a bigint', framed(fields({ expiry_ms: 1n })), 'ENVELOPE_MALFORMED'],
  ['a trace of another shape', framed(fields({ trace: '00-12' })), 'ENVELOPE_MALFORMED'],
  ['no items', framed(fields({ items: [] })), 'ENVELOPE_MALFORMED'],
  ['items that are none', framed(fields({ items: 7 })), 'ENVELOPE_MALFORMED'],
  ['an item of three fields', framed(fields({ items: [[ITEM.kind, ID, 1]] })), 'ENVELOPE_MALFORMED'],
  ['a kind without version', framed(fields({ items: [['work.assign', ID, 1, ITEM.body]] })), 'ENVELOPE_MALFORMED'],
  ['a kind too long', framed(fields({ items: [[`${'a'.repeat(60)}.v1`, ID, 1, ITEM.body]] })), 'ENVELOPE_MALFORMED'],
  ['a receiver that is no id', framed(fields({ items: [[ITEM.kind, '*', 1, ITEM.body]] })), 'ENVELOPE_MALFORMED'],
  ['a negative counter', framed(fields({ items: [[ITEM.kind, ID, -1, ITEM.body]] })), 'ENVELOPE_MALFORMED'],
  ['a body of text', framed(fields({ items: [[ITEM.kind, ID, 1, 'text']] })), 'ENVELOPE_MALFORMED'],
  ['bytes after the end', Uint8Array.of(...wire(ENVELOPE), 0xc0), 'ENVELOPE_MALFORMED'],
  ['one byte missing', wire(ENVELOPE).slice(0, -1), 'ENVELOPE_MALFORMED'],
  [
    'too many items',
    wire({ ...ENVELOPE, items: Array.from({ length: MAX_ENVELOPE_ITEMS + 1 }, () => ITEM) }),
    'ENVELOPE_MALFORMED',
  ],
  [
    'a body above the limit',
    wire({ ...ENVELOPE, items: [{ ...ITEM, body: new Uint8Array(MAX_ITEM_BODY_BYTES + 1) }] }),
    'MESSAGE_TOO_LARGE',
  ],
])('refused: %s', (_name, bytes, code) => {
  expect(decodeEnvelope(bytes)).toMatchObject({ ok: false, code });
});

test('the limits themselves are accepted', () => {
  const items = Array.from({ length: MAX_ENVELOPE_ITEMS }, () => ITEM);
  expect(decodeEnvelope(wire({ ...ENVELOPE, items })).ok).toBe(true);
  expect(
    decodeEnvelope(wire({ ...ENVELOPE, items: [{ ...ITEM, body: new Uint8Array(MAX_ITEM_BODY_BYTES) }] })).ok,
  ).toBe(true);
});

test('random bytes and flipped bits are read or refused with a code, never thrown', () => {
  const flipped = fc.tuple(envelope, fc.nat(), fc.nat(7)).map(([e, at, bit]) => {
    const bytes = wire(e);
    bytes[at % bytes.length] = (bytes[at % bytes.length] ?? 0) ^ (1 << bit);
    return bytes;
  });
  const codes = ['read', 'ENVELOPE_MALFORMED', 'ENVELOPE_VERSION_UNKNOWN'];
  fc.assert(
    fc.property(fc.oneof(fc.uint8Array({ maxLength: 400 }), flipped), (bytes) => {
      expect(codes).toContain(outcome(bytes));
    }),
    { numRuns: 5_000 },
  );
});
