// The trustless gateway, request by request, as specs.ipfs.tech says (trustless-gateway, 2026-03).
import { CarReader } from '@ipld/car/reader';
import { encode } from '@ipld/dag-cbor';
import { expect, test } from 'vitest';
import { blockOf } from '#runtime/archive/cid.ts';
import { createContentStore } from '#runtime/archive/content-store.ts';
import { createTrustlessGateway, type GatewayRequest } from '#runtime/archive/trustless-gateway.ts';
import { MemoryDisk, openMemoryStore } from '#runtime/store/memory-store.ts';
import { MAX_CAR_BLOCKS } from '#schemas/wire/limits.ts';
import { at, PAYMENTS, recordBlocks, rowsOf } from './network.ts';

const store = openMemoryStore(new MemoryDisk());
const content = createContentStore(store);
const blocks = recordBlocks(rowsOf(PAYMENTS));
await content.put(blocks);
const gateway = createTrustlessGateway(content);
const newest = at(blocks, 2);
const cid = newest.cid.toString();
const RAW = 'application/vnd.ipld.raw';
const CAR = 'application/vnd.ipld.car';

const get = (url: string, headers: GatewayRequest['headers'] = {}, method = 'GET') => gateway({ method, url, headers });
const cidsIn = async (body: Uint8Array) => {
  const reader = await CarReader.fromBytes(body);
  const cids: string[] = [];
  for await (const found of reader.cids()) cids.push(found.toString());
  return { roots: (await reader.getRoots()).map(String), cids };
};

test('format=raw gives the block, immutable and never rendered', async () => {
  const response = await get(`/ipfs/${cid}?format=raw`);
  expect(response.status).toBe(200);
  expect(Buffer.compare(response.body, newest.bytes)).toBe(0);
  expect(response.headers).toMatchObject({
    'content-type': RAW,
    'cache-control': 'public, max-age=29030400, immutable',
    'content-disposition': `attachment; filename="${cid}.bin"`,
    'content-length': String(newest.bytes.length),
    'x-content-type-options': 'nosniff',
    etag: `"${cid}.raw"`,
  });
});

test('a CAR of the newest record carries the whole history, newest first', async () => {
  const response = await get(`/ipfs/${cid}?format=car`);
  expect(response.headers['content-type']).toBe('application/vnd.ipld.car; version=1; order=dfs; dups=n');
  expect(await cidsIn(response.body)).toEqual({ roots: [cid], cids: blocks.map((b) => b.cid.toString()).toReversed() });
});

test.each(['block', 'entity'])('dag-scope=%s gives the root alone, under its own etag', async (scope) => {
  const response = await get(`/ipfs/${cid}?format=car&dag-scope=${scope}`);
  expect(await cidsIn(response.body)).toEqual({ roots: [cid], cids: [cid] });
  expect(response.headers['etag']).toBe(`"${cid}.car.${scope}"`);
});

test('entity-bytes means nothing for DAG-CBOR but entity scope', async () => {
  const response = await get(`/ipfs/${cid}?format=car&entity-bytes=0:10`);
  expect((await cidsIn(response.body)).cids).toEqual([cid]);
});

test('Accept chooses by preference, and the address without it is told', async () => {
  const byQuality = await get(`/ipfs/${cid}`, { accept: `${RAW};q=0.5, ${CAR};version=1;order=dfs;dups=n` });
  expect(byQuality.headers['content-type']).toMatch(/^application\/vnd\.ipld\.car;/);
  expect(byQuality.headers['content-location']).toBe(`/ipfs/${cid}?format=car`);
  expect((await get(`/ipfs/${cid}`, { accept: `text/html, ${RAW};q=0.1` })).headers['content-type']).toBe(RAW);
});

test('format wins over Accept', async () => {
  const response = await get(`/ipfs/${cid}?format=raw`, { accept: CAR });
  expect(response.headers['content-type']).toBe(RAW);
  expect(response.headers['content-location']).toBeUndefined();
});

test('HEAD says the same without a body', async () => {
  const response = await get(`/ipfs/${cid}?format=raw`, {}, 'HEAD');
  expect(response.status).toBe(200);
  expect(response.body.length).toBe(0);
  expect(response.headers['content-length']).toBe(String(newest.bytes.length));
});

