// The HTTP API over a real server and the production ledger.
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { SetChain } from '#machines/consensus/set-chain.ts';
import { MemoryBroker } from '#runtime/bus/memory-bus.ts';
import { verifyDrawBundle } from '#runtime/gateway/draw-bundle.ts';
import { signer } from '#runtime/keys/ed25519.ts';
import { genesisElectorate } from '#runtime/node/final-blocks.ts';
import { ConsoleView } from '#schemas/node/console.ts';
import { ValidatorSetView } from '#schemas/node/validators.ts';
import type { Tx } from '#schemas/settlement/transaction.ts';
import { txId } from '#schemas/settlement/tx-codec.ts';
import { CODES } from '#schemas/wire/codes.ts';
import { MAX_TX_BYTES } from '#schemas/wire/limits.ts';
import { subject } from '#schemas/wire/subjects.ts';
import { DrawBundle } from '#schemas/work/draw-bundle.ts';
import { CHAIN, CLIENT, id, VALIDATORS } from '../settlement/world/chain.ts';
import { run } from '../settlement/world/nodes.ts';
import { SeenWorld, wireOf, worldCrypto } from './seen-world.ts';
import { type Served, serveGateway, statusFor } from './served.ts';

const self = signer(new Uint8Array(32).fill(7));
const world = new SeenWorld();
const broker = new MemoryBroker();
const posted: Uint8Array[] = [];
let served: Served;
let web_dir: string;
let job: string;

beforeAll(async () => {
  web_dir = await mkdtemp(join(tmpdir(), 'sortition-web-'));
  await mkdir(join(web_dir, 'assets'));
  await writeFile(join(web_dir, 'index.html'), '<!doctype html><title>t</title>');
  await writeFile(join(web_dir, 'assets', 'index-abc.js'), '1');
  broker.connect(VALIDATORS[0] ?? '').subscribe(subject.transactionAll, ({ data }) => void posted.push(data));
  served = await serveGateway({
    world,
    bus: broker.connect(self.id),
    signer: self,
    web_dir,
    now_ms: () => world.time_ms,
    ws_url: 'ws://127.0.0.1:9222',
  });
  world.submitJob(6);
  run(world, () => world.events('job.finished').length > 0);
  world.checkpoint();
  world.block();
  job = world.ledger.jobs()[0]?.id ?? '';
});
afterAll(async () => {
  await served.close();
  await rm(web_dir, { recursive: true });
});

const get = async (path: string) => {
  const response = await fetch(`${served.url}${path}`);
  return {
    status: response.status,
    headers: response.headers,
    body: (await response.json()) as Record<string, unknown>,
  };
};
const post = async (wire: Uint8Array, type = 'application/octet-stream') => {
  const response = await fetch(`${served.url}/api/transactions`, {
    method: 'POST',
    headers: { 'content-type': type },
    body: Buffer.from(wire),
  });
  return { status: response.status, body: (await response.json()) as Record<string, unknown> };
};

