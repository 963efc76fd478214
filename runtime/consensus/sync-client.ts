// Asks one peer for final blocks, or for where it stands. No answer and a wrong answer are the same: none.
import type { PositionAnswer } from '#machines/consensus/position-rules.ts';
import type { CoreEffect } from '#machines/consensus/types.ts';
import {
  type ConsensusMessage,
  decodeConsensusMessage,
  encodeConsensusMessage,
} from '#schemas/consensus/message-codec.ts';
import type { FinalBlock } from '#schemas/consensus/types.ts';
import { SYNC_TIMEOUT_MS } from '#schemas/wire/limits.ts';
import { subject } from '#schemas/wire/subjects.ts';
import type { Bus } from '../bus/bus.ts';

export type SyncRequest = Extract<CoreEffect, { type: 'sync.request' }>;
type Asker = Pick<Bus, 'request'>;

/** The blocks that the validator with this id answers with; nothing about them is checked yet. */
export async function fetchBlocks(
  bus: Asker,
  id: string,
  { first_height, last_height }: Pick<SyncRequest, 'first_height' | 'last_height'>,
): Promise<readonly FinalBlock[]> {
  const answer = await ask(bus, id, { type: 'range.request', first_height, last_height });
  return answer?.type === 'range' ? answer.blocks : [];
}

/** Where the validator with this id says that it stands; nothing about it is checked yet. */
export async function fetchPosition(bus: Asker, id: string, nonce: Uint8Array): Promise<PositionAnswer | undefined> {
  const answer = await ask(bus, id, { type: 'position.request', nonce });
  return answer?.type === 'position' ? answer : undefined;
}

async function ask(bus: Asker, id: string, question: ConsensusMessage): Promise<ConsensusMessage | undefined> {
  const answer = await bus
    .request(subject.sync(id), encodeConsensusMessage(question), SYNC_TIMEOUT_MS)
    .then(decodeConsensusMessage, () => undefined);
  return answer?.ok ? answer.value : undefined;
}
