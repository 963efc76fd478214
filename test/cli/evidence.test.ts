// `sortition evidence check`: names who made a fork from the genesis alone, and its exit code says whether that is all of them.
import { mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { bytesToHex } from '@noble/hashes/utils.js';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { genesisMembership } from '#machines/consensus/genesis-membership.ts';
import { EXIT } from '#runtime/cli/cli-error.ts';
import { writeEvidence } from '#runtime/consensus/evidence-folder.ts';
import { testimonyOps } from '#runtime/consensus/testimony-store.ts';
import { readKeyFile } from '#runtime/keys/key-file.ts';
import { sha256 } from '#runtime/keys/sha256.ts';
import { keyPath, type LocalNetwork, openLocalNetwork } from '#runtime/network/local-genesis.ts';
import { productionCrypto } from '#runtime/node/crypto.ts';
import { genesisElectorate } from '#runtime/node/final-blocks.ts';
import { openRocksStore } from '#runtime/store/rocks-store.ts';
import { encodeHeader } from '#schemas/consensus/block-codec.ts';
import { encodeCertificate } from '#schemas/consensus/certificate-codec.ts';
import type { CertifiedHeaderJson } from '#schemas/consensus/certified-header.ts';
import type { Handover } from '#schemas/consensus/handover-codec.ts';
import { encodeMembership, membershipHash } from '#schemas/consensus/membership-codec.ts';
import type { Certificate, CommitConflict, Membership, SignedVote, Vote } from '#schemas/consensus/types.ts';
import { voteSignBytes } from '#schemas/consensus/vote-codec.ts';
import { CODES } from '#schemas/wire/codes.ts';
import { sortition } from './run.ts';

const [A, B] = ['a'.repeat(64), 'b'.repeat(64)];
let dir: string;
let network: LocalNetwork;
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'sortition-evidence-'));
  network = await openLocalNetwork(dir);
});
afterAll(() => rm(dir, { recursive: true, force: true }));

async function say(
  validator: number,
  said: Pick<Vote, 'type' | 'round' | 'value'> & Partial<Vote>,
): Promise<SignedVote> {
  const vote = { epoch: 0, height: 7, valid_round: -1, validator, ...said };
  const key = await readKeyFile(keyPath(dir, `validator-${validator + 1}`));
  return { ...vote, signature: key.sign(voteSignBytes(network.chain.id, vote)) };
}
async function commit(
  round: number,
  value: string,
  voters: readonly number[],
  height = 7,
  bend: Partial<Vote> = {},
): Promise<Certificate> {
  const votes = await Promise.all(voters.map((i) => say(i, { type: 'precommit', round, value, height, ...bend })));
  return { type: 'commit', height, round, value, votes };
}
const forkAt = async (height: number): Promise<CommitConflict> => ({
  first: await commit(0, A, [0, 1, 2], height),
  second: await commit(0, B, [1, 2, 3], height),
  votes: [],
});
async function written(
  second: Certificate,
  votes: readonly SignedVote[] = [],
  chain = network.chain.id,
): Promise<string> {
  return writeEvidence(dir, {
    chain,
    conflict: { first: await commit(0, A, [0, 1, 2]), second, votes },
    handovers: [],
  });
}
/** A header of the first epoch; `next` is what it calls the membership of the next height. */
function headerOf(height: number, time_ms: number, next?: string): Uint8Array {
  const { hash } = genesisElectorate(network.chain, productionCrypto);
  const zero = '0'.repeat(64);
  return encodeHeader({
    v: 1,
    chain: network.chain.id,
    epoch: 0,
    height,
    time_ms,
    proposer: 0,
    previous: zero,
    txs_root: zero,
    parts_hash: zero,
    state_root: zero,
    beacon: new Uint8Array(0),
    validators_hash: hash,
    next_validators_hash: next ?? hash,
  });
}
const check = (path: string, ...more: readonly string[]) =>
  sortition('evidence', 'check', path, '--genesis', network.genesis_path, ...more);