test('what the client has is not sent again', async () => {
  const response = await get(`/ipfs/${cid}?format=raw`, { 'if-none-match': `"other", W/"${cid}.raw"` });
  expect([response.status, response.body.length]).toEqual([304, 0]);
});

test('the probe CID answers in both formats', async () => {
  expect(await get('/ipfs/bafkqaaa?format=raw')).toMatchObject({ status: 200, body: new Uint8Array(0) });
  const car = await get('/ipfs/bafkqaaa?format=car');
  expect(await cidsIn(car.body)).toEqual({ roots: ['bafkqaaa'], cids: [] });
});

const absent = blockOf('raw', Uint8Array.of(1, 2)).cid.toString();
test.each([
  [404, `/ipfs/${absent}?format=raw`, {}],
  [404, `/ipfs/${absent}?format=car`, {}],
  [404, '/ipfs/bafybeigdyrzt5sfp7udm7hu76uh7y26nf3efuylqabf3oclgtqy55fbzdi?format=raw', {}],
  [404, '/ipns/example.com?format=raw', {}],
  [404, '/', {}],
  [404, '//', {}],
  [412, `/ipfs/${absent}?format=raw`, { 'cache-control': 'only-if-cached' }],
  [400, '/ipfs/not-a-cid?format=raw', {}],
  [400, `/ipfs/${cid}`, {}],
  [400, `/ipfs/${cid}?format=dag-json`, {}],
  [400, `/ipfs/${cid}/entries?format=raw`, {}],
  [400, `/ipfs/${cid}?format=car&dag-scope=some`, {}],
  [406, `/ipfs/${cid}`, { accept: 'text/html, */*' }],
  [406, `/ipfs/${cid}`, { accept: `${RAW};q=0` }],
  [406, `/ipfs/${cid}`, { accept: `${CAR};version=2` }],
  [406, `/ipfs/${cid}?format=car&car-order=bfs`, {}],
  [406, `/ipfs/${cid}?format=car&car-dups=y`, {}],
])('%i for %s %o', async (status, url, headers) => {
  const response = await get(url, headers);
  expect(response.status).toBe(status);
  expect(response.headers['cache-control']).toBe('no-store');
});

test('methods that change something are refused', async () => {
  expect(await get(`/ipfs/${cid}?format=raw`, {}, 'POST')).toMatchObject({
    status: 405,
    headers: { allow: 'GET, HEAD' },
  });
});

test('a corrupt block is an error of the server, never served', async () => {
  const disk = new MemoryDisk([[`blocks/${cid}`, Uint8Array.of(1)]]);
  const broken = createTrustlessGateway(createContentStore(openMemoryStore(disk)));
  expect((await broken({ method: 'GET', url: `/ipfs/${cid}?format=raw`, headers: {} })).status).toBe(500);
});

test('a CAR that lacks a child is not kept by caches', async () => {
  const partial = createContentStore(openMemoryStore(new MemoryDisk()));
  await partial.put([newest, at(blocks, 0)]);
  const response = await createTrustlessGateway(partial)({
    method: 'GET',
    url: `/ipfs/${cid}?format=car`,
    headers: {},
  });
  expect(response).toMatchObject({ status: 200, headers: { 'cache-control': 'no-store' } });
});

test('a DAG of more blocks than one answer may hold is refused, its root alone is not', async () => {
  const large = createContentStore(openMemoryStore(new MemoryDisk()));
  const leaves = Array.from({ length: MAX_CAR_BLOCKS }, (_, i) => blockOf('raw', new TextEncoder().encode(`${i}`)));
  const root = blockOf('dag-cbor', encode(leaves.map((leaf) => leaf.cid)));
  await large.put([...leaves, root]);
  const ask = (query: string) =>
    createTrustlessGateway(large)({
      method: 'GET',
      url: `/ipfs/${root.cid.toString()}?format=car${query}`,
      headers: {},
    });
  expect((await ask('')).status).toBe(413);
  expect((await ask('&dag-scope=block')).status).toBe(200);
});
