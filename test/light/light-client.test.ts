// The light client over a real gateway, and over one that lies: what a quorum did not sign is refused, each lie with its code.
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { checkConflicts } from '#machines/consensus/accountability.ts';
import type { CertifiedAnchor } from '#machines/consensus/light.ts';
import type { Crypto } from '#machines/consensus/types.ts';
import { MemoryBroker } from '#runtime/bus/memory-bus.ts';
import { finalOps } from '#runtime/consensus/block-store.ts';
import { serveSync } from '#runtime/consensus/sync-server.ts';
import { signer } from '#runtime/keys/ed25519.ts';
import { readCheckpoint, writeCheckpoint } from '#runtime/light/checkpoint-file.ts';
import { LightClient } from '#runtime/light/light-client.ts';
import { ForkError } from '#runtime/light/light-error.ts';
import { ConsoleClient } from '#runtime/network/console-client.ts';
import { genesisElectorate } from '#runtime/node/final-blocks.ts';
import { MemoryDisk, openMemoryStore } from '#runtime/store/memory-store.ts';
import { beaconValue } from '#schemas/consensus/beacon.ts';
import { decodeHeader, encodeHeader } from '#schemas/consensus/block-codec.ts';
import { decodeCertificate, encodeCertificate } from '#schemas/consensus/certificate-codec.ts';
import type { CertifiedHeaderJson } from '#schemas/consensus/certified-header.ts';
import type { Certificate, FinalBlock, Header } from '#schemas/consensus/types.ts';
import type { CertifiedRowJson } from '#schemas/settlement/proven-row.ts';
import { beaconSignature, certify, SeenWorld, worldCrypto } from '../gateway/seen-world.ts';
import { type Served, serveGateway } from '../gateway/served.ts';
import { CLIENT, id, sha256, VALIDATORS } from '../settlement/world/chain.ts';

const world = new SeenWorld();
const broker = new MemoryBroker();
const finals: FinalBlock[] = [];
let served: Served;
let honest: ConsoleClient;
let dir: string;

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'sortition-light-'));
  const store = openMemoryStore(new MemoryDisk());
  const stored: Promise<void>[] = [];
  world.reads.onBlock(({ header, final }) => {
    finals.push(final);
    const id = final.certificate.value ?? '';
    const tip = { height: header.height, id, time_ms: header.time_ms, state_root: header.state_root };
    stored.push(store.batch(finalOps(tip, final)));
  });
  serveSync(broker.connect(VALIDATORS[1] ?? ''), VALIDATORS[1] ?? '', {
    store,
    electorate: () => genesisElectorate(world.reads.chain, worldCrypto),
    position: () => undefined,
    part: () => undefined,
    onRefused: () => undefined,
  });
  const self = signer(new Uint8Array(32).fill(7));
  served = await serveGateway({ world, bus: broker.connect(self.id), signer: self });
  honest = new ConsoleClient(served.url);
  for (let i = 0; i < 4; i++) world.block();
  world.submitJob(2);
  world.checkpoint();
  world.block();
  await Promise.all(stored);
});
afterAll(async () => {
  await served.close();
  await rm(dir, { recursive: true });
});

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');
const flip = (text: string, at = -1): string =>
  text.slice(0, at) + (text.at(at) === '0' ? '1' : '0') + (at === -1 ? '' : text.slice(at + 1));
const headerOf = (final: FinalBlock | undefined): Header => {
  const header = decodeHeader(final?.block.header ?? new Uint8Array(0));
  if (!header.ok) throw new Error(header.code);
  return header.value;
};
const jsonOf = ({ block, certificate }: FinalBlock): CertifiedHeaderJson => ({
  header: hex(block.header),
  certificate: hex(encodeCertificate(certificate)),
});
/** A header that a quorum signed although it should not have. */
const signed = (header: Header): FinalBlock => {
  const bytes = encodeHeader(header);
  return { block: { header: bytes, txs: [] }, certificate: certify(header.height, hex(sha256(bytes))) };
};
const trustIn = (final = finals.at(-1) as FinalBlock): CertifiedAnchor => ({
  set: genesisElectorate(world.reads.chain, worldCrypto),
  block: { height: final.certificate.height, id: final.certificate.value ?? '' },
  header: final.block.header,
  commit: final.certificate,
});
const client = (trusted?: CertifiedAnchor, crypto: Crypto = worldCrypto) =>
  new LightClient(world.reads.chain, crypto, honest, trusted);
