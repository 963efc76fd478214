// Sets that change while the chain goes on: who decides which height, who follows, and who catches up across the changes.
import { describe, expect, test } from 'vitest';
import { decodeHeader } from '#schemas/consensus/block-codec.ts';
import { membershipHash } from '#schemas/consensus/membership-codec.ts';
import type { FinalBlock, Header, Membership, ValidatorSet } from '#schemas/consensus/types.ts';
import { membershipOf, Network } from './network.ts';

const HEIGHTS = 12;

/** Height 4: 0 leaves, 4 joins. Height 7: 1 leaves, 5 joins, and 4 has two seats. Height 9: 2 leaves, 6 joins, 5 grows. */
const MEMBERS: readonly (readonly [first_height: number, members: readonly number[], powers: readonly number[]])[] = [
  [1, [0, 1, 2, 3], [1, 1, 1, 1]],
  [4, [4, 1, 2, 3], [1, 1, 1, 1]],
  [7, [4, 5, 2, 3], [2, 1, 1, 1]],
  [9, [6, 4, 5, 3], [1, 2, 2, 1]],
];
const epochsOf = (set: ValidatorSet): Membership[] =>
  MEMBERS.map(([first_height, members, powers], epoch) => ({
    ...membershipOf(members.flatMap((i, at) => set.slice(i, i + 1).map((v) => ({ ...v, power: powers[at] ?? 1 })))),
    epoch,
    first_height,
  }));
const changing = (): Network => new Network(7, { epochs: epochsOf });

/** Go on until everybody of `who` has decided `height`. */
function decide(network: Network, height: number, who: readonly number[] = [0, 1, 2, 3, 4, 5, 6]): void {
  network.submit(`tx ${height}`);
  network.run(network.now_ms + 20_000, () => who.every((i) => network.node(i).finals.length >= height));
}
const headerOf = ({ block }: FinalBlock): Header => {
  const header = decodeHeader(block.header);
  if (!header.ok) throw new Error('a final block has a header');
  return header.value;
};
const rootsOf = (network: Network): readonly string[] => network.nodes.map(({ app }) => app.root);
const stains = (network: Network) =>
  network.nodes.flatMap(({ halts, evidence, refusals }) => [...halts, ...evidence, ...refusals]);

test('each height is decided by its own set, and announced by the header before; the others follow', () => {
  const network = changing().start();
  for (let height = 1; height <= HEIGHTS; height++) decide(network, height);
  expect(new Set(rootsOf(network)).size).toBe(1);
  const epochs = epochsOf(network.set);
  const of = (height: number) => epochs.findLast(({ first_height }) => first_height <= height) as Membership;
  for (const [i, final] of network.node(0).finals.entries()) {
    const { epoch, validators_hash, next_validators_hash } = headerOf(final);
    expect([epoch, validators_hash]).toEqual([of(i + 1).epoch, membershipHash(of(i + 1))]);
    expect(next_validators_hash).toBe(membershipHash(of(i + 2)));
    expect(final.certificate.votes.every((vote) => vote.epoch === of(i + 1).epoch)).toBe(true);
  }
  for (const [i, { votes }] of network.nodes.entries()) {
    const members = votes.map((vote) => of(vote.height).validators[vote.validator]?.id);
    expect(members.every((id) => id === network.set[i]?.id)).toBe(true);
  }
  expect(stains(network)).toEqual([]);
});

test.each([0, 3, 6])('who was cut off catches up across all changes: validator %i', (lagging) => {
  const network = changing().start();
  const others = [0, 1, 2, 3, 4, 5, 6].filter((i) => i !== lagging);
  network.filter = (from, to) => from !== lagging && to !== lagging;
  for (let height = 1; height <= HEIGHTS; height++) decide(network, height, others);
  expect(network.node(lagging).finals).toEqual([]);
  network.filter = () => true;
  decide(network, HEIGHTS + 1);
  expect(new Set(rootsOf(network)).size).toBe(1);
  expect(stains(network)).toEqual([]);
});

