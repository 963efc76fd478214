// Evidence files: strict and bounded in, whole or not at all on the disk, written before a validator ends, in its way when it starts again.
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { checkConflict } from '#machines/consensus/accountability.ts';
import { electorateOf } from '#machines/consensus/electorate.ts';
import { refuseAfterFork, writeEvidence } from '#runtime/consensus/evidence-folder.ts';
import { verify } from '#runtime/keys/ed25519.ts';
import { sha256 } from '#runtime/keys/sha256.ts';
import { decodeEvidenceFile, encodeEvidenceFile } from '#schemas/consensus/evidence-file.ts';
import { encodeConsensusMessage } from '#schemas/consensus/message-codec.ts';
import type { Certificate, CommitConflict, SignedVote } from '#schemas/consensus/types.ts';
import { voteSignBytes } from '#schemas/consensus/vote-codec.ts';
import { MAX_CONFLICT_VOTES, MAX_EVIDENCE_FILE_BYTES, MAX_VALIDATORS } from '#schemas/wire/limits.ts';
import { subject } from '#schemas/wire/subjects.ts';
import { Hosts, stillClock } from './hosts.ts';
import { CHAIN, membershipOf } from './network.ts';

const vote = (validator: number, round: number, value: string): SignedVote => ({
  type: 'precommit',
  epoch: 0,
  height: 9,
  round,
  value,
  valid_round: -1,
  validator,
  signature: new Uint8Array(64).fill(validator),
});
const commit = (round: number, value: string, count = 3): Certificate => ({
  type: 'commit',
  height: 9,
  round,
  value,
  votes: Array.from({ length: count }, (_, i) => vote(i, round, value)),
});
const conflict: CommitConflict = {
  first: commit(0, 'a'.repeat(64)),
  second: commit(1, 'b'.repeat(64)),
  votes: [{ ...vote(1, 1, 'b'.repeat(64)), type: 'prevote', valid_round: 0 }],
};
const file = { chain: CHAIN, conflict, handovers: [] };
const parsed = JSON.parse(encodeEvidenceFile(file)) as Record<string, unknown>;

describe('the file', () => {
  test('gives back what was written', () => {
    expect(decodeEvidenceFile(encodeEvidenceFile(file))).toEqual({ ok: true, value: file });
  });

  test('holds the largest conflict there can be, within its limit', () => {
    const [first, second] = [commit(0, 'a'.repeat(64), MAX_VALIDATORS), commit(9, 'b'.repeat(64), MAX_VALIDATORS)];
    const votes = Array.from({ length: MAX_CONFLICT_VOTES }, (_, i) => vote(i % MAX_VALIDATORS, 1, 'c'.repeat(64)));
    const text = encodeEvidenceFile({ chain: CHAIN, conflict: { first, second, votes }, handovers: [] });
    expect(text.length).toBeLessThan(MAX_EVIDENCE_FILE_BYTES);
    expect(decodeEvidenceFile(text).ok).toBe(true);
  });

  const MALFORMED: Record<string, string> = {
    'no JSON': 'evidence',
    'another version': JSON.stringify({ ...parsed, v: 2 }),
    'a field too many': JSON.stringify({ ...parsed, culprits: [0] }),
    'a field too few': JSON.stringify({ ...parsed, votes: undefined }),
    'another height than its certificates': JSON.stringify({ ...parsed, height: 8 }),
    'upper-case hex': JSON.stringify({ ...parsed, first: String(parsed['first']).toUpperCase() }),
    'a certificate that is cut': JSON.stringify({ ...parsed, second: String(parsed['second']).slice(2) }),
    'a certificate with a byte too many': JSON.stringify({ ...parsed, second: `${String(parsed['second'])}00` }),
    'a proposal for a vote': JSON.stringify({ ...parsed, votes: ['00'.repeat(123)] }),
    'more votes than a node keeps': JSON.stringify({
      ...parsed,
      votes: Array(MAX_CONFLICT_VOTES + 1).fill('00'.repeat(123)),
    }),
    'more bytes than its limit': `${encodeEvidenceFile(file)}${' '.repeat(MAX_EVIDENCE_FILE_BYTES)}`,
  };
  test.each(Object.entries(MALFORMED))('is refused with %s', (_, text) => {
    expect(decodeEvidenceFile(text)).toMatchObject({ ok: false, code: 'EVIDENCE_FILE_MALFORMED' });
  });

  test('of any bytes never crashes the reader, and what it takes stands for its own statements', () => {
    const text = encodeEvidenceFile(file);
    const digits = Buffer.from('0123456789abcdef"{}[],:- ');
    const flips = fc.array(fc.tuple(fc.nat(text.length - 1), fc.constantFrom(...digits)), { maxLength: 4 });
    const edited = flips.map((edits) => {
      const bytes = Buffer.from(text);
      for (const [at, byte] of edits) bytes[at] = byte;
      return bytes.toString();
    });
    fc.assert(
      fc.property(fc.oneof(edited, fc.json(), fc.string()), (candidate) => {
        const decoded = decodeEvidenceFile(candidate);
        // Either a refusal with its code, or a value that stands for exactly this JSON.
        expect(decoded.ok ? JSON.parse(encodeEvidenceFile(decoded.value)) : decoded.code).toEqual(
          decoded.ok ? JSON.parse(candidate) : 'EVIDENCE_FILE_MALFORMED',
        );
      }),
      { numRuns: 1_000 },
    );
  });
});

