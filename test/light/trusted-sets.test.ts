// A light client over changes of the validator set: each set is believed because the one before named it.
import { describe, expect, test } from 'vitest';
import { checkConflicts } from '#machines/consensus/accountability.ts';
import { electorateOf } from '#machines/consensus/electorate.ts';
import { genesisMembership } from '#machines/consensus/genesis-membership.ts';
import type { CertifiedAnchor } from '#machines/consensus/light.ts';
import { SetChain } from '#machines/consensus/set-chain.ts';
import { LightClient } from '#runtime/light/light-client.ts';
import { ForkError } from '#runtime/light/light-error.ts';
import { TrustedSets } from '#runtime/light/trusted-sets.ts';
import { beaconMessage } from '#schemas/consensus/beacon.ts';
import { encodeHeader } from '#schemas/consensus/block-codec.ts';
import { encodeCertificate } from '#schemas/consensus/certificate-codec.ts';
import type { CertifiedHeaderJson, HandoverJson } from '#schemas/consensus/certified-header.ts';
import { decodeEvidenceFile, encodeEvidenceFile } from '#schemas/consensus/evidence-file.ts';
import { encodeMembership } from '#schemas/consensus/membership-codec.ts';
import type { Header, Membership } from '#schemas/consensus/types.ts';
import { signVote, worldCrypto } from '../gateway/seen-world.ts';
import { CHAIN, genesisOf, id, sha256, sign } from '../settlement/world/chain.ts';

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');
const KEY = 'be'.repeat(48);
/** Anybody can make the group's signature here, but over each message and for each key another one. */
const beaconOf = (key: string, message: Uint8Array): Uint8Array =>
  Buffer.concat([0, 1, 2].map((part) => sign(key, Buffer.of(...message, part)).subarray(0, 32)));
const crypto = {
  ...worldCrypto,
  verifyBeacon: (key: string, message: Uint8Array, signature: Uint8Array) =>
    Buffer.compare(beaconOf(key, message), signature) === 0,
};

const genesis = { ...genesisOf(), beacon_key: null };
const chain = { id: CHAIN, genesis, validators: genesis.validators };
const first = genesisMembership(chain);
/** The next set: other people, from a height on. */
const after = ({ epoch }: Membership, first_height: number, name: string): Membership => ({
  epoch: epoch + 1,
  first_height,
  beacon_key: KEY,
  proposer_seed: id(name),
  validators: [0, 1, 2, 3].map((i) => ({
    id: id(`${name}${i}`),
    operator: id(`${name}${i} operator`),
    power: 1,
    beacon_shares: [KEY],
    cosigner: id(`${name}${i} cosigner`),
    encryption_key: id(`${name}${i} encryption`),
  })),
});
const sets = [first, after(first, 5, 'b'), after(after(first, 5, 'b'), 9, 'c')] as const;
const setAt = (height: number): Membership => sets.findLast(({ first_height }) => first_height <= height) ?? first;
const hashOf = (membership: Membership): string => electorateOf(CHAIN, membership, worldCrypto).hash;

/** The header of a height, signed by a quorum of `by`. */
function certified(height: number, bend: Partial<Header> = {}, by = setAt(height)): CertifiedHeaderJson {
  const before = setAt(height - 1);
  const message = beaconMessage(CHAIN, before.epoch, height - 1);
  const bytes = encodeHeader({
    v: 1,
    chain: CHAIN,
    epoch: by.epoch,
    height,
    time_ms: height,
    proposer: 0,
    previous: id(`block ${height - 1}`),
    txs_root: id('nothing'),
    state_root: id('state'),
    beacon: before.beacon_key === null ? new Uint8Array(0) : beaconOf(before.beacon_key, message),
    validators_hash: hashOf(by),
    next_validators_hash: hashOf(setAt(height + 1)),
    parts_hash: id('parts'),
    ...bend,
  });
  const value = hex(sha256(bytes));
  const votes = [0, 1, 2].map((validator) =>
    signVote(by.validators[validator]?.id ?? '', {
      type: 'precommit',
      epoch: by.epoch,
      height,
      round: 0,
      value,
      valid_round: -1,
      validator,
    }),
  );
  return {
    header: hex(bytes),
    certificate: hex(encodeCertificate({ type: 'commit', height, round: 0, value, votes })),
  };
}

const handover = (next: Membership, header = certified(next.first_height - 1)): HandoverJson => ({
  ...header,
  membership: hex(encodeMembership(next)),
});

/** A gateway whose last block is at height 12, where a test does not bend what it says of the sets. */
function client(bend: (epoch: number) => HandoverJson | undefined = () => undefined, from?: CertifiedAnchor) {
  const asked: string[] = [];
  const get = async (path: string): Promise<unknown> => {
    asked.push(path);
    const [, , what, which] = path.split('/');
    if (what === 'headers') return certified(which === 'latest' ? 12 : Number(which));
    const epoch = Number(which);
    return bend(epoch) ?? handover(sets[epoch] ?? first);
  };
  const source = { get: async <T>(path: string) => (await get(path)) as T };
  return { light: new LightClient(chain, crypto, source, from), asked };
}

