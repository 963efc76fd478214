// Three servers that are one broker: one of them may be lost, with whatever it held, and comes back.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { startBrokerCluster } from '#runtime/broker/cluster.ts';
import type { Bus } from '#runtime/bus/bus.ts';
import { connectBus } from '#runtime/bus/jetstream-bus.ts';
import { provisionStreams } from '#runtime/bus/provision.ts';
import { subject } from '#schemas/wire/subjects.ts';
import { newSigner } from '../compliance/bus-harness.ts';
import { until } from '../support/until.ts';

const WITHIN_MS = 30_000;
const ignore = (): void => undefined;

/** What a stream holds of this sender, as text. */
async function kept(bus: Bus, sender: string): Promise<string[]> {
  const got: string[] = [];
  await bus.history(subject.transaction(sender), ({ data }) => got.push(Buffer.from(data).toString()));
  return got;
}

test('a cluster of three goes on with one lost: what was published is there, and more can be', {
  timeout: 60_000,
}, async () => {
  const dir = await mkdtemp(join(tmpdir(), 'sortition-cluster-'));
  onTestFinished(() => rm(dir, { recursive: true, force: true }));
  const [provisioner, validator] = [newSigner(), newSigner()];
  const users = [{ id: validator.id, kind: 'validator' as const }];
  const cluster = await startBrokerCluster({ dir, users, provisioner: provisioner.id }, 3);
  onTestFinished(() => cluster.stop());
  const { url } = cluster;
  const streams = await provisionStreams({ url, signer: provisioner, onRefused: ignore, replicas_count: 3 });
  onTestFinished(() => streams.close());
  const bus = await connectBus({ url, signer: validator, onRefused: ignore });
  onTestFinished(() => bus.close());
  const publish = (text: string): Promise<true> =>
    until(
      () => bus.publish(subject.transaction(validator.id), Buffer.from(text)).then(() => true as const),
      WITHIN_MS,
      `'${text}' is taken`,
    );
  await publish('before');
  const [lost] = cluster.servers;
  await lost?.kill('SIGKILL');
  await publish('without it');
  const all = await until(() => kept(bus, validator.id), WITHIN_MS, 'the stream is read');
  expect(all.filter((text, i) => all.indexOf(text) === i)).toEqual(['before', 'without it']);
  await lost?.restart();
  await publish('with it again');
});
