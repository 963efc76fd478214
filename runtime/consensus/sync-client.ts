// Asks one peer for final blocks. No answer and a wrong answer are the same: none.
import type { CoreEffect } from '#machines/consensus/types.ts';
import { decodeConsensusMessage, encodeConsensusMessage } from '#schemas/consensus/message-codec.ts';
import type { FinalBlock } from '#schemas/consensus/types.ts';
import { SYNC_TIMEOUT_MS } from '#schemas/wire/limits.ts';
import { subject } from '#schemas/wire/subjects.ts';
import type { Bus } from '../bus/bus.ts';

export type SyncRequest = Extract<CoreEffect, { type: 'sync.request' }>;

/** The blocks that the validator with this id answers with; nothing about them is checked yet. */
export async function fetchBlocks(
  bus: Pick<Bus, 'request'>,
  id: string,
  { first_height, last_height }: Pick<SyncRequest, 'first_height' | 'last_height'>,
): Promise<readonly FinalBlock[]> {
  const question = encodeConsensusMessage({ type: 'range.request', first_height, last_height });
  const answer = await bus
    .request(subject.sync(id), question, SYNC_TIMEOUT_MS)
    .then(decodeConsensusMessage, () => undefined);
  return answer?.ok && answer.value.type === 'range' ? answer.value.blocks : [];
}
