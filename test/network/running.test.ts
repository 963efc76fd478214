// The note about a running network is true only while the very process that wrote it lives.
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { forgetRunning, noteRunning, readRunning } from '#runtime/network/running.ts';

const REACHED = { gateway_url: 'http://127.0.0.1:1', broker_url: 'nats://127.0.0.1:2', ws_url: 'ws://127.0.0.1:3' };

async function folder(): Promise<string> {
  const dir = await mkdtemp(join(tmpdir(), 'sortition-running-'));
  onTestFinished(() => rm(dir, { recursive: true }));
  return dir;
}

/** Note this process, then change what the note says. */
async function noted(change: object): Promise<string> {
  const dir = await folder();
  await noteRunning(dir, REACHED);
  const path = join(dir, 'running.json');
  await writeFile(path, JSON.stringify({ ...JSON.parse(await readFile(path, 'utf8')), ...change }));
  return dir;
}

test('a network is found where its process noted it, until it forgets', async () => {
  const dir = await folder();
  await noteRunning(dir, REACHED);
  expect(await readRunning(dir)).toMatchObject({ ...REACHED, pid: process.pid });
  await forgetRunning(dir);
  await expect(readRunning(dir)).rejects.toMatchObject({ code: 'NETWORK_NOT_RUNNING' });
});

test('a process that merely got the id of the one that noted it is no network', async () => {
  const dir = await noted({ started: 'earlier' });
  await expect(readRunning(dir)).rejects.toMatchObject({ code: 'NETWORK_NOT_RUNNING' });
});

test('nor is a process that is gone', async () => {
  const dir = await noted({ pid: 2 ** 30 });
  await expect(readRunning(dir)).rejects.toMatchObject({ code: 'NETWORK_NOT_RUNNING' });
});
