// The rendered configuration: what is at the root is what is rendered, and the server takes it.
import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { findNatsServer } from '#runtime/broker/binary.ts';
import { renderNatsConf } from '#runtime/broker/nats-conf.ts';
import { nkeyOf } from '#runtime/keys/nkey.ts';
import { ACTOR_KINDS } from '#schemas/wire/subjects.ts';
import { newSigner } from '../compliance/bus-harness.ts';

const run = promisify(execFile);
const ROOT_CONF = fileURLToPath(new URL('../../nats.conf', import.meta.url));

const accepts = async (path: string): Promise<string> => {
  const { stdout, stderr } = await run(await findNatsServer(), ['-t', '-c', path]);
  return stdout + stderr;
};

test('nats.conf is what the renderer says for a network without actors, and the server takes it', async () => {
  const text = await readFile(ROOT_CONF, 'utf8');
  const rendered = renderNatsConf({
    port: 4222,
    ws_port: 4223,
    store_dir: '.sortition/broker/streams',
    users: [],
    origins: ['http://127.0.0.1:8080', 'http://localhost:8080'],
  });
  expect(text.replaceAll(/^#.*\n/gm, '').trim()).toBe(rendered.trim());
  expect(await accepts(ROOT_CONF)).toContain('is valid');
});

test('with actors of every kind the server takes it too, and it holds no seed', async () => {
  const dir = await mkdtemp(join(tmpdir(), 'sortition-conf-'));
  const users = ACTOR_KINDS.map((kind) => ({ kind, id: newSigner().id }));
  const text = renderNatsConf({
    port: -1,
    ws_port: -1,
    store_dir: join(dir, 'streams'),
    users,
    provisioner: newSigner().id,
    origins: [],
  });
  const path = join(dir, 'broker.conf');
  await writeFile(path, text);
  expect(await accepts(path)).toContain('is valid');
  for (const user of users) expect(text).toContain(nkeyOf(user.id));
  expect(text).not.toMatch(/\bSU[A-Z2-7]{56}\b/);
  await rm(dir, { recursive: true, force: true });
});
