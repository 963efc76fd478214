// The network's own hand on its streams: makes them, keeps them as the table says, and makes them again when one is lost.
import type { NatsConnection } from '@nats-io/transport-node';
import { BusError } from './bus-error.ts';
import { type ConnectionOptions, openConnection } from './connection.ts';
import { busErrorOf } from './nats-failure.ts';
import { STREAMS, type StreamName, streamConfig } from './streams.ts';

const ANSWER_MS = 5_000;
/** JetStream: there is one of this name with another configuration. */
const NAME_IN_USE = 10_058;
/** What the server tells about streams that were deleted. */
export const STREAM_DELETED = '$JS.EVENT.ADVISORY.STREAM.DELETED.*';

/** Resolves when all streams stand; keeps them until closed. @throws BusError BUS_UNAVAILABLE | BUS_NOT_AUTHORISED */
export async function provisionStreams(options: ConnectionOptions): Promise<{ close(): Promise<void> }> {
  const connection = await openConnection(options);
  const { nats } = connection;
  const names = Object.keys(STREAMS) as StreamName[];
  const makeAll = async (): Promise<void> => void (await Promise.all(names.map((name) => makeStream(nats, name))));
  // Fails only when the broker goes away again: then its return is the next attempt.
  const repair = (): void => void makeAll().catch(() => undefined);
  nats.subscribe(STREAM_DELETED, { callback: repair });
  connection.onReconnect(repair);
  await makeAll();
  return { close: () => nats.close() };
}

/** Makes the stream, or changes it to what the table says; the same again does nothing. */
async function makeStream(nats: NatsConnection, name: StreamName): Promise<void> {
  const created = await api(nats, `STREAM.CREATE.${name}`, streamConfig(name));
  if (created?.err_code !== NAME_IN_USE) return throwIf(created, name);
  throwIf(await api(nats, `STREAM.UPDATE.${name}`, streamConfig(name)), name);
}

type ApiError = { readonly err_code: number; readonly description: string };

async function api(nats: NatsConnection, method: string, body: object): Promise<ApiError | undefined> {
  try {
    const answer = await nats.request(`$JS.API.${method}`, JSON.stringify(body), { timeout: ANSWER_MS });
    return answer.json<{ error?: ApiError }>().error;
  } catch (cause) {
    throw busErrorOf(cause, 'BUS_UNAVAILABLE', method);
  }
}

function throwIf(error: ApiError | undefined, name: StreamName): void {
  if (error) throw new BusError('BUS_UNAVAILABLE', name, error.description);
}
