// A client on the broker, beside a network of processes: it submits, hears what became of it, and nobody else can hear or say so.
import { expect, test } from 'vitest';
import { connectBus } from '#runtime/bus/jetstream-bus.ts';
import { seal } from '#runtime/host/envelopes.ts';
import { readKeyFile } from '#runtime/keys/key-file.ts';
import { keyPath } from '#runtime/network/local-genesis.ts';
import { jobIdOf } from '#runtime/network/main-job.ts';
import { NatsClient } from '#runtime/network/nats-client.ts';
import { TOLD_KIND, type ToldV1 } from '#schemas/node/told.ts';
import type { TxBody } from '#schemas/settlement/transaction.ts';
import { u128 } from '#schemas/wire/fields.ts';
import { encode } from '#schemas/wire/msgpack.ts';
import { subject } from '#schemas/wire/subjects.ts';
import { type LiveNetwork, PATIENT_MS, withNetwork } from '../support/live-network.ts';
import { until } from '../support/until.ts';

const UNITS = 3;
const submit = (idempotency_key: string, reward_per_unit_units: bigint): TxBody => ({
  type: 'job.submit',
  idempotency_key,
  kernel: 'noop/v1',
  start: u128(0n),
  unit_log2: 8,
  units: UNITS,
  reward_per_unit_units,
});

async function listen({ running, signer }: LiveNetwork) {
  const told: ToldV1[] = [];
  const refused: string[] = [];
  const client = await NatsClient.open({
    broker_url: running.broker.url,
    gateway_url: running.gateway_url,
    signer,
    onTold: (one) => told.push(one),
    onRefused: (code) => refused.push(code),
    onBusRefused: (error) => refused.push(error.code),
  });
  return { client, told, refused };
}

test(
  'a client hears its jobs accepted, settled and finished, and its refused transaction with the code',
  { timeout: 2 * PATIENT_MS },
  () =>
    withNetwork({ shape: { is_compact: true } }, async (network) => {
      await network.staffed();
      const { client, told, refused } = await listen(network);
      const good = await client.send(submit('told', 100n));
      const bad = await client.send(submit('too dear', 2n ** 56n));
      const moves = () => told.flatMap(({ jobs }) => jobs);
      await until(async () => moves().some(({ is_finished }) => is_finished), PATIENT_MS, 'the job is finished');
      const txs = told.flatMap((one) => one.txs);
      expect(txs).toMatchObject([
        { tx: good, code: null },
        { tx: bad, code: 'BALANCE_LOW' },
      ]);
      expect(new Set(moves().map(({ job }) => job))).toEqual(new Set([jobIdOf(network.signer.id, 'told')]));
      expect(moves()[0]).toMatchObject({ is_accepted: true });
      expect(new Set(moves().flatMap(({ settled }) => settled))).toEqual(new Set([0, 1, 2]));
      expect(moves().flatMap(({ parked }) => parked)).toEqual([]);
      await eavesdropAndForge(network);
      expect(refused).toEqual([]);
      await client.close();
    }),
);

test('what a broker did not take is kept, and repeated when it is back', { timeout: 2 * PATIENT_MS }, () =>
  withNetwork({ shape: { is_compact: true } }, async (network) => {
    await network.staffed();
    const { client } = await listen(network);
    await network.running.broker.kill('SIGKILL');
    await expect(client.send(submit('lost', 100n))).rejects.toMatchObject({ code: 'BUS_UNAVAILABLE' });
    const isRepeated = () => client.repeat().then(() => true);
    await until(isRepeated, PATIENT_MS, 'the broker takes it');
    // Asked, not listened for: what a gateway tells while its own connection is still away is not told again.
    await network.finished(jobIdOf(network.signer.id, 'lost'));
    await client.close();
  }),
);

/** Another account may neither hear what is told to this one, nor say it in the gateway's name. */
async function eavesdropAndForge({ dir, running, signer: victim, client }: LiveNetwork): Promise<void> {
  const { chain, gateway } = await client.network();
  const other = await readKeyFile(keyPath(dir, 'worker-ada-1'));
  const refused: string[] = [];
  const onRefused = (error: { readonly subject: string }): void => void refused.push(error.subject);
  const bus = await connectBus({ url: running.broker.url, signer: other, onRefused });
  const hears = `told.v1.${victim.id}.*`;
  bus.subscribe(hears, () => undefined);
  const body = encode({ height: 2 ** 40, time_ms: 0, after_height: 0, jobs: [], txs: [] } satisfies ToldV1);
  const item = { kind: TOLD_KIND, to: victim.id, counter: 0, body };
  const forged = seal({ chain, id: gateway, sign: other.sign }, Date.now(), '', [item]);
  bus.cast(subject.told(victim.id, gateway), forged);
  await until(() => refused.length === 2, PATIENT_MS, 'both are refused');
  expect(refused).toEqual([hears, subject.told(victim.id, gateway)]);
  await bus.close();
}