describe('what it tells', () => {
  test('the network: chain, gateway, where its feed is, and who validates', async () => {
    const { body } = await get('/api/network');
    expect(body).toMatchObject({ network: 'test', chain: CHAIN, gateway: self.id, ws_url: 'ws://127.0.0.1:9222' });
    expect(body['validators']).toHaveLength(4);
  });

  test('the validator set, who wants to change it, and when it may change', async () => {
    const set = ValidatorSetView.parse((await get('/api/validators')).body);
    expect(set).toMatchObject({ epoch: 0, first_height: 1, total_power: 4, change: { stage: 'none' } });
    expect(set.validators).toHaveLength(4);
    expect(set.validators[0]).toMatchObject({ state: 'member', power: 1, next_power: 1, wanted_power: 1 });
  });

  test('the view is the one that the feed tells', async () => {
    expect(ConsoleView.parse((await get('/api/view')).body).jobs[0]?.settled_count).toBe(6);
  });

  test('jobs, and a job with its units in pages', async () => {
    expect((await get('/api/jobs')).body['jobs']).toMatchObject([{ id: job, settled_count: 6 }]);
    const { body } = await get(`/api/jobs/${job}?first=4&count=1000`);
    expect(body['units']).toMatchObject([
      { index: 4, phase: 'settled', attempt: 1 },
      { index: 5, phase: 'settled' },
    ]);
  });

  test('a unit’s story: from the lottery to its settlement, each step with height and block', async () => {
    const { body } = await get(`/api/units/${job}/0`);
    const story = body['story'] as { type: string; height: number; block: string }[];
    expect(story.map(({ type }) => type)).toEqual([
      'unit.drawable',
      'unit.assigned',
      'unit.committed',
      'unit.revealed',
      'unit.drawable',
      'audit.assigned',
      'unit.settled',
    ]);
    expect(story.every(({ height, block }) => height > 0 && /^[0-9a-f]{64}$/.test(block))).toBe(true);
  });

  test('draws with proofs that verify from the genesis alone', async () => {
    const { body } = await get(`/api/draws/${job}/3`);
    const draws = body['draws'] as { bundle: unknown }[];
    const sets = new SetChain(genesisElectorate(world.reads.chain, worldCrypto));
    const verified = draws.map(({ bundle }) => verifyDrawBundle(DrawBundle.parse(bundle), sets, worldCrypto).ok);
    expect(verified).toEqual([true, true]);
  });

  test('any answer as of a height that is still to come: it waits for the block', async () => {
    const height = world.ledger.height() + 1;
    const answer = get(`/api/accounts/${CLIENT}?at_least=${height}`);
    await get('/api/network'); // that one is in by now
    world.block();
    expect((await answer).body).toMatchObject({ account: CLIENT, height });
    expect((await get('/api/network?at_least=soon')).body).toMatchObject({ code: 'API_INPUT_INVALID' });
  });

  test('accounts with amounts as text, pots included; unknown ones hold nothing', async () => {
    expect((await get(`/api/accounts/${CLIENT}`)).body).toEqual({
      account: CLIENT,
      credit_units: '999399',
      stake_units: '0',
      next_nonce: 1,
      height: world.ledger.height(),
    });
    expect((await get('/api/accounts/treasury')).body['credit_units']).not.toBe('0');
    expect((await get(`/api/accounts/${id('nobody')}`)).body).toMatchObject({ credit_units: '0', next_nonce: 0 });
  });

  test('a balance with its proof, and the header with its certificate under which it stands', async () => {
    const { status, body } = await get(`/api/proofs/accounts/credit/${CLIENT}`);
    expect({ status, row: body['row'] }).toMatchObject({ status: 200, row: { key: `accounts/credit/${CLIENT}` } });
    const { header, certificate } = body;
    expect((await get('/api/headers/latest')).body).toEqual({ header, certificate });
    expect((await get(`/api/headers/${world.ledger.height()}`)).body).toEqual({ header, certificate });
  });

  test.each([
    [400, 'API_INPUT_INVALID', '/api/headers/0'],
    [400, 'API_INPUT_INVALID', '/api/headers/first'],
    [404, 'HEADER_UNKNOWN', '/api/headers/999999999999999'],
    [404, 'MEMBERSHIP_UNKNOWN', '/api/memberships/0'],
    [404, 'MEMBERSHIP_UNKNOWN', '/api/memberships/1'],
    [400, 'API_INPUT_INVALID', '/api/memberships/last'],
    [503, 'BUS_NO_ANSWER', '/api/headers/1'],
    [400, 'API_INPUT_INVALID', `/api/proofs/accounts/gold/${CLIENT}`],
    [400, 'API_INPUT_INVALID', '/api/proofs/accounts/credit/me'],
    [404, 'API_PATH_UNKNOWN', '/api/proofs/accounts/credit'],
  ])('%i %s: %s', async (status, code, path) => {
    expect(await get(path)).toMatchObject({ status, body: { code } });
  });

  test('a settlement with all its entries', async () => {
    const { body } = await get('/api/settlements/0');
    expect(body).toMatchObject({ seq: 0, sums: { credit: '0', stake: '0' }, jobs: [job] });
    expect(body['entries']).toHaveLength(body['entries_count'] as number);
  });
});