test('two commits of one round: all who signed both, with operator and both statements', async () => {
  const path = await written(await commit(0, B, [1, 2, 3]));
  const { exit, out } = await check(path);
  expect(exit).toBe(EXIT.ok);
  for (const [i, { id, operator }] of network.chain.validators.entries()) {
    expect([out.includes(id), out.includes(operator)]).toEqual(Array(2).fill(i === 1 || i === 2));
  }
  expect(out).toMatch(
    /precommit round 0 valid_round -1 a{64} signed [0-9a-f]{128}\n.*precommit round 0 valid_round -1 b{64}/,
  );
  const told = JSON.parse((await check(path, '--json')).out) as { culprits: { validator: string }[] };
  expect(told).toMatchObject({ height: 7, named_power: 2, needed_power: 2, missing: null });
  expect(told.culprits.map(({ validator }) => validator)).toEqual(
    network.chain.validators.slice(1, 3).map(({ id }) => id),
  );
});

test('commits of two rounds: prevotes against the lock name their authors; without them the command says which votes are missing', async () => {
  const second = await commit(1, B, [1, 2, 3]);
  const bare = await check(await written(second));
  expect(bare.exit).toBe(EXIT.unnamed);
  expect(bare.out).toMatch(/0 named.*\nVotes of rounds 0 to 1 name the others/);
  const prevotes = await Promise.all([1, 2].map((i) => say(i, { type: 'prevote', round: 1, value: B })));
  const { exit, out } = await check(await written(second, prevotes));
  expect(exit).toBe(EXIT.ok);
  expect(out).toMatch(/let go of its lock without a polka/);
});

test('files of several nodes name in their union whom none names alone', async () => {
  const second = await commit(1, B, [1, 2, 3]);
  const paths: string[] = [];
  for (const i of [1, 2]) {
    const path = await written(second, [await say(i, { type: 'prevote', round: 1, value: B })]);
    paths.push(join(dir, `of-${i}.json`));
    await rename(path, paths.at(-1) ?? '');
  }
  for (const path of paths) expect((await check(path)).exit).toBe(EXIT.unnamed);
  const { exit, out } = await check(paths[0] ?? '', paths[1] ?? '', '--json');
  expect(exit).toBe(EXIT.ok);
  expect(JSON.parse(out)).toMatchObject({ named_power: 2, missing: null, decided: [{ block: A }, { block: B }] });
  const other = await writeEvidence(dir, { chain: network.chain.id, conflict: await forkAt(8), handovers: [] });
  expect((await check(paths[0] ?? '', other)).err).toMatch(/^EVIDENCE_FILE_FALSE: .*not of one height/);
});

test('a file of another height than the own is given what the own store holds of it', async () => {
  const bare = join(dir, 'bare.json');
  await rename(await written(await commit(1, B, [1, 2, 3])), bare);
  const own = join(dir, 'own');
  const store = await openRocksStore(join(own, 'db'));
  const prevotes = await Promise.all([1, 2].map((i) => say(i, { type: 'prevote', round: 1, value: B })));
  await store.batch(testimonyOps(7, prevotes));
  await store.close();
  const added = await sortition('evidence', 'add', bare, '--data', own);
  expect(added).toMatchObject({ exit: EXIT.ok, err: '' });
  const more = join(dir, 'more.json');
  await writeFile(more, added.out);
  expect((await check(bare)).exit).toBe(EXIT.unnamed);
  expect((await check(more)).exit).toBe(EXIT.ok);
  const nowhere = await sortition('evidence', 'add', bare, '--data', join(dir, 'nowhere'));
  expect(nowhere).toMatchObject({ exit: EXIT.failure, out: '', err: expect.stringMatching(/^STORE_OPEN_FAILED: /) });
});

test.each([
  ['that is not there', async () => join(dir, 'none.json'), 'EVIDENCE_FILE_UNREADABLE'],
  ['that is none', async () => network.genesis_path, 'EVIDENCE_FILE_MALFORMED'],
  ['of another network', async () => written(await commit(0, B, [1, 2, 3]), [], 'c'.repeat(64)), 'EVIDENCE_FILE_FALSE'],
  ['with one block twice', async () => written(await commit(1, A, [1, 2, 3])), 'EVIDENCE_FILE_FALSE'],
] as const)('a file %s fails in one sentence with a code', async (_name, make, code) => {
  const { exit, out, err } = await check(await make());
  expect({ exit, out }).toEqual({ exit: EXIT.failure, out: '' });
  expect(err.trim().split('\n')).toHaveLength(1);
  expect(err.startsWith(`${code}: `)).toBe(true);
  expect(err.trim().endsWith(CODES[code])).toBe(true);
});