/** A light client whose gateway answers with what `bend` makes of the honest answer. */
const lied = (bend: (answer: never, path: string) => unknown, trusted?: CertifiedAnchor) => {
  const source = { get: async <T>(path: string) => bend((await honest.get(path)) as never, path) as T };
  return new LightClient(world.reads.chain, worldCrypto, source, trusted);
};

describe('an honest gateway', () => {
  test('shows the last block, which is then the trusted one', async () => {
    const light = client();
    expect(await light.follow()).toMatchObject({
      id: finals.at(-1)?.certificate.value,
      header: { height: finals.length },
    });
    expect(light.trusted).toEqual(trustIn().block);
    expect(light.checkpoint).toMatchObject({ block: trustIn().block, set: { hash: trustIn().set.hash } });
  });

  test('proves what an account holds, and that one that nobody paid holds nothing', async () => {
    const light = client();
    const amounts = [];
    for (const account of [CLIENT, 'treasury', id('nobody')])
      amounts.push((await light.balance({ asset: 'credit', account })).amount_units);
    expect(amounts).toEqual([world.ledger.balance('credit', CLIENT), world.ledger.balance('credit', 'treasury'), 0n]);
    expect(amounts[0]).toBeGreaterThan(0n);
  });

  test('agrees with the block of an earlier run, near or far, and goes on from it', async () => {
    for (const final of [finals[0], finals.at(-2), finals.at(-1)]) {
      const light = client(trustIn(final));
      await light.confirm();
      expect((await light.follow()).id).toBe(finals.at(-1)?.certificate.value);
    }
  });

  test('shows the beacon of each height but the last, in the header after it', async () => {
    const { value, signature, at } = await client().beacon(2);
    expect([hex(signature), at.header.height]).toEqual([hex(beaconSignature(2)), 3]);
    expect(hex(value)).toBe(hex(beaconValue(beaconSignature(2))));
    await expect(client().beacon(finals.length)).rejects.toMatchObject({ code: 'HEADER_UNKNOWN' });
  });

  test('a beacon that is not the group’s signature is refused although a quorum certified its header', async () => {
    const strange = { ...worldCrypto, verifyBeacon: () => false };
    await expect(client(undefined, strange).beacon(2)).rejects.toMatchObject({ code: 'BEACON_INVALID' });
  });
});

