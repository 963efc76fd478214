// A command's way to the ledger, where the gateway that it asks was started again and is behind.
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { signer } from '#runtime/keys/ed25519.ts';
import { ConsoleClient } from '#runtime/network/console-client.ts';
import { decodeTx, txId } from '#schemas/settlement/tx-codec.ts';

const payer = signer(new Uint8Array(32).fill(7));
const body = { type: 'transfer', to: payer.id, asset: 'credit', amount_units: 1n } as const;

/** What the gateway knows of the account, and what the chain does: every transaction tells the gateway of it. */
let known_nonce: number;
let chain_nonce: () => number;
/** Nonces in the order in which they were handed in. */
let handedIn: number[];
let server: Server;

type State = { readonly state: string; readonly code?: string; readonly height: number };

/** Whether the ledger takes it; from then on the gateway knows how far the account is. */
function execute(wire: Uint8Array): State {
  const got = decodeTx(wire);
  if (!got.ok) throw new Error(got.code);
  const { nonce } = got.value.tx;
  handedIn.push(nonce);
  known_nonce = chain_nonce();
  return nonce < chain_nonce()
    ? { state: 'refused', code: 'TX_NONCE_LOW', height: 11 }
    : { state: 'applied', height: 11 };
}

beforeEach(async () => {
  handedIn = [];
  const states = new Map<string, State>();
  const answers: Record<string, () => unknown> = {
    '/api/network': () => ({ network: 'test', chain: 'c'.repeat(64), gateway: '', ws_url: '', height: 10 }),
    [`/api/accounts/${payer.id}`]: () => ({ credit_units: '5', stake_units: '0', next_nonce: known_nonce, height: 10 }),
  };
  server = createServer((request, response) => {
    const answer = (wire: Buffer): void => {
      if (request.method === 'POST') states.set(txId(wire), execute(wire));
      const path = request.url ?? '';
      response.end(JSON.stringify(answers[path]?.() ?? states.get(path.slice('/api/transactions/'.length)) ?? {}));
    };
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk)).on('end', () => answer(Buffer.concat(chunks)));
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
});
afterEach(() => new Promise((resolve) => server.close(resolve)));

const client = (): ConsoleClient => new ConsoleClient(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);

test('a nonce that the chain has used while the gateway was away is replaced by the next one', async () => {
  known_nonce = 1;
  chain_nonce = () => 3;
  expect(await client().transact(payer, body)).toMatchObject({ height: 11 });
  expect(handedIn).toEqual([1, 3]);
});

test('a key that somebody else uses all the time is given up on', async () => {
  known_nonce = 1;
  chain_nonce = () => handedIn.length + 1_000;
  await expect(client().transact(payer, body)).rejects.toMatchObject({ code: 'TX_NONCE_LOW' });
  expect(handedIn).toHaveLength(5);
});
