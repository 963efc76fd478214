// Checkpoints, notes, cosignatures and policies against published examples, and against what a forger would try.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { checkpointBody, formatNote, parseCheckpointBody, parseNote } from '#machines/settlement/checkpoint.ts';
import { fromBase64, toBase64 } from '#machines/settlement/checkpoint-base64.ts';
import {
  checkQuorum,
  cosignatureLine,
  cosignatureMessage,
  cosignerKeyId,
} from '#machines/settlement/checkpoint-cosignature.ts';
import { formatPolicy, parsePolicy, policyOf } from '#machines/settlement/checkpoint-policy.ts';
import { verify } from '#runtime/keys/ed25519.ts';
import { at, cosignerKeys, NETWORK, noteBy, POLICY, strangerKey, validatorsOf } from '../archive/network.ts';

/** The example of C2SP tlog-cosignature: a log's signature and a witness's. */
const SPEC_EXAMPLE = `example.com/behind-the-sofa
20852163
CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=

— example.com/behind-the-sofa Az3grlgtzPICa5OS8npVmf1Myq/5IZniMp+ZJurmRDeOoRDe4URYN7u5/Zhcyv2q1gGzGku9nTo+zyWE+xeMcTOAYQ8=
— witness.example.com/w1 jWbPPwAAAABkGFDLEZMHwSRaJNiIDoe9DYn/zXcrtPHeolMI5OWXEhZCB9dlrDJsX3b2oyin1nPZqhf5nNo0xUe+mbIUBkBIfZ+qnA==
`;
/** A checkpoint of a public log as its witnesses cosigned it in 2026, and the published verifier keys of two of them. */
const PUBLIC_LOG = `arche2025h1.staging.ct.transparency.dev
1432088532
U7WM79jrzyhGZ5/GUBTpM7NzwdyfFx61t3RovgcC4Ro=

— transparency.dev/DEV:witness-little-garden 2AQqhwAAAABqEiEgzgFIqqhbUoDwjMWE6UP8nd8/KYTzwZ2rhIgcqoXHAwVkjZr4AscylP3v7sEodkRAErumC2q44vdgJY096st5BQ==
— remora.n621.de 2net5wAAAABqEiEgPlfF3V06o0Y+fHM+J5J9s27wgxxcOVSpZ/2g/KSiXCg9DEZI+aVCIobWX9sXTynk5XeU/zZ0WBxtqB0DrAWfBw==
`;
const WITNESSES = [
  {
    name: 'transparency.dev/DEV:witness-little-garden',
    id: 'd8042a87',
    vkey: 'BCtusOxINQNUTN5Oj8HObRkh2yHf/MwYaGX4CPdiVEPM',
  },
  { name: 'remora.n621.de', id: 'da77ade7', vkey: 'BOvN63jn/bLvkieywe8R6UYAtVtNbZpXh34x7onlmtw2' },
].map(({ name, id, vkey }) => ({ name, id, power: 1, key: Buffer.from(vkey, 'base64').subarray(1).toString('hex') }));

const BODY = checkpointBody({ origin: `${NETWORK}/settlement`, size: 3, root: new Uint8Array(32).fill(7) });
const parsed = (note: string) => {
  const result = parseNote(note);
  if (!result.ok) throw new Error(result.code);
  return result.value;
};
const quorumOf = (note: string) => checkQuorum(parsed(note), POLICY, verify);

test('the example of the specification reads, and writes back byte for byte', () => {
  const note = parsed(SPEC_EXAMPLE);
  expect(formatNote(note)).toBe(SPEC_EXAMPLE);
  expect(note.signatures.map(({ name, key_id }) => [name, key_id])).toEqual([
    ['example.com/behind-the-sofa', '033de0ae'],
    ['witness.example.com/w1', '8d66cf3f'],
  ]);
  expect(parseCheckpointBody(note.text)).toMatchObject({
    ok: true,
    value: { origin: 'example.com/behind-the-sofa', size: 20_852_163 },
  });
  expect(new TextDecoder().decode(cosignatureMessage(1_679_315_147, note.text))).toBe(
    `cosignature/v1\ntime 1679315147\n${note.text}`,
  );
});

test('the key ids of public witnesses come out', () => {
  expect(WITNESSES.map(cosignerKeyId)).toEqual(WITNESSES.map(({ id }) => id));
});

