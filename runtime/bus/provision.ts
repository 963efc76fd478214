// The network's own hand on its streams: makes them, keeps them as the table says, and makes them again when one is lost.
import { setTimeout as delay } from 'node:timers/promises';
import type { NatsConnection } from '@nats-io/transport-node';
import { BusError } from './bus-error.ts';
import { type ConnectionOptions, openConnection } from './connection.ts';
import { busErrorOf } from './nats-failure.ts';
import { STREAMS, type StreamName, streamConfig } from './streams.ts';

const ANSWER_MS = 2_000;
/** How long the streams are asked for at the start, ms: a cluster says nothing until it has chosen who answers. */
const FIRST_MS = 30_000;
const LOOK_AGAIN_MS = 100;
/** JetStream: there is one of this name with another configuration. */
const NAME_IN_USE = 10_058;
/** What the server tells about streams that were deleted. */
export const STREAM_DELETED = '$JS.EVENT.ADVISORY.STREAM.DELETED.*';

/** Resolves when all streams stand; keeps them until closed. @throws BusError BUS_UNAVAILABLE | BUS_NOT_AUTHORISED */
export async function provisionStreams(
  options: ConnectionOptions & { readonly replicas_count?: number },
): Promise<{ close(): Promise<void> }> {
  const connection = await openConnection(options);
  const { nats } = connection;
  const names = Object.keys(STREAMS) as StreamName[];
  const makeAll = async (): Promise<void> =>
    void (await Promise.all(names.map((name) => makeStream(nats, name, options.replicas_count))));
  // Fails only when the broker goes away again: then its return is the next attempt.
  const repair = (): void => void makeAll().catch(() => undefined);
  nats.subscribe(STREAM_DELETED, { callback: repair });
  connection.onReconnect(repair);
  await insist(makeAll).catch(async (error: unknown) => {
    await nats.close();
    throw error;
  });
  return { close: () => nats.close() };
}

async function insist(makeAll: () => Promise<void>): Promise<void> {
  for (const end_ms = performance.now() + FIRST_MS; ; ) {
    try {
      return await makeAll();
    } catch (error) {
      const isPassing = error instanceof BusError && error.code === 'BUS_UNAVAILABLE';
      if (!isPassing || performance.now() > end_ms) throw error;
      await delay(LOOK_AGAIN_MS);
    }
  }
}

/** Makes the stream, or changes it to what the table says; the same again does nothing. */
async function makeStream(nats: NatsConnection, name: StreamName, replicas_count?: number): Promise<void> {
  const config = streamConfig(name, replicas_count);
  const created = await api(nats, `STREAM.CREATE.${name}`, config);
  if (created?.err_code !== NAME_IN_USE) return throwIf(created, name);
  throwIf(await api(nats, `STREAM.UPDATE.${name}`, config), name);
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