describe('what it takes', () => {
  const transfer = (bend: Partial<Tx> = {}): Tx => ({
    v: 1,
    chain: CHAIN,
    account: CLIENT,
    nonce: world.ledger.nextNonce(CLIENT),
    expiry_height: world.ledger.height() + 10,
    fee_units: 1n,
    body: { type: 'transfer', to: id('friend'), asset: 'credit', amount_units: 5n },
    ...bend,
  });

  test('a good transaction is handed to the validators as it was signed, and its outcome can be asked for', async () => {
    const tx = transfer();
    const wire = wireOf(tx);
    expect(await post(wire)).toEqual({ status: 202, body: { tx: txId(wire) } });
    expect(posted.at(-1)).toEqual(Buffer.from(wire));
    const status = async () => (await get(`/api/transactions/${txId(wire)}`)).body;
    expect(await status()).toEqual({ tx: txId(wire), state: 'pending' });
    world.send(CLIENT, tx.body, tx);
    world.block();
    expect(await status()).toEqual({ tx: txId(wire), state: 'applied', height: world.ledger.height() });
  });

  test('a transaction that the ledger refuses in its block says why', async () => {
    const tx = transfer({ body: { type: 'transfer', to: id('friend'), asset: 'credit', amount_units: 10n ** 12n } });
    await post(wireOf(tx));
    world.send(CLIENT, tx.body, tx);
    world.block();
    const { body } = await get(`/api/transactions/${txId(wireOf(tx))}`);
    expect(body).toMatchObject({ state: 'refused', code: 'BALANCE_LOW', height: world.ledger.height() });
  });

  test('a transaction whose nonce another one took is refused, and one that nobody took until its expiry too', async () => {
    const [kept, overtaken] = [transfer(), transfer({ fee_units: 2n })];
    const late = transfer({ nonce: kept.nonce + 5, expiry_height: world.ledger.height() + 1 });
    for (const tx of [overtaken, late]) expect((await post(wireOf(tx))).status).toBe(202);
    world.send(CLIENT, kept.body, kept);
    world.block();
    world.block();
    expect((await get(`/api/transactions/${txId(wireOf(overtaken))}`)).body).toMatchObject({ code: 'TX_NONCE_LOW' });
    expect((await get(`/api/transactions/${txId(wireOf(late))}`)).body).toMatchObject({ code: 'TX_EXPIRED' });
  });

  test('bad transactions are refused with their code and never handed on', async () => {
    const before = posted.length;
    const forged = wireOf(transfer());
    forged[0] = (forged[0] ?? 0) ^ 1;
    const cases: [string, Promise<{ status: number; body: Record<string, unknown> }>, number][] = [
      ['TX_SIGNATURE_INVALID', post(forged), 422],
      ['TX_MALFORMED', post(new Uint8Array(80)), 400],
      ['TX_MALFORMED', post(new Uint8Array(3)), 400],
      ['MESSAGE_TOO_LARGE', post(new Uint8Array(MAX_TX_BYTES + 1)), 413],
      ['SCHEMA_MISMATCH', post(wireOf(transfer({ fee_units: -1n }))), 400],
      ['NETWORK_MISMATCH', post(wireOf(transfer({ chain: id('other') }))), 422],
      ['TX_NONCE_LOW', post(wireOf(transfer({ nonce: 0 }))), 422],
      ['TX_EXPIRED', post(wireOf(transfer({ expiry_height: 1 }))), 422],
      ['TX_FEE_LOW', post(wireOf(transfer({ fee_units: 0n }))), 422],
      ['API_INPUT_INVALID', post(wireOf(transfer()), 'application/json'), 400],
      ['API_INPUT_INVALID', post(wireOf(transfer()), 'text/plain'), 415],
    ];
    for (const [code, answer, status] of cases) {
      const { body, ...rest } = await answer;
      expect({ code: body['code'], ...rest }).toEqual({ code, status });
      expect(body['message']).toContain(CODES[code as keyof typeof CODES]);
    }
    expect(posted).toHaveLength(before);
  });

  test('while the broker is away a transaction is refused, to be posted again later', async () => {
    broker.stop();
    expect(await post(wireOf(transfer()))).toMatchObject({ status: 503, body: { code: 'BUS_UNAVAILABLE' } });
    broker.start();
    expect((await post(wireOf(transfer()))).status).toBe(202);
  });
});

