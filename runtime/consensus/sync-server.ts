// Serves ranges of final blocks on `sync.v1.<id>`: one request at a time, a bounded number waiting.
import { decodeConsensusMessage, encodeConsensusMessage } from '#schemas/consensus/message-codec.ts';
import type { Code } from '#schemas/wire/codes.ts';
import { MAX_SYNC_REQUESTS } from '#schemas/wire/limits.ts';
import { subject } from '#schemas/wire/subjects.ts';
import type { Bus, Delivery, Subscription } from '../bus/bus.ts';
import type { Store } from '../store/store.ts';
import { readRange } from './block-store.ts';

/** @param onRefused a request that is none, or one too many */
export function serveBlocks(bus: Bus, self: string, store: Store, onRefused: (code: Code) => void): Subscription {
  let waiting = 0;
  let last = Promise.resolve();
  return bus.subscribe(subject.sync(self), (delivery) => {
    if (waiting >= MAX_SYNC_REQUESTS) return onRefused('HOST_BUSY'); // the asker tries another validator
    waiting++;
    last = last
      .then(() => answer(store, delivery, onRefused))
      .catch(() => undefined) // a store that is being closed: no answer
      .finally(() => waiting--);
  });
}

async function answer(store: Store, { data, respond }: Delivery, onRefused: (code: Code) => void): Promise<void> {
  const request = decodeConsensusMessage(data);
  if (!request.ok) return onRefused(request.code);
  if (request.value.type !== 'range.request') return onRefused('KIND_UNKNOWN');
  if (respond === undefined) return;
  const { first_height, last_height } = request.value;
  respond(encodeConsensusMessage({ type: 'range', blocks: await readRange(store, first_height, last_height) }));
}
