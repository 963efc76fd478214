// A node as a child process: started, awaited, killed and started again by the local network and by tests.
import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, mkdirSync, openSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { PlannedNode } from './local-genesis.ts';
import { NetworkError } from './network-error.ts';

/** What a node tells its parent. */
export type NodeMessage = { readonly type: 'ready'; readonly http_url: string };

export type NodeProcessOptions = {
  readonly node: PlannedNode;
  readonly dir: string;
  readonly genesis_path: string;
  readonly url: string;
  readonly ws_url: string;
  readonly http_port?: number;
  /** Checkpoint file in which its operator trusts. */
  readonly from?: string;
  readonly dishonest?: boolean;
};

export type NodeProcess = {
  readonly name: string;
  readonly pid: number;
  /** Address of its health, metrics and own routes. @throws NetworkError NODE_START_FAILED when it ends before it serves */
  readonly ready: Promise<string>;
  /** Resolves when the process is gone, with its exit code; null: it was killed, or never ran. */
  readonly ended: Promise<number | null>;
  isRunning(): boolean;
  signal(signal: NodeJS.Signals): void;
};

const MAIN = fileURLToPath(new URL('../cli/main.ts', import.meta.url));

/** Folder of a node of the local network. */
export const nodeDir = (dir: string, name: string): string => join(dir, 'nodes', name);

export function startNodeProcess(o: NodeProcessOptions): NodeProcess {
  const child = spawnNode(o);
  const ended = new Promise<number | null>((resolve) => {
    child.once('exit', resolve);
    child.once('error', () => resolve(null));
  });
  const served = Promise.withResolvers<string>();
  child.on('message', (message: NodeMessage) => served.resolve(message.http_url));
  void ended.then(() => served.reject(new NetworkError('NODE_START_FAILED', o.node.name)));
  // Whoever does not wait for it does not want to be told twice.
  served.promise.catch(() => undefined);
  const isRunning = (): boolean => child.exitCode === null && child.signalCode === null;
  return {
    name: o.node.name,
    pid: child.pid ?? 0,
    ready: served.promise,
    ended,
    isRunning,
    signal: (signal) => void child.kill(signal),
  };
}

function spawnNode({
  node,
  dir,
  genesis_path,
  url,
  ws_url,
  http_port = 0,
  dishonest = false,
  from,
}: NodeProcessOptions): ChildProcess {
  const logs = join(dir, 'logs');
  mkdirSync(logs, { recursive: true });
  const log = openSync(join(logs, `${node.name}.log`), 'a');
  const options = [
    '--genesis',
    genesis_path,
    '--url',
    url,
    '--ws-url',
    ws_url,
    '--data',
    nodeDir(dir, node.name),
    '--name',
    node.name,
    '--http-port',
    `${http_port}`,
  ];
  const actors = node.actors.flatMap(({ kind, key }) => ['--actor', `${kind}:${key}`]);
  const secrets = [
    ...(node.beacon_share === undefined ? [] : ['--beacon-share', node.beacon_share]),
    ...(node.encryption === undefined ? [] : ['--encryption', node.encryption]),
    ...(node.cosigner === undefined ? [] : ['--cosigner', node.cosigner]),
  ];
  const trust = from === undefined ? [] : ['--from', from];
  const lie = dishonest ? ['--dishonest', 'fake-sub-units'] : [];
  // An own process group: Ctrl-C reaches the parent alone, which stops its nodes in order.
  const child = spawn(process.execPath, [MAIN, 'node', ...options, ...actors, ...secrets, ...trust, ...lie], {
    stdio: ['ignore', log, log, 'ipc'],
    detached: true,
  });
  closeSync(log);
  return child;
}
