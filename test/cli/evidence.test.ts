// `sortition evidence check`: names who made a fork from the genesis alone, and its exit code says whether that is all of them.
import { mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { EXIT } from '#runtime/cli/cli-error.ts';
import { writeEvidence } from '#runtime/consensus/evidence-folder.ts';
import { readKeyFile } from '#runtime/keys/key-file.ts';
import { keyPath, type LocalNetwork, openLocalNetwork } from '#runtime/network/local-genesis.ts';
import type { Certificate, CommitConflict, SignedVote, Vote } from '#schemas/consensus/types.ts';
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
async function commit(round: number, value: string, voters: readonly number[], height = 7): Promise<Certificate> {
  const votes = await Promise.all(voters.map((i) => say(i, { type: 'precommit', round, value, height })));
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
  return writeEvidence(dir, { chain, conflict: { first: await commit(0, A, [0, 1, 2]), second, votes } });
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
  const other = await writeEvidence(dir, { chain: network.chain.id, conflict: await forkAt(8) });
  expect((await check(paths[0] ?? '', other)).err).toMatch(/^EVIDENCE_FILE_FALSE: .*not of one height/);
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
