// Whatever bytes come from outside, the readers refuse them with a code; none throws.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { checkpointBody, parseCheckpointBody, parseNote } from '#machines/settlement/checkpoint.ts';
import { formatPolicy, parsePolicy } from '#machines/settlement/checkpoint-policy.ts';
import { formatLogProof, parseLogProof } from '#machines/settlement/log.ts';
import { buildBundle, decodeManifest } from '#runtime/archive/bundle.ts';
import { readCar } from '#runtime/archive/car.ts';
import { parseCid } from '#runtime/archive/cid.ts';
import { decodeRecord } from '#runtime/archive/record-codec.ts';
import { CODES } from '#schemas/wire/codes.ts';
import { at, NETWORK, noteBy, PAYMENTS, POLICY, recordBlocks, rowsOf } from './network.ts';

const records = recordBlocks(rowsOf(PAYMENTS));
const bundle = buildBundle(NETWORK, POLICY, records);
const note = noteBy(checkpointBody({ origin: `${NETWORK}/settlement`, size: 3, root: new Uint8Array(32) }), [0, 1, 2]);
const utf8 = (text: string) => new Uint8Array(Buffer.from(text));
const reading = (parse: (text: string) => unknown) => (bytes: Uint8Array) => parse(Buffer.from(bytes).toString('utf8'));

test.each([
  ['records', decodeRecord, at(records, 2).bytes],
  ['manifests', decodeManifest, at(bundle.head, 0).bytes],
  ['CARs', readCar, bundle.car],
  ['notes', reading(parseNote), utf8(note)],
  ['checkpoints', reading(parseCheckpointBody), utf8(bundle.checkpoint)],
  ['policies', reading(parsePolicy), utf8(formatPolicy(POLICY))],
  ['proofs', reading(parseLogProof), utf8(formatLogProof({ index: 2, path: [new Uint8Array(32)], checkpoint: note }))],
] as const)('spoiled %s and noise are refused or read, and crash nothing', (_, parse, good) => {
  expect(parse(good)).toMatchObject({ ok: true });
  const refusedOrRead = (bytes: Uint8Array) => {
    const result = parse(bytes) as { ok: boolean; code?: string };
    expect(result.ok || (result.code ?? '') in CODES).toBe(true);
  };
  const spoiled = fc
    .array(fc.tuple(fc.nat(good.length - 1), fc.nat(255)), { minLength: 1, maxLength: 4 })
    .map((changes) => good.map((byte, i) => changes.find(([at]) => at === i)?.[1] ?? byte));
  const cut = fc.nat(good.length).map((end) => good.slice(0, end));
  fc.assert(fc.property(fc.oneof(spoiled, cut, fc.uint8Array({ maxLength: 200 })), refusedOrRead), { numRuns: 1_000 });
});

test('no text crashes the reader of CIDs', () => {
  const cid = at(records, 0).cid.toString();
  const spoiled = fc
    .tuple(fc.nat(cid.length), fc.string({ maxLength: 3 }))
    .map(([i, s]) => cid.slice(0, i) + s + cid.slice(i + 1));
  fc.assert(
    fc.property(fc.oneof(fc.string(), spoiled), (text) => {
      expect([undefined, text]).toContain(parseCid(text)?.toString());
    }),
  );
});