test('without a genesis nothing is trusted', async () => {
  expect((await sortition('evidence', 'check', 'x.json')).exit).toBe(EXIT.usage);
  const none = await sortition('evidence', 'check', 'x.json', '--genesis', join(dir, 'none'));
  expect(none).toMatchObject({ exit: EXIT.failure, err: expect.stringMatching(/^GENESIS_MISSING: /) });
  await writeFile(join(dir, 'empty.json'), '{}');
  const malformed = await sortition('evidence', 'check', 'x.json', '--genesis', join(dir, 'empty.json'));
  expect(malformed.err).toMatch(/^GENESIS_MALFORMED: /);
});

describe('`sortition light` that meets a fork', () => {
  /** A header of height 7, which three of four validators certify, as a gateway shows it. */
  async function shown(time_ms: number): Promise<CertifiedHeaderJson> {
    const header = headerOf(7, time_ms);
    const certificate = await commit(0, bytesToHex(sha256(header)), [time_ms, 2, 3]);
    return { header: bytesToHex(header), certificate: bytesToHex(encodeCertificate(certificate)) };
  }

  test('leaves evidence beside it, tells its path, and the culprits can be named from it', async () => {
    let latest = await shown(0);
    const gateway = createServer((_request, response) => void response.end(JSON.stringify(latest)));
    await new Promise<void>((resolve) => gateway.listen(0, '127.0.0.1', resolve));
    const url = `http://127.0.0.1:${(gateway.address() as AddressInfo).port}`;
    const seen = join(dir, 'seen.json');
    const look = (...more: readonly string[]) =>
      sortition('light', '--genesis', network.genesis_path, '--gateway', url, '--evidence', dir, ...more);
    expect(await look('--save', seen)).toMatchObject({ exit: EXIT.ok, err: '' });
    latest = await shown(1);
    const { exit, out, err } = await look('--from', seen);
    gateway.close();
    expect({ exit, out }).toEqual({ exit: EXIT.failure, out: '' });
    const path = join(dir, 'evidence-7.json');
    expect(err).toMatch(/^LIGHT_FORK: block [0-9a-f]{64} at height 7, trusted [0-9a-f]{64} at height 7; evidence: /);
    expect(err).toContain(path);
    const named = await check(path, '--json');
    expect(named.exit).toBe(EXIT.ok);
    const told = JSON.parse(named.out) as { culprits: { validator: string }[] };
    expect(told.culprits.map(({ validator }) => validator)).toEqual(
      network.chain.validators.slice(2).map(({ id }) => id),
    );
  });
});

describe('a fork in a later epoch', () => {
  /** The set of epoch 1: the same people, from height 5 on. */
  const nextSet = (): Membership => ({ ...genesisMembership(network.chain), epoch: 1, first_height: 5 });
  /** A file of height 7 by that set, which tells so much of how it came. */
  async function later(handovers: readonly Handover[]): Promise<string> {
    const epoch = { epoch: 1 };
    const conflict = {
      first: await commit(0, A, [0, 1, 2], 7, epoch),
      second: await commit(0, B, [1, 2, 3], 7, epoch),
      votes: [],
    };
    return writeEvidence(dir, { chain: network.chain.id, conflict, handovers });
  }
  async function handover(): Promise<Handover> {
    const header = headerOf(4, 4, membershipHash(nextSet()));
    const certificate = await commit(0, bytesToHex(sha256(header)), [0, 1, 2], 4);
    return { header, certificate, membership: encodeMembership(nextSet()) };
  }

  test('is judged by its own set, to which the file leads from the genesis', async () => {
    const { exit, out } = await check(await later([await handover()]), '--json');
    expect(exit).toBe(EXIT.ok);
    expect(JSON.parse(out)).toMatchObject({ height: 7, named_power: 2, needed_power: 2 });
  });

  test('proves nothing where nothing leads there', async () => {
    const forged = { ...(await handover()), membership: encodeMembership({ ...nextSet(), first_height: 6 }) };
    for (const handovers of [[], [forged]])
      expect((await check(await later(handovers))).err).toMatch(/^EVIDENCE_FILE_FALSE: .*leads to the set of epoch 1/);
  });
});