test('real cosignatures of public witnesses verify, and not over another size', () => {
  const policy = { origin: 'arche2025h1.staging.ct.transparency.dev', cosigners: WITNESSES, quorum: 2 };
  expect(checkQuorum(parsed(PUBLIC_LOG), policy, verify)).toMatchObject({
    ok: true,
    value: [{ time_s: 1_779_573_024 }, { time_s: 1_779_573_024 }],
  });
  expect(checkQuorum(parsed(PUBLIC_LOG.replace('1432088532', '1432088533')), policy, verify)).toMatchObject({
    code: 'COSIGNATURE_INVALID',
  });
});

test('base64 is what Node writes, and each byte string has one text', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 80 }), (bytes) => {
      expect(toBase64(bytes)).toBe(Buffer.from(bytes).toString('base64'));
      expect(fromBase64(toBase64(bytes))).toEqual(bytes);
    }),
  );
  for (const bad of ['A', 'AB', 'AB=', 'A===', 'QQ', 'QR==', 'Q Q=', 'QUJ=', 'Q-__'])
    expect(fromBase64(bad)).toBeUndefined();
});

test.each([
  ['extension line', `${BODY}extra\n`],
  ['leading zero', BODY.replace('\n3\n', '\n03\n')],
  ['negative size', BODY.replace('\n3\n', '\n-3\n')],
  ['size above 2^53', BODY.replace('\n3\n', '\n9007199254740993\n')],
  ['short root', `${NETWORK}/settlement\n3\nAAAA\n`],
  ['no last newline', BODY.trimEnd()],
  ['no origin', BODY.slice(BODY.indexOf('\n'))],
])('a checkpoint body with %s is refused', (_, body) => {
  expect(parseCheckpointBody(body)).toMatchObject({ ok: false, code: 'CHECKPOINT_MALFORMED' });
});

test.each([
  ['no signature', `${BODY}\n`],
  ['no empty line', BODY],
  ['a hyphen for the dash', noteBy(BODY, [0]).replace('— ', '- ')],
  ['a carriage return', noteBy(BODY, [0]).replace('\n3\n', '\r\n3\n')],
  ['a cut line', noteBy(BODY, [0]).trimEnd()],
  ['loose base64', noteBy(BODY, [0]).replace(/=+\n$/, '\n')],
])('a note with %s is refused', (_, note) => {
  expect(parseNote(note)).toMatchObject({ ok: false, code: 'CHECKPOINT_MALFORMED' });
});

test('three of four cosigners are a quorum, whoever they are', () => {
  for (const signers of [
    [0, 1, 2],
    [3, 1, 0],
    [0, 1, 2, 3],
  ])
    expect(quorumOf(noteBy(BODY, signers)).ok).toBe(true);
});

test('two of four cosigners are none', () => {
  expect(quorumOf(noteBy(BODY, [0, 1]))).toMatchObject({ ok: false, code: 'QUORUM_SHORT' });
});

test('one validator twice counts once and is refused', () => {
  expect(quorumOf(noteBy(BODY, [0, 1, 1]))).toMatchObject({ ok: false, code: 'COSIGNER_REPEATED' });
});

test('an unknown key is refused, even under the name of a known one', () => {
  const stranger = { name: at(POLICY.cosigners, 2).name, key: strangerKey.id };
  const line = cosignatureLine(stranger, { time_s: 5, signature: strangerKey.sign(cosignatureMessage(5, BODY)) });
  const note = parsed(noteBy(BODY, [0, 1]));
  expect(checkQuorum({ ...note, signatures: [...note.signatures, line] }, POLICY, verify)).toMatchObject({
    ok: false,
    code: 'COSIGNER_UNKNOWN',
  });
});

test('a signature with another time is refused: the time is signed', () => {
  const note = parsed(noteBy(BODY, [0, 1]));
  const line = cosignatureLine(at(POLICY.cosigners, 2), {
    time_s: 6,
    signature: at(cosignerKeys, 2).sign(cosignatureMessage(5, BODY)),
  });
  expect(checkQuorum({ ...note, signatures: [...note.signatures, line] }, POLICY, verify)).toMatchObject({
    code: 'COSIGNATURE_INVALID',
  });
});

