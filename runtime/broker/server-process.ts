// One run of nats-server: its ports and state are read from what it logs.
import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { BrokerError } from './broker-error.ts';

export type ServerProcess = {
  readonly pid: number;
  readonly port: number;
  readonly ws_port: number;
  /** Resolves when the process is gone. */
  readonly ended: Promise<void>;
  signal(signal: NodeJS.Signals): void;
  /** The next line of its log that matches; undefined when it ends before. */
  next(pattern: RegExp): Promise<string | undefined>;
};

const CLIENT_PORT = /Listening for client connections on [^ ]*:(\d+)/;
const WS_PORT = /Listening for websocket clients on [^ ]*:(\d+)/;
const READY = /Server is ready/;
/** Lines of the log that an error repeats. */
const LAST_LINES = 5;

/** Starts it and waits until it takes connections. @param onLine hears its log @throws BrokerError BROKER_START_FAILED */
export async function startProcess(
  binary: string,
  conf: string,
  onLine: (line: string) => void,
): Promise<ServerProcess> {
  const child = spawn(binary, ['-c', conf], { stdio: ['ignore', 'ignore', 'pipe'] });
  const log = followLog(child, onLine);
  const ended = new Promise<void>((resolve) => {
    child.once('exit', () => resolve());
    child.once('error', () => resolve());
  });
  const lines = [log.next(CLIENT_PORT), log.next(WS_PORT), log.next(READY)];
  const [port, ws_port, ready] = await Promise.all(lines);
  if (child.pid === undefined || !port || !ws_port || !ready) throw new BrokerError('BROKER_START_FAILED', log.last());
  return {
    pid: child.pid,
    port: Number(CLIENT_PORT.exec(port)?.[1]),
    ws_port: Number(WS_PORT.exec(ws_port)?.[1]),
    ended,
    signal: (signal) => void child.kill(signal),
    next: log.next,
  };
}

/** Lets callers wait for a line; reads on for ever, or the server would stand still at a full pipe. */
function followLog(child: ChildProcessByStdio<null, null, Readable>, onLine: (line: string) => void) {
  const waiting = new Set<{ readonly pattern: RegExp; readonly resolve: (line: string | undefined) => void }>();
  const last: string[] = [];
  let hasEnded = false;
  const settle = (line: string | undefined): void => {
    for (const one of waiting) {
      if (line !== undefined && !one.pattern.test(line)) continue;
      waiting.delete(one);
      one.resolve(line);
    }
  };
  const end = (): void => {
    hasEnded = true;
    settle(undefined);
  };
  child.once('error', (error) => {
    last.push(error.message);
    end();
  });
  createInterface({ input: child.stderr })
    .on('line', (line) => {
      last.push(line);
      if (last.length > LAST_LINES) last.shift();
      settle(line);
      onLine(line);
    })
    .on('close', end);
  return {
    last: () => last.join('\n'),
    next: (pattern: RegExp) =>
      new Promise<string | undefined>((resolve) => {
        if (hasEnded) resolve(undefined);
        else waiting.add({ pattern, resolve });
      }),
  };
}