describe('a lying gateway is refused', () => {
  const withVotes = (text: string, bend: (certificate: Certificate) => Certificate): string => {
    const certificate = decodeCertificate(Buffer.from(text, 'hex'));
    return certificate.ok ? hex(encodeCertificate(bend(certificate.value))) : text;
  };

  test.each<[string, string, (answer: CertifiedHeaderJson) => unknown]>([
    ['a header with one byte changed', 'CERTIFICATE_INVALID', (a) => ({ ...a, header: flip(a.header, 100) })],
    ['a header of another version', 'BLOCK_MALFORMED', (a) => ({ ...a, header: flip(a.header, 0) })],
    ['bytes that are no header', 'BLOCK_MALFORMED', (a) => ({ ...a, header: '' })],
    ['a false signature', 'SIGNATURE_INVALID', (a) => ({ ...a, certificate: flip(a.certificate) })],
    ['bytes that are no certificate', 'CERTIFICATE_INVALID', (a) => ({ ...a, certificate: '00' })],
    ['a byte too many', 'CERTIFICATE_INVALID', (a) => ({ ...a, certificate: `${a.certificate}00` })],
    [
      'a vote short of a quorum',
      'CERTIFICATE_INVALID',
      (a) => ({ ...a, certificate: withVotes(a.certificate, (c) => ({ ...c, votes: c.votes.slice(1) })) }),
    ],
    [
      'one vote twice',
      'CERTIFICATE_INVALID',
      (a) => ({
        ...a,
        certificate: withVotes(a.certificate, (c) => ({ ...c, votes: [...c.votes.slice(1), ...c.votes.slice(-1)] })),
      }),
    ],
    [
      'the certificate of another block',
      'CERTIFICATE_INVALID',
      (a) => ({ ...a, certificate: finals[0] && jsonOf(finals[0]).certificate }),
    ],
    ['an unknown field', 'LIGHT_ANSWER_INVALID', (a) => ({ ...a, trust: 'me' })],
    ['no bytes in hex', 'LIGHT_ANSWER_INVALID', (a) => ({ ...a, header: 'zz' })],
    ['nothing', 'LIGHT_ANSWER_INVALID', () => null],
  ])('%s: %s', async (_what, code, bend) => {
    const light = lied(bend);
    await expect(light.follow()).rejects.toMatchObject({ code });
    expect(light.trusted.height).toBe(0);
  });

  const isBent = ({ row, ...rest }: CertifiedRowJson, bend: Partial<CertifiedRowJson['row']>) => ({
    ...rest,
    row: { ...row, ...bend },
  });
  test.each<[string, string, (answer: CertifiedRowJson) => unknown]>([
    ['another amount', 'LIGHT_ROW_INVALID', (a) => isBent(a, { value: flip(a.row.value ?? '') })],
    ['a row that is there as absent', 'LIGHT_ROW_INVALID', (a) => isBent(a, { value: null })],
    [
      'a path of other hashes',
      'LIGHT_ROW_INVALID',
      (a) =>
        isBent(a, { steps: a.row.steps.map((step, i) => (i === 0 ? { ...step, sibling: flip(step.sibling) } : step)) }),
    ],
    ['a path cut short', 'LIGHT_ROW_INVALID', (a) => isBent(a, { steps: a.row.steps.slice(1) })],
    ['another account’s row', 'LIGHT_ANSWER_INVALID', (a) => isBent(a, { key: `accounts/credit/${id('w0')}` })],
    ['a row under another header', 'LIGHT_ROW_INVALID', (a) => ({ ...a, ...jsonOf(finals[0] as FinalBlock) })],
    ['a header with one byte changed', 'CERTIFICATE_INVALID', (a) => ({ ...a, header: flip(a.header, 400) })],
  ])('%s: %s', async (_what, code, bend) => {
    await expect(lied(bend).balance({ asset: 'credit', account: CLIENT })).rejects.toMatchObject({ code });
  });

  test('another height than was asked for: LIGHT_ANSWER_INVALID', async () => {
    const light = lied(() => jsonOf(finals.at(-1) as FinalBlock));
    await expect(light.beacon(2)).rejects.toMatchObject({ code: 'LIGHT_ANSWER_INVALID' });
  });

  test('a block older than the trusted one: LIGHT_BEHIND', async () => {
    const light = lied(() => jsonOf(finals.at(-2) as FinalBlock), trustIn());
    await expect(light.follow()).rejects.toMatchObject({ code: 'LIGHT_BEHIND' });
  });
});