test.each([
  [1, 1],
  [2, 2],
  [3, 3],
  [4, 3],
  [6, 5],
  [7, 5],
  [9, 7],
  [10, 7],
  [31, 21],
])('of %i validators %i must sign', (n, quorum) => {
  const validators = Array.from({ length: n }, (_, i) => ({
    id: `${i}`.padStart(64, '0'),
    cosigner: `${i}`.padStart(64, 'a'),
    power: 1,
  }));
  expect(policyOf(NETWORK, validators).quorum).toBe(quorum);
});

describe('validators of unequal power', () => {
  /** By their powers; the first four have keys that sign. */
  const weighted = (...powers: readonly number[]) =>
    policyOf(
      NETWORK,
      powers.map((power, i) => ({ ...at(validatorsOf(), i), power })),
    );
  const POWERS = weighted(4, 1, 1, 1); // 5 of 7 decide

  test.each([
    [[0, 1], true],
    [[0], false],
    [[1, 2, 3], false],
    [[0, 2, 3], true],
  ])('cosignatures of %j: by power, not by heads, that is %s', (signers, isQuorum) => {
    expect(POWERS.quorum).toBe(5);
    expect(checkQuorum(parsed(noteBy(BODY, signers)), POWERS, verify).ok).toBe(isQuorum);
  });

  test('a policy tells powers in names, and asks others for as many heads as a quorum has at least', () => {
    const text = formatPolicy(POWERS);
    expect(text.split('\n').at(-3)).toBe('group validators 2 v0x4 v1 v2 v3');
    expect(parsePolicy(text)).toEqual({ ok: true, value: POWERS });
    for (const bent of [text.replaceAll('v0x4', 'v0x3'), text.replace('v0x4', 'v0x5'), text.replaceAll('v1', 'v1x1')])
      expect(parsePolicy(bent)).not.toEqual({ ok: true, value: POWERS });
    expect(parsePolicy(text.replace('validators 2', 'validators 1'))).toMatchObject({ code: 'POLICY_MALFORMED' });
  });

  test('whatever the powers: the text reads back, no quorum has fewer heads than it asks for, and some has as many', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 10 }), { minLength: 1, maxLength: 4 }), (powers) => {
        const policy = weighted(...powers);
        const text = formatPolicy(policy);
        expect(parsePolicy(text)).toEqual({ ok: true, value: policy });
        const heads = Number(/group validators (\d+)/.exec(text)?.[1]);
        const quorums = Array.from({ length: 2 ** powers.length }, (_, bits) =>
          powers.filter((_p, i) => bits & (1 << i)),
        )
          .filter((some) => some.reduce((sum, power) => sum + power, 0) >= policy.quorum)
          .map((some) => some.length);
        expect(Math.min(...quorums)).toBe(heads);
      }),
    );
  });
});

test('a policy reads back, with comments and free spacing too', () => {
  const text = formatPolicy(POLICY);
  expect(parsePolicy(text)).toEqual({ ok: true, value: POLICY });
  expect(parsePolicy(`# mine\n\n${text.replaceAll(' ', ' \t')}`)).toEqual({ ok: true, value: POLICY });
  expect(text.split('\n').at(-3)).toBe('group validators 3 v0 v1 v2 v3');
});

test.each([
  ['a lower quorum than stated', (text: string) => text.replace('validators 3', 'validators 0')],
  ['a quorum above all', (text: string) => text.replace('validators 3', 'validators 5')],
  [
    'one key twice',
    (text: string) =>
      text.replace(/(witness v1 ).*/, (_, v1: string) => v1 + at(text.split('\n'), 0).slice('witness v0 '.length)),
  ],
  ['a wrong key id', (text: string) => text.replace(/\+[0-9a-f]{8}\+/, '+00000000+')],
  ['no quorum line', (text: string) => text.replace('quorum validators\n', '')],
  ['quorum none', (text: string) => text.replace('quorum validators', 'quorum none')],
  ['a cosigner of another network', (text: string) => text.replace(NETWORK, 'other-net')],
])('a policy with %s is refused', (_, change) => {
  expect(parsePolicy(change(formatPolicy(POLICY)))).toMatchObject({ ok: false, code: 'POLICY_MALFORMED' });
});