describe('in the folder of a node', () => {
  let dir: string;
  beforeAll(async () => {
    dir = await mkdtemp(join(tmpdir(), 'sortition-evidence-'));
  });
  afterAll(() => rm(dir, { recursive: true, force: true }));

  test('it has its name only when it is whole, and bars the next start until it is moved away', async () => {
    await refuseAfterFork(dir);
    await refuseAfterFork(join(dir, 'none'));
    const path = await writeEvidence(dir, file);
    expect(await readdir(dir)).toEqual(['evidence-9.json']);
    expect(await readFile(path, 'utf8')).toBe(encodeEvidenceFile(file));
    await expect(refuseAfterFork(dir)).rejects.toMatchObject({ code: 'CONFLICTING_COMMITS' });
    await rm(path);
    await refuseAfterFork(dir);
  });
});

test('a validator that meets two commits of one height keeps both before it stops', async () => {
  const hosts = new Hosts(4);
  hosts.clock = stillClock;
  await hosts.start(0);
  const { broker, set } = hosts;
  const certified = (round: number, value: string, voters: readonly number[]): Certificate => ({
    type: 'commit',
    height: 1,
    round,
    value,
    votes: voters.map((validator) => {
      const statement = { type: 'precommit', epoch: 0, height: 1, round, value, valid_round: -1, validator } as const;
      return { ...statement, signature: hosts.host(validator).key.sign(voteSignBytes(CHAIN, statement)) };
    }),
  });
  const { id } = hosts.host(1).key;
  for (const certificate of [certified(0, 'a'.repeat(64), [1, 2, 3]), certified(0, 'b'.repeat(64), [0, 1, 2])])
    broker
      .connect(id)
      .cast(subject.consensus(1, 0, 'certificate', id), encodeConsensusMessage({ type: 'certificate', certificate }));
  await hosts.until(() => hosts.host(0).halts.length > 0);
  expect(hosts.host(0)).toMatchObject({ halts: ['CONFLICTING_COMMITS'], decided: [], conflicts: [{}] });
  const electorate = electorateOf(CHAIN, membershipOf(set), { sha256, verify });
  expect(checkConflict(electorate, hosts.host(0).conflicts[0] as CommitConflict)).toMatchObject({
    ok: true,
    value: { culprits: [{ validator: 1 }, { validator: 2 }], named_power: 2 },
  });
  await hosts.close();
});