describe('a network that contradicts what is trusted', () => {
  const last = () => headerOf(finals.at(-1));

  /** What the light client throws, with whom its evidence names. */
  const forkOf = async (looking: Promise<unknown>) => {
    const error: unknown = await looking.catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code: 'LIGHT_FORK' });
    if (!(error instanceof ForkError)) return undefined;
    const report = checkConflicts(trustIn().set, [error.evidence.conflict]);
    return report.ok ? report.value : undefined;
  };

  test('another certified block at the trusted height is a fork, and who signed both is named', async () => {
    const other = signed({ ...last(), time_ms: last().time_ms + 1 });
    const report = await forkOf(lied(() => jsonOf(other), trustIn()).confirm());
    expect(report).toMatchObject({ named_power: 3, needed_power: 2 });
  });

  test('a checkpoint whose block the network never had is a fork', async () => {
    const elsewhere = signed({ ...headerOf(finals[1]), previous: id('elsewhere') });
    expect((await forkOf(client(trustIn(elsewhere)).confirm()))?.named_power).toBe(3);
  });

  test('a certified block that does not link to the trusted one before it is a fork: the block that it links to is the proof', async () => {
    const rival = signed({ ...headerOf(finals.at(-2)), state_root: id('elsewhere') });
    const next = signed({ ...last(), previous: rival.certificate.value ?? '' });
    const shown = (_: unknown, path: string) => jsonOf(path === '/api/headers/latest' ? next : rival);
    expect((await forkOf(lied(shown, trustIn(finals.at(-2))).follow()))?.named_power).toBe(3);
  });

  test('where nobody shows that block, there is a fork and no evidence', async () => {
    const other = signed({ ...last(), previous: id('elsewhere') });
    expect(await forkOf(lied(() => jsonOf(other), trustIn(finals.at(-2))).follow())).toBeUndefined();
    const first = signed({ ...headerOf(finals[0]), previous: id('elsewhere') });
    expect(await forkOf(lied(() => jsonOf(first)).follow())).toBeUndefined();
  });

  test('a header that names another validator set, or an epoch that has not begun, is not followed', async () => {
    for (const [bend, code] of [
      [{ validators_hash: id('others') }, 'LIGHT_SET_CHANGED'],
      [{ epoch: 1 }, 'MEMBERSHIP_UNKNOWN'],
    ] as const) {
      const light = lied((answer, path) =>
        path === '/api/headers/latest' ? jsonOf(signed({ ...last(), ...bend })) : answer,
      );
      await expect(light.follow()).rejects.toMatchObject({ code });
    }
  });

  test('blocks of another chain are refused', async () => {
    const { chain } = world.reads;
    const light = new LightClient({ ...chain, id: id('other chain') }, worldCrypto, honest);
    await expect(light.follow()).rejects.toMatchObject({ code: 'NETWORK_MISMATCH' });
  });
});

describe('the checkpoint file', () => {
  const chain = world.reads.chain.id;
  const at = (name: string): string => join(dir, name);

  const read = (name: string) => readCheckpoint(at(name), chain, worldCrypto);

  test('holds the block that was written, with what proves it', async () => {
    await writeCheckpoint(at('good.json'), trustIn());
    const found = await read('good.json');
    expect([found.block, found.set.hash]).toEqual([trustIn().block, trustIn().set.hash]);
    await writeCheckpoint(at('again.json'), found);
    expect(await readFile(at('again.json'), 'utf8')).toBe(await readFile(at('good.json'), 'utf8'));
    const { height, id: block } = trustIn().block;
    expect(JSON.parse(await readFile(at('good.json'), 'utf8'))).toMatchObject({ v: 1, chain, height, block });
  });

  test('of another chain is refused', async () => {
    await writeCheckpoint(at('foreign.json'), { ...trustIn(), set: { ...trustIn().set, chain: id('other chain') } });
    await expect(read('foreign.json')).rejects.toMatchObject({ code: 'LIGHT_CHECKPOINT_FOREIGN' });
  });

  const bent: [string, (good: Record<string, unknown>) => unknown][] = [
    ['no JSON object', () => 'checkpoint'],
    ['a height of 0', (good) => ({ ...good, height: 0 })],
    ['an unknown field', (good) => ({ ...good, note: '' })],
    ['another block id', (good) => ({ ...good, block: id('x') })],
    ['another height', (good) => ({ ...good, height: Number(good['height']) + 1 })],
    ['another block’s certificate', (good) => ({ ...good, certificate: jsonOf(finals[0] as FinalBlock).certificate })],
    ['a certificate nobody signed', (good) => ({ ...good, certificate: flip(String(good['certificate'])) })],
    ['a set that the header does not name', (good) => ({ ...good, membership: flip(String(good['membership']), 20) })],
    ['bytes that are no set', (good) => ({ ...good, membership: '00' })],
  ];
  test.each(bent)('with %s is refused', async (_what, bend) => {
    await writeCheckpoint(at('bad.json'), trustIn());
    const good = JSON.parse(await readFile(at('bad.json'), 'utf8')) as Record<string, unknown>;
    await writeFile(at('bad.json'), JSON.stringify(bend(good)));
    await expect(read('bad.json')).rejects.toMatchObject({ code: 'LIGHT_CHECKPOINT_UNREADABLE' });
  });

  test('that is not there is refused', async () => {
    await expect(read('none.json')).rejects.toMatchObject({ code: 'LIGHT_CHECKPOINT_UNREADABLE' });
  });
});
