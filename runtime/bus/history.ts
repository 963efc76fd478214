// Reading back what a stream holds: a consumer that lives for the length of the reading, named after its actor.
// Not a standing consumer per actor: ten thousand of those cost the broker half a gigabyte (ADR 0006).
import { createInbox, type Msg, type NatsConnection } from '@nats-io/transport-node';
import { BusError } from './bus-error.ts';
import { inboxOf } from './connection.ts';
import { busErrorOf } from './nats-failure.ts';
import { streamOf } from './streams.ts';

/** Messages and bytes of one pull: bounds what the broker pushes at us before we have read it. */
const BATCH = 256;
const BATCH_BYTES = 8_388_608;
const ANSWER_MS = 5_000;
const NO_MESSAGES = 404;
/** JetStream: a consumer of this name has another configuration. */
const CONSUMER_EXISTS = 10_148;

/**
 * Delivers every message that matches and was there when it began, oldest first. The raw API of JetStream rather than the client's
 * helpers: those ask for more than the broker allows an actor (permissions.ts), and wait a second at the end of each read.
 *
 * @throws BusError BUS_UNAVAILABLE | BUS_NOT_AUTHORISED
 */
export async function readHistory(
  nats: NatsConnection,
  id: string,
  pattern: string,
  onMessage: (message: Msg) => void,
): Promise<void> {
  const stream = streamOf(pattern);
  if (stream === undefined) throw new BusError('BUS_UNAVAILABLE', pattern, 'no stream captures it');
  const consumer = `${stream}.${id}`;
  for (let left = await create(nats, id, stream, pattern); left > 0; ) {
    const received = await pull(nats, id, `$JS.API.CONSUMER.MSG.NEXT.${consumer}`, onMessage);
    left = received === 0 ? 0 : left - received;
  }
  nats.publish(`$JS.API.CONSUMER.DELETE.${consumer}`);
}

/** Makes the consumer, in place of one that an earlier reading left behind; answers how many messages it will bring. */
async function create(nats: NatsConnection, id: string, stream: string, pattern: string): Promise<number> {
  const config = {
    name: id,
    filter_subject: pattern,
    deliver_policy: 'all',
    ack_policy: 'none',
    replay_policy: 'instant',
    inactive_threshold: 10_000_000_000, // ns: it goes by itself if we are killed here
    mem_storage: true,
    num_replicas: 1,
    // Makes each reading's consumer another one: an equal configuration would go on where the earlier reading stood.
    metadata: { reading: createInbox('') },
  };
  const ask = () =>
    api(nats, `CONSUMER.CREATE.${stream}.${id}.${pattern}`, { stream_name: stream, config, action: 'create' });
  let answer = await ask();
  if (answer.error?.err_code === CONSUMER_EXISTS) {
    await api(nats, `CONSUMER.DELETE.${stream}.${id}`);
    answer = await ask();
  }
  if (answer.error) throw new BusError('BUS_UNAVAILABLE', pattern, answer.error.description);
  return answer.num_pending ?? 0;
}

type ApiAnswer = {
  readonly error?: { readonly err_code: number; readonly description: string };
  readonly num_pending?: number;
};

async function api(nats: NatsConnection, method: string, body?: object): Promise<ApiAnswer> {
  try {
    const answer = await nats.request(`$JS.API.${method}`, body ? JSON.stringify(body) : '', { timeout: ANSWER_MS });
    return answer.json<ApiAnswer>();
  } catch (cause) {
    throw busErrorOf(cause, 'BUS_UNAVAILABLE', method);
  }
}

/** One batch; resolves with the messages received, 0 when there are none left. */
function pull(nats: NatsConnection, id: string, next: string, onMessage: (message: Msg) => void): Promise<number> {
  const inbox = createInbox(inboxOf(id));
  return new Promise((resolve, reject) => {
    let received = 0;
    const finish = (settle: () => void): void => {
      clearTimeout(timer);
      subscription.unsubscribe();
      settle();
    };
    const fail = (): void =>
      finish(() => reject(new BusError('BUS_UNAVAILABLE', next, 'the broker stopped in the middle')));
    const timer = setTimeout(fail, ANSWER_MS);
    const subscription = nats.subscribe(inbox, {
      callback: (error, message) => {
        if (error) return fail();
        const status = statusOf(message);
        if (status === undefined) onMessage(message);
        received += status === undefined ? 1 : 0;
        if (status !== undefined || received === BATCH) finish(() => resolve(status === NO_MESSAGES ? 0 : received));
      },
    });
    nats.publish(next, JSON.stringify({ batch: BATCH, max_bytes: BATCH_BYTES, no_wait: true }), { reply: inbox });
  });
}

/** Code of a message of the broker's own; an actor's message has none. */
const statusOf = (message: Msg): number | undefined =>
  message.data.length === 0 && message.headers !== undefined && message.headers.code > 0
    ? message.headers.code
    : undefined;
