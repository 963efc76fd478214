// A nats-server as our child: started on free ports, told of new users, killed and started again, stopped by its own process id.
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Code } from '#schemas/wire/codes.ts';
import { findNatsServer } from './binary.ts';
import { BrokerError } from './broker-error.ts';
import { BrokerLog } from './broker-log.ts';
import { type BrokerUser, type ClusterPlace, renderNatsConf } from './nats-conf.ts';
import { endPredecessor, notePid } from './predecessor.ts';
import { type ServerProcess, startProcess } from './server-process.ts';

export type BrokerOptions = {
  /** Folder for the configuration and the streams. */
  readonly dir: string;
  /** nats-server; by default where the set-up put it. */
  readonly binary?: string;
  readonly users: readonly BrokerUser[];
  /** Public key of the identity that provisions the streams. */
  readonly provisioner?: string;
  readonly origins?: readonly string[];
  /** Ports; 0, as by default, takes free ones and keeps them over restarts. */
  readonly port?: number;
  readonly ws_port?: number;
  /** Where it is one server of several. */
  readonly cluster?: ClusterPlace;
};

export type Broker = {
  readonly url: string;
  /** For browsers, which read what is public. */
  readonly ws_url: string;
  readonly pid: number;
  /** How often it refused a key, a subject or a message, by code; which, says `broker.log` in its folder. */
  readonly refusals: ReadonlyMap<Code, number>;
  /** Replaces the users without dropping a connection of those that stay. @throws BrokerError BROKER_RELOAD_FAILED */
  reload(users: readonly BrokerUser[]): Promise<void>;
  /** Ends the process as given and waits for its end; the streams on disk stay. */
  kill(signal: NodeJS.Signals): Promise<void>;
  /** Starts it again on the same ports and streams; kills it first if it runs. */
  restart(): Promise<void>;
  /** Resolves when the process ends, asked or not; of a broker that is not running, at once. */
  ended(): Promise<void>;
  stop(): Promise<void>;
};

/** Ends the broker of this folder that a killed parent left behind, if there is one: before the folder is used again or removed. */
export const endLeftBroker = (dir: string): Promise<void> => endPredecessor(pidFileOf(dir), confOf(dir));

/** @throws BrokerError BROKER_NOT_FOUND | BROKER_START_FAILED */
export async function startBroker(options: BrokerOptions): Promise<Broker> {
  const binary = options.binary ?? (await findNatsServer());
  const conf = confOf(options.dir);
  const write = async (users: readonly BrokerUser[], port: number, ws_port: number): Promise<void> => {
    const { provisioner, cluster, origins = [] } = options;
    const store_dir = join(options.dir, 'streams');
    const who = { users, ...(provisioner !== undefined && { provisioner }), ...(cluster && { cluster }) };
    await writeFile(conf, renderNatsConf({ ...who, port, ws_port, store_dir, origins }), { mode: 0o600 });
  };
  await mkdir(options.dir, { recursive: true });
  const log = new BrokerLog(join(options.dir, 'broker.log'));
  const start = async (): Promise<ServerProcess> => {
    const started = await startProcess(binary, conf, (line) => log.hear(line));
    await notePid(pidFileOf(options.dir), started.pid);
    return started;
  };
  await endLeftBroker(options.dir);
  await write(options.users, options.port || -1, options.ws_port || -1);
  let server = await start();
  const { port, ws_port } = server;
  // From here on the ports are fixed, so that clients find it again after a restart.
  await write(options.users, port, ws_port);

  const kill = async (signal: NodeJS.Signals): Promise<void> => {
    server.signal(signal);
    await server.ended;
  };
  const reload = async (users: readonly BrokerUser[]): Promise<void> => {
    await write(users, port, ws_port);
    const said = server.next(/Reloaded server configuration|Failed to reload/);
    server.signal('SIGHUP');
    const line = await said;
    if (line?.includes('Reloaded') !== true) throw new BrokerError('BROKER_RELOAD_FAILED', line ?? 'it is not running');
  };
  let lastReload = Promise.resolve();
  return {
    url: `nats://127.0.0.1:${port}`,
    ws_url: `ws://127.0.0.1:${ws_port}`,
    get pid() {
      return server.pid;
    },
    refusals: log.refusals,
    reload(users) {
      // One after the other: each answer in the log is then the answer to the latest file.
      lastReload = lastReload.then(
        () => reload(users),
        () => reload(users),
      );
      return lastReload;
    },
    kill,
    async restart() {
      await kill('SIGKILL');
      server = await start();
    },
    ended: () => server.ended,
    async stop() {
      await kill('SIGTERM');
      log.close();
    },
  };
}

const confOf = (dir: string): string => join(dir, 'broker.conf');
const pidFileOf = (dir: string): string => join(dir, 'broker.pid');