test('who lags by epochs hears of it though heights follow each other without a pause', () => {
  const network = new Network(7, { epochs: epochsOf, delay_ms: 20 }).start();
  // Nobody waits for validator 0 to propose: it is out of the set before it hears anything.
  const others = [1, 2, 3, 4, 5, 6];
  network.filter = (from, to) => from !== 0 && to !== 0;
  for (let height = 1; height <= HEIGHTS; height++) decide(network, height, others);
  network.filter = () => true;
  // Each takes less than the time after which a validator says again where it is.
  for (let height = HEIGHTS + 1; height <= 4 * HEIGHTS; height++) decide(network, height, others);
  expect(network.node(0).finals.length).toBeGreaterThan(HEIGHTS);
  expect(stains(network)).toEqual([]);
});

describe('a range across changes', () => {
  const unsigned = ({ block, certificate }: FinalBlock): FinalBlock => ({
    block,
    certificate: {
      ...certificate,
      votes: certificate.votes.map((vote) => ({ ...vote, signature: new Uint8Array(64) })),
    },
  });
  function offered(change: (blocks: readonly FinalBlock[]) => readonly FinalBlock[]) {
    const network = changing().start();
    network.filter = (from, to) => from !== 0 && to !== 0;
    for (let height = 1; height <= HEIGHTS; height++) decide(network, height, [1, 2, 3, 4, 5, 6]);
    const blocks = change(network.node(3).finals);
    network.input(0, { type: 'blocks.synced', from: network.set[3]?.id ?? '', blocks, now_ms: network.now_ms });
    const { finals, refusals, halts } = network.node(0);
    return { decided: finals.length, refusals, halts };
  }

  test('is taken with the certificates of each epoch’s end', () => {
    const proven = new Set([3, 6, 8, HEIGHTS]);
    const sparse = offered((all) => all.map((final, i) => (proven.has(i + 1) ? final : unsigned(final))));
    expect(sparse).toEqual({ decided: HEIGHTS, refusals: [], halts: [] });
  });

  test('is taken up to the epoch whose end nobody signed', () => {
    const cut = offered((all) => all.map((final, i) => (i + 1 === 8 ? unsigned(final) : final)));
    expect(cut).toEqual({ decided: 6, refusals: ['RANGE_INVALID'], halts: [] });
  });

  test('is not taken by the votes of a set that has left', () => {
    const old = offered((all) =>
      all.map((final, i) => {
        const votes = all[i - 3]?.certificate.votes ?? [];
        return i + 1 === 6 ? { ...final, certificate: { ...final.certificate, votes } } : final;
      }),
    );
    expect(old).toEqual({ decided: 3, refusals: ['RANGE_INVALID'], halts: [] });
  });
});

test('a restart at any height, of members, of those who left and of those to come, gives the state back byte for byte', () => {
  const network = changing().start();
  for (let height = 1; height <= HEIGHTS; height++) {
    decide(network, height);
    for (const [i, node] of network.nodes.entries()) {
      expect(network.replayed(i).core.stateDigest()).toBe(node.core.stateDigest());
      network.restart(i);
    }
  }
  expect(new Set(rootsOf(network)).size).toBe(1);
  expect(stains(network)).toEqual([]);
});

test('who leaves alone knows that its last height is decided: it tells those that are left behind', () => {
  const network = changing().start();
  for (const height of [1, 2]) decide(network, height);
  // Height 3: the words of 1, 2 and 3 reach validator 0 alone.
  network.filter = (_from, to, input) => to === 0 || input.type !== 'vote.received' || input.vote.type !== 'precommit';
  decide(network, 3, [0]);
  expect(network.nodes.slice(1, 4).map(({ finals }) => finals.length)).toEqual([2, 2, 2]);
  decide(network, 3, [1, 2, 3, 4]);
  expect(stains(network)).toEqual([]);
});
