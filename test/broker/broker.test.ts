// The broker's process: users change without dropping anyone, a violation costs its own connection only, failures have codes.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createConnection } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect } from '@nats-io/transport-node';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { findNatsServer } from '#runtime/broker/binary.ts';
import { startBroker } from '#runtime/broker/broker.ts';
import type { Signer } from '#runtime/keys/ed25519.ts';
import { nkeyAuthenticator } from '#runtime/keys/nkey.ts';
import { newSigner } from '../compliance/bus-harness.ts';
import { startNetwork, type TestNetwork } from './test-network.ts';

/** Whether the process runs; one that has ended and waits to be collected does not. */
function isAlive(pid: number): boolean {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8') !== '';
  } catch {
    return false;
  }
}

let net: TestNetwork;
beforeAll(async () => {
  net = await startNetwork();
});
afterAll(() => net.stop());

/** A client without manners: it authenticates, announces a message of any size and sends `body`. Answers all that the server said. */
function sendRaw(url: string, signer: Signer, size: number, body: Uint8Array): Promise<string> {
  const { hostname, port } = new URL(url);
  const socket = createConnection({ host: hostname, port: Number(port) });
  let said = '';
  return new Promise((resolve) => {
    socket.on('data', (chunk) => {
      const isFirst = said === '';
      said += chunk.toString();
      if (!isFirst) return;
      const { nonce } = JSON.parse(said.slice('INFO '.length)) as { nonce: string };
      const { nkey, sig } = nkeyAuthenticator(signer)(nonce) as { nkey: string; sig: string };
      socket.write(
        `CONNECT ${JSON.stringify({ verbose: false, nkey, sig, protocol: 1, lang: 'raw', version: '0' })}\r\n`,
      );
      socket.write(`PUB hb.v1.${signer.id} ${size}\r\n`);
      socket.write(body);
    });
    socket.on('error', () => undefined);
    socket.on('close', () => resolve(said));
  });
}

test('a message of 10 MiB is refused and costs its sender the connection, and nobody else', async () => {
  const rude = await net.join('worker');
  const calm = await net.join('worker');
  let disconnects = 0;
  const status = (async () => {
    for await (const s of calm.nats.status()) disconnects += s.type === 'disconnect' ? 1 : 0;
  })();
  const size = 10 * 1_048_576;
  // Announced only, its refusal is read; with the body on the way, the server hangs up on what it has not read.
  expect(await sendRaw(net.broker.url, rude.signer, size, Buffer.alloc(0))).toContain(
    "-ERR 'Maximum Payload Violation'",
  );
  await sendRaw(net.broker.url, rude.signer, size, Buffer.alloc(size)); // ends only when the connection does
  await calm.nats.flush();
  await rude.nats.flush();
  await Promise.all([calm.nats.close(), rude.nats.close()]);
  await status;
  expect(disconnects).toBe(0);
});

test('a reload admits new users, ends the connections of removed ones and keeps the others', async () => {
  const [stays, goes, comes] = [newSigner(), newSigner(), newSigner()];
  const dir = await mkdtemp(join(tmpdir(), 'sortition-reload-'));
  const user = (signer: Signer) => ({ id: signer.id, kind: 'worker' as const });
  const broker = await startBroker({ dir, users: [user(stays), user(goes)] });
  const open = (signer: Signer) =>
    connect({ servers: broker.url, authenticator: nkeyAuthenticator(signer), reconnect: false });
  const [a, b] = await Promise.all([open(stays), open(goes)]);
  await expect(open(comes)).rejects.toMatchObject({ name: 'AuthorizationError' });
  await broker.reload([user(stays), user(comes)]);
  await b.closed();
  const c = await open(comes);
  await a.flush();
  expect(a.isClosed()).toBe(false);
  await Promise.all([a.close(), c.close()]);
  await broker.stop();
  await rm(dir, { recursive: true, force: true });
});

test('it keeps its ports over a restart, and says when it has ended', async () => {
  const dir = await mkdtemp(join(tmpdir(), 'sortition-restart-'));
  const broker = await startBroker({ dir, users: [] });
  const { url, ws_url, pid } = broker;
  await broker.restart();
  expect([broker.url, broker.ws_url]).toEqual([url, ws_url]);
  expect(broker.pid).not.toBe(pid);
  const ended = broker.ended();
  await broker.stop();
  await ended;
  await expect(broker.reload([])).rejects.toMatchObject({ code: 'BROKER_RELOAD_FAILED' });
  await rm(dir, { recursive: true, force: true });
});

test('a server whose parent was killed is ended by the next start in its folder, and no other process is', async () => {
  const dir = await mkdtemp(join(tmpdir(), 'sortition-orphan-'));
  const code = `import { startBroker } from '#runtime/broker/broker.ts';
    const { pid } = await startBroker({ dir: ${JSON.stringify(dir)}, users: [] });
    console.log(pid);`;
  const parent = spawn(process.execPath, ['--input-type=module', '-e', code], { stdio: ['ignore', 'pipe', 'inherit'] });
  const [line] = (await once(parent.stdout, 'data')) as [Buffer];
  const orphan = Number(line.toString());
  parent.kill('SIGKILL');
  await once(parent, 'exit');
  expect(isAlive(orphan)).toBe(true);
  const broker = await startBroker({ dir, users: [] });
  expect(isAlive(orphan)).toBe(false);
  await broker.stop();
  await writeFile(join(dir, 'broker.pid'), String(process.pid)); // taken over by somebody else: this test
  await (await startBroker({ dir, users: [] })).stop();
  await rm(dir, { recursive: true, force: true });
});

test('a server that cannot be found or does not start is a failure with its code', async () => {
  const dir = await mkdtemp(join(tmpdir(), 'sortition-fail-'));
  await expect(findNatsServer({ SORTITION_NATS_SERVER: join(dir, 'none') })).rejects.toMatchObject({
    code: 'BROKER_NOT_FOUND',
  });
  const failure = { code: 'BROKER_START_FAILED' };
  await expect(startBroker({ dir, users: [], binary: join(dir, 'none') })).rejects.toMatchObject(failure);
  await expect(startBroker({ dir, users: [], binary: process.execPath })).rejects.toMatchObject(failure);
  const port = Number(new URL(net.broker.url).port);
  await expect(startBroker({ dir, users: [], port })).rejects.toMatchObject(failure);
  await rm(dir, { recursive: true, force: true });
});