describe('what it refuses', () => {
  test.each([
    ['/nothing', 404, 'API_PATH_UNKNOWN'],
    ['/api/nothing', 404, 'API_PATH_UNKNOWN'],
    ['/assets/../package.json', 404, 'API_PATH_UNKNOWN'],
    ['/%2e%2e/package.json', 404, 'API_PATH_UNKNOWN'],
    [`/api/jobs/${'0'.repeat(32)}`, 404, 'JOB_UNKNOWN'],
    ['/api/jobs/JOB', 400, 'API_INPUT_INVALID'],
    [`/api/jobs/${'0'.repeat(32)}?count=1001`, 400, 'API_INPUT_INVALID'],
    [`/api/jobs/${'0'.repeat(32)}?first=1&first=2`, 400, 'API_INPUT_INVALID'],
    [`/api/units/${'0'.repeat(32)}/01`, 400, 'API_INPUT_INVALID'],
    ['/api/accounts/__proto__', 400, 'API_INPUT_INVALID'],
    ['/api/settlements/99', 404, 'SETTLEMENT_UNKNOWN'],
    ['/api/settlements/-1', 400, 'API_INPUT_INVALID'],
    [`/api/transactions/${'0'.repeat(64)}`, 404, 'TX_UNKNOWN'],
  ])('%s: %i %s', async (path, status, code) => {
    expect(await get(path)).toMatchObject({ status, body: { code } });
  });

  test('a unit beyond its job, and a draw that was never made', async () => {
    expect(await get(`/api/units/${job}/6`)).toMatchObject({ status: 404, body: { code: 'UNIT_UNKNOWN' } });
    world.submitJob(2, 100n, 'second');
    world.block();
    const second = world.ledger.jobs().at(-1)?.id;
    expect(await get(`/api/draws/${second}/1`)).toMatchObject({ status: 404, body: { code: 'DRAW_UNKNOWN' } });
  });

  test('a host name that is not this machine’s: a page elsewhere cannot reach in under its own name', async () => {
    for (const host of [
      'evil.example',
      'localhost.evil.example',
      '127.0.0.1.evil.example:8080',
      'evil.example:localhost',
    ])
      expect(`${host} ${await statusFor(served.url, host)}`).toContain(' 421 ');
    for (const host of ['localhost:8080', '127.0.0.1', '[::1]:8080', 'LOCALHOST'])
      expect(`${host} ${await statusFor(served.url, host)}`).toContain(' 200 ');
  });
});

describe('how it is served', () => {
  test('nothing may be loaded from or read by another origin', async () => {
    const { headers } = await fetch(`${served.url}/`);
    expect(headers.get('content-security-policy')).toContain("connect-src 'self' ws://127.0.0.1:9222");
    expect(headers.get('content-security-policy')).not.toMatch(/unsafe|\*/);
    expect(headers.get('access-control-allow-origin')).toBeNull();
    expect(headers.get('x-content-type-options')).toBe('nosniff');
  });

  test('files with a hash are kept for ever, the page is asked for again, answers are not stored', async () => {
    const cache = async (path: string) => (await fetch(`${served.url}${path}`)).headers.get('cache-control');
    expect(await cache('/assets/index-abc.js')).toContain('immutable');
    expect(await cache('/')).toBe('no-cache');
    expect(await cache('/api/view')).toBe('no-store');
    expect(await cache('/api/jobs/x')).toBe('no-store');
  });
});
