// `sortition node`: one process that hosts actors until it is told to stop.
import { ACTOR_KINDS, type ActorKind } from '#schemas/wire/subjects.ts';
import { readGenesis } from '../network/genesis-file.ts';
import type { NodeMessage } from '../network/node-process.ts';
import type { SeatOptions } from '../node/context.ts';
import { startNode } from '../node/node.ts';
import { CliError, EXIT } from './cli-error.ts';

type Options = {
  readonly genesis: string;
  readonly url: string;
  readonly actor: readonly string[];
  readonly data: string;
  readonly beaconShare?: string;
  readonly encryption?: string;
  readonly cosigner?: string;
  readonly from?: string;
  readonly httpPort: number;
  readonly wsUrl?: string;
  readonly sandboxes: number;
  readonly dishonest?: 'fake-sub-units';
  readonly name?: string;
  readonly json?: boolean;
};

/** Drain must end within this, ms; a node that cannot is killed, and its next start goes on from the disk. */
const DRAIN_LIMIT_MS = 2_500;

export async function run(o: Options): Promise<number> {
  const actors = o.actor.map(parseActor);
  const end = Promise.withResolvers<unknown>();
  // The parent is gone, perhaps while this node starts: nobody will restart or stop it.
  process.once('disconnect', () => end.resolve(undefined));
  const node = await startNode({
    name: o.name ?? actors.map(({ kind }) => kind).join('+'),
    chain: await readGenesis(o.genesis),
    url: o.url,
    ws_url: o.wsUrl,
    dir: o.data,
    actors,
    beacon_share: o.beaconShare,
    encryption: o.encryption,
    cosigner: o.cosigner,
    from: o.from,
    http_port: o.httpPort,
    sandboxes: o.sandboxes,
    dishonest: o.dishonest,
    log_level: process.env['SORTITION_LOG'] ?? 'info',
    onFailure: (error) => end.resolve(error),
  });
  announce({ type: 'ready', http_url: node.http_url }, o.json === true);
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => end.resolve(undefined));
  const failure = await end.promise;
  setTimeout(() => process.exit(EXIT.failure), DRAIN_LIMIT_MS).unref();
  await node.drain();
  if (failure === undefined) return EXIT.ok;
  throw failure;
}

/** Tell whoever started the process that it serves. */
function announce(message: NodeMessage, isJson: boolean): void {
  if (process.send !== undefined)
    process.send(message, () => undefined); // a parent that is gone needs no answer
  else
    process.stdout.write(
      isJson ? `${JSON.stringify(message)}\n` : `Serving; health and metrics at ${message.http_url}\n`,
    );
}

function parseActor(text: string): SeatOptions {
  const at = text.indexOf(':');
  const kind = text.slice(0, at) as ActorKind;
  if (at < 0 || !ACTOR_KINDS.includes(kind))
    throw new CliError('ACTOR_KIND_UNKNOWN', `'${text}' is no actor.`, EXIT.usage);
  return { kind, key_path: text.slice(at + 1) };
}