test('sets are followed from the genesis on, each asked for once', async () => {
  const { light, asked } = client();
  expect((await light.follow()).header).toMatchObject({ epoch: 2, height: 12 });
  await light.follow();
  expect(asked).toEqual(['/api/headers/latest', '/api/memberships/1', '/api/memberships/2', '/api/headers/latest']);
});

test('a beacon is that of the set of its height, also where the next set carries it', async () => {
  for (const height of [5, 8, 9, 11])
    expect(await client().light.beacon(height)).toMatchObject({
      group_key: KEY,
      at: { header: { height: height + 1 } },
    });
  await expect(client().light.beacon(4)).rejects.toMatchObject({ code: 'BEACON_INVALID' });
});

describe('a set is not believed', () => {
  const forged = { ...sets[1], validators: after(first, 5, 'liar').validators };
  const cases: [string, string, HandoverJson][] = [
    ['that the header before it does not name', 'LIGHT_SET_CHANGED', handover(forged, certified(4))],
    ['from another height on', 'LIGHT_SET_CHANGED', handover({ ...sets[1], first_height: 6 }, certified(4))],
    ['of another epoch', 'LIGHT_SET_CHANGED', handover(sets[2], certified(4))],
    [
      'that itself alone names',
      'SIGNATURE_INVALID',
      handover(
        forged,
        certified(
          4,
          { epoch: 0, validators_hash: hashOf(first), next_validators_hash: hashOf(forged) },
          { ...forged, epoch: 0 },
        ),
      ),
    ],
    ['whose bytes are none', 'MEMBERSHIP_MALFORMED', { ...certified(4), membership: '00' }],
  ];
  test.each(cases)('%s: %s', async (_what, code, lie) => {
    const { light } = client((epoch) => (epoch === 1 ? lie : undefined));
    await expect(light.follow()).rejects.toMatchObject({ code });
    expect(light.trusted.height).toBe(0);
  });

  test('a header that says it is of the set, and is signed by others: SIGNATURE_INVALID', async () => {
    const source = {
      get: async <T>(path: string) =>
        (path.includes('memberships')
          ? handover(sets[1])
          : certified(7, { epoch: 1, validators_hash: hashOf(sets[1]) }, { ...sets[2], epoch: 1 })) as T,
    };
    await expect(new LightClient(chain, crypto, source).follow()).rejects.toMatchObject({ code: 'SIGNATURE_INVALID' });
  });
});

describe('a fork in a later epoch', () => {
  /** A gateway that shows this as the last block, and honest sets. */
  const showing = (latest: CertifiedHeaderJson, from?: CertifiedAnchor) => {
    const get = async (path: string): Promise<unknown> =>
      path.includes('memberships') ? handover(sets[Number(path.split('/').at(-1))] ?? first) : latest;
    return new LightClient(chain, crypto, { get: async <T>(path: string) => (await get(path)) as T }, from);
  };
  const forked = async (from?: CertifiedAnchor): Promise<unknown> => {
    const light = showing(certified(7), from);
    await light.follow();
    const rival = showing(certified(7, { time_ms: 99 }), light.checkpoint);
    return rival.follow().catch((error: unknown) => error);
  };

  test('leaves a file that names who made it, to whoever has the genesis alone', async () => {
    const error = await forked();
    if (!(error instanceof ForkError)) throw error;
    const file = decodeEvidenceFile(encodeEvidenceFile(error.evidence));
    if (!file.ok) throw new Error(file.detail);
    const known = new SetChain(electorateOf(CHAIN, first, crypto));
    expect(known.takeAll(file.value.handovers).ok).toBe(true);
    const set = known.of(1);
    expect(set && checkConflicts(set, [file.value.conflict])).toMatchObject({
      value: { named_power: 3, needed_power: 2 },
    });
  });

  test('is found from a checkpoint of that epoch too, and the file still leads there from the genesis', async () => {
    const earlier = showing(certified(5));
    await earlier.follow();
    expect(earlier.checkpoint?.set.epoch).toBe(1);
    const error = await forked(earlier.checkpoint);
    expect(error).toMatchObject({ code: 'LIGHT_FORK', evidence: { handovers: [{ certificate: { height: 4 } }] } });
  });
});

test('from a checkpoint on sets are followed without those before; what is older is not taken', async () => {
  const { light } = client();
  await light.follow();
  const { light: next, asked } = client(undefined, light.checkpoint);
  expect((await next.follow()).header.height).toBe(12);
  expect(asked).toEqual(['/api/headers/latest']);
  const before = new TrustedSets(electorateOf(CHAIN, sets[1], crypto), async () => Promise.reject(new Error('asked')));
  await expect(before.of(0)).rejects.toMatchObject({ code: 'LIGHT_BEHIND' });
});
