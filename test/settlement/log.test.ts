// The settlement log's proofs as text (C2SP tlog-proof), and that they prove nothing else.
import { expect, test } from 'vitest';
import { leafHashes } from '#machines/primitives/merkle.ts';
import { checkpointBody } from '#machines/settlement/checkpoint.ts';
import { checkpointAt, formatLogProof, parseLogProof, proveRecord, verifyLogProof } from '#machines/settlement/log.ts';
import { at, NETWORK, noteBy } from '../archive/network.ts';

const records = Array.from({ length: 11 }, (_, i) => Uint8Array.of(i, i + 1));
const leaves = leafHashes(records);
const checkpoint = checkpointAt(NETWORK, leaves, records.length);
const note = noteBy(checkpointBody(checkpoint), [0, 1, 2, 3]);

test('every record has a proof that reads back and verifies', () => {
  for (const [index, record] of records.entries()) {
    const text = formatLogProof(proveRecord(leaves, index, note));
    const proof = parseLogProof(text);
    expect(proof).toMatchObject({ ok: true, value: { index, checkpoint: note } });
    expect(proof.ok && verifyLogProof(record, proof.value, checkpoint)).toBe(true);
  }
});

test('the text is as tlog-proof lays it out, and small', () => {
  const lines = formatLogProof(proveRecord(leaves, 7, note)).split('\n');
  expect(lines.slice(0, 2)).toEqual(['c2sp.org/tlog-proof@v1', 'index 7']);
  expect(lines.slice(2, 6).every((line) => Buffer.from(line, 'base64').length === 32)).toBe(true);
  expect(lines.slice(6, 8)).toEqual(['', `${NETWORK}/settlement`]);
  expect(Buffer.byteLength(lines.join('\n'))).toBeLessThan(1_100);
});

test('a proof is worth nothing for another record, index, path, size or root', () => {
  const proof = proveRecord(leaves, 7, note);
  const record = at(records, 7);
  expect(verifyLogProof(at(records, 6), proof, checkpoint)).toBe(false);
  expect(verifyLogProof(record, { ...proof, index: 6 }, checkpoint)).toBe(false);
  expect(verifyLogProof(record, { ...proof, path: proof.path.slice(1) }, checkpoint)).toBe(false);
  expect(verifyLogProof(record, { ...proof, path: proof.path.toReversed() }, checkpoint)).toBe(false);
  expect(verifyLogProof(record, proof, { ...checkpoint, size: 7 })).toBe(false);
  expect(verifyLogProof(record, proof, checkpointAt(NETWORK, leaves, 10))).toBe(false);
});

test.each([
  ['another header', (text: string) => text.replace('@v1', '@v2')],
  ['extra data', (text: string) => text.replace('index', 'extra AAAA\nindex')],
  ['a leading zero', (text: string) => text.replace('index 7', 'index 07')],
  ['a short hash', (text: string) => text.replace(/\n[^\n]{44}\n/, '\nAAAA\n')],
  ['no checkpoint', (text: string) => text.slice(0, text.indexOf('\n\n'))],
  ['nothing', () => ''],
])('a proof with %s is refused', (_, change) => {
  expect(parseLogProof(change(formatLogProof(proveRecord(leaves, 7, note))))).toMatchObject({
    ok: false,
    code: 'PROOF_MALFORMED',
  });
});
