// Several nats-servers that are one broker: any of them may be lost while a majority stands.
import { join } from 'node:path';
import { freePort } from '../network/free-port.ts';
import { type Broker, type BrokerOptions, startBroker } from './broker.ts';

export type BrokerCluster = {
  /** Addresses of all servers, with commas between: for the bus. */
  readonly url: string;
  readonly servers: readonly Broker[];
  stop(): Promise<void>;
};

/** Each server has its own folder in `dir`. @throws BrokerError BROKER_NOT_FOUND | BROKER_START_FAILED */
export async function startBrokerCluster(
  options: Omit<BrokerOptions, 'cluster' | 'port' | 'ws_port'>,
  count: number,
): Promise<BrokerCluster> {
  const ports = await Promise.all(Array.from({ length: count }, () => freePort(0)));
  const start = (port: number, i: number): Promise<Broker> => {
    const server_name = `sortition-${i + 1}`;
    return startBroker({ ...options, dir: join(options.dir, server_name), cluster: { server_name, port, ports } });
  };
  // Together: each waits for a majority before it serves streams.
  const started = await Promise.allSettled(ports.map(start));
  const servers = started.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []));
  const stop = async (): Promise<void> => void (await Promise.all(servers.map((server) => server.stop())));
  const failed = started.find((one) => one.status === 'rejected');
  if (failed === undefined) return { url: servers.map(({ url }) => url).join(','), servers, stop };
  await stop();
  throw failed.reason;
}
