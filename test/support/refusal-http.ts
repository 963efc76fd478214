// Bad requests to the gateway: bytes that are no transaction, transactions that cannot run, paths and hosts that are not served.
import { type RequestOptions, request } from 'node:http';
import type { Tx } from '#schemas/settlement/transaction.ts';
import { encodeTx, txSignBytes } from '#schemas/settlement/tx-codec.ts';
import type { Code } from '#schemas/wire/codes.ts';
import { MAX_MEMPOOL_TXS_PER_ACCOUNT, MAX_TX_BYTES, MAX_TX_EXPIRY_HEIGHTS } from '#schemas/wire/limits.ts';
import { encode } from '#schemas/wire/msgpack.ts';
import { type Row, rows } from './refusal-row.ts';
import { type RefusalWorld, STRANGER } from './refusal-world.ts';

const TEN_MIB = 10 * 1_048_576;

const transfer = (world: RefusalWorld, amount_units = 1n) =>
  ({ type: 'transfer', to: world.key('worker-ada-1').id, asset: 'credit', amount_units }) as const;
const codeOf = async (answer: Promise<{ readonly body: Readonly<Record<string, unknown>> }>): Promise<Code> =>
  (await answer).body['code'] as Code;
const post = (bytes: (world: RefusalWorld) => Promise<Uint8Array> | Uint8Array) => async (world: RefusalWorld) =>
  codeOf(world.post(await bytes(world)));
/** A transfer of one unit by the client, changed by the row. */
const changed = (change: (world: RefusalWorld, tx: Tx) => Partial<Tx>) =>
  post(async (world) => {
    const tx = await world.tx('client', transfer(world));
    return world.wire({ ...tx, ...change(world, tx) }, world.key('client'));
  });
/** Signed bytes that no schema has checked. */
const raw = (change: (tx: Tx) => unknown) =>
  post(async (world) => {
    const bytes = encode(change(await world.tx('client', transfer(world))));
    return encodeTx(bytes, world.key('client').sign(txSignBytes(bytes)));
  });

const bytesRows = rows('POST /api/transactions', 'gateway', [
  ['no bytes at all', 'TX_MALFORMED', post(() => new Uint8Array(0))],
  ['bytes that are no MessagePack', 'TX_MALFORMED', post(() => new Uint8Array(200).fill(0xc1))],
  [
    'a transaction cut in the middle',
    'TX_MALFORMED',
    async (world) =>
      codeOf(world.post(world.wire(await world.tx('client', transfer(world)), STRANGER).subarray(0, 150))),
  ],
  ['an unknown field', 'SCHEMA_MISMATCH', raw((tx) => ({ ...tx, note: 'hello' }))],
  ['an unknown field inside the body', 'SCHEMA_MISMATCH', raw((tx) => ({ ...tx, body: { ...tx.body, memo: 1 } }))],
  ['an unknown type', 'SCHEMA_MISMATCH', raw((tx) => ({ ...tx, body: { type: 'mint', amount_units: 1n } }))],
  ['an amount of zero', 'SCHEMA_MISMATCH', raw((tx) => ({ ...tx, body: { ...tx.body, amount_units: 0n } }))],
  ['a negative amount', 'SCHEMA_MISMATCH', raw((tx) => ({ ...tx, body: { ...tx.body, amount_units: -5n } }))],
  ['an amount as a float', 'TX_MALFORMED', raw((tx) => ({ ...tx, body: { ...tx.body, amount_units: 0.5 } }))],
  ['a receiver that is no key', 'SCHEMA_MISMATCH', raw((tx) => ({ ...tx, body: { ...tx.body, to: 'treasury' } }))],
  ['a transaction above its size limit', 'MESSAGE_TOO_LARGE', post(() => new Uint8Array(MAX_TX_BYTES + 1))],
  [
    'a body of 10 MiB',
    'MESSAGE_TOO_LARGE',
    (world) =>
      ask(world, {
        method: 'POST',
        path: '/api/transactions',
        headers: { 'content-type': 'application/octet-stream', 'content-length': TEN_MIB },
      }),
  ],
  [
    'JSON where bytes belong',
    'API_INPUT_INVALID',
    async (world) => codeOf(world.post(Buffer.from('{"a":1}'), 'application/json')),
  ],
  [
    'JSON that is none',
    'API_INPUT_INVALID',
    async (world) => codeOf(world.post(Buffer.from('{"a":'), 'application/json')),
  ],
]);

const checkedRows = rows('POST /api/transactions', 'gateway', [
  [
    'a signature of another key',
    'TX_SIGNATURE_INVALID',
    post(async (world) => world.wire(await world.tx('client', transfer(world)), STRANGER)),
  ],
  ['a transaction of another chain', 'NETWORK_MISMATCH', changed(() => ({ chain: 'ab'.repeat(32) }))],
  ['a transaction past its expiry height', 'TX_EXPIRED', changed(() => ({ expiry_height: 1 }))],
  [
    'an expiry height too far ahead',
    'TX_EXPIRY_TOO_FAR',
    changed((world) => ({ expiry_height: world.ledger.height() + MAX_TX_EXPIRY_HEIGHTS + 1_000 })),
  ],
  [
    'a nonce that was used',
    'TX_NONCE_LOW',
    async (world) => {
      const tx = await world.tx('client', transfer(world));
      await world.execute('client', transfer(world));
      return codeOf(world.post(world.wire(tx, world.key('client'))));
    },
  ],
  [
    'a nonce far ahead',
    'TX_NONCE_HIGH',
    changed((_world, { nonce }) => ({ nonce: nonce + MAX_MEMPOOL_TXS_PER_ACCOUNT })),
  ],
  ['a fee above the balance', 'BALANCE_LOW', changed(() => ({ fee_units: 10n ** 17n }))],
]);

const pathRows = rows('GET', 'gateway', [
  ['a path that is not there', 'API_PATH_UNKNOWN', (world) => get(world, '/api/nothing')],
  ['an id that is none', 'API_INPUT_INVALID', (world) => get(world, '/api/accounts/nobody')],
  ['a count out of bounds', 'API_INPUT_INVALID', (world) => get(world, `/api/jobs/${'0'.repeat(32)}?count=99999`)],
  ['a foreign Host header', 'API_HOST_REFUSED', (world) => get(world, '/api/view', 'evil.example')],
]);

const get = (world: RefusalWorld, path: string, host = '127.0.0.1'): Promise<Code> =>
  ask(world, { path, headers: { host } });

/** With any path and headers, which fetch would tidy up; what a header promises is not sent. */
function ask({ client }: RefusalWorld, options: RequestOptions): Promise<Code> {
  const { hostname, port } = new URL(client.url);
  return new Promise((resolve, reject) => {
    const asked = request({ hostname, port, ...options }, (response) => {
      let text = '';
      response.on('data', (chunk) => (text += String(chunk)));
      response.on('end', () => {
        asked.destroy();
        resolve((JSON.parse(text) as { code: Code }).code);
      });
    });
    asked.on('error', reject);
    asked.flushHeaders();
    if (options.method === undefined) asked.end();
  });
}

export const HTTP_ROWS: readonly Row[] = [...bytesRows, ...checkedRows, ...pathRows];
