// Answers on `sync.v1.<id>`: ranges of final blocks, parts of the present one, snapshots of the ledger, changes of the
// validator set, where this validator stands. One request at a time, a bounded number waiting.
import { checkCertificate } from '#machines/consensus/certificate-rules.ts';
import type { Electorate } from '#machines/consensus/electorate.ts';
import type { Handover } from '#schemas/consensus/handover-codec.ts';
import {
  type ConsensusMessage,
  decodeConsensusMessage,
  encodeConsensusMessage,
} from '#schemas/consensus/message-codec.ts';
import type { BlockPart, FinalBlock } from '#schemas/consensus/types.ts';
import type { Code } from '#schemas/wire/codes.ts';
import { MAX_MESSAGE_BYTES, MAX_SYNC_REQUESTS } from '#schemas/wire/limits.ts';
import { subject } from '#schemas/wire/subjects.ts';
import type { Bus, Delivery, Subscription } from '../bus/bus.ts';
import { readChunk, readManifest, readSnapshots } from '../snapshot/snapshot-rows.ts';
import type { Store } from '../store/store.ts';
import { readLowest, readRange } from './block-store.ts';
import { findHandover } from './handover-rows.ts';

/** Of an answer in one message: its head takes 14 bytes. */
const SLICE_BYTES = MAX_MESSAGE_BYTES - 64;

/** Where answers come from. */
export type SyncPorts = {
  readonly store: Store;
  /** By whose votes the block of a height is final. */
  readonly electorate: (height: number) => Electorate | undefined;
  /** This validator's position, signed for a question with this nonce; undefined from who only serves blocks. */
  readonly position: (nonce: Uint8Array) => ConsensusMessage | undefined;
  /** A part of a body that is being decided, if it is here. */
  readonly part: (value: string, index: number) => BlockPart | undefined;
  /** Somebody fetches the snapshot of this height. */
  readonly onSnapshotAsked?: (height: number) => void;
  /** A request that is none, or one too many. */
  readonly onRefused: (code: Code) => void;
};

/** @param self key id */
export function serveSync(bus: Bus, self: string, ports: SyncPorts): Subscription {
  let waiting = 0;
  let last = Promise.resolve();
  return bus.subscribe(subject.sync(self), (delivery) => {
    if (waiting >= MAX_SYNC_REQUESTS) return ports.onRefused('HOST_BUSY'); // the asker tries another validator
    waiting++;
    last = last
      .then(() => respond(delivery, ports))
      .catch(() => undefined) // a store that is being closed: no answer
      .finally(() => waiting--);
  });
}

async function respond({ data, respond: send }: Delivery, ports: SyncPorts): Promise<void> {
  const request = decodeConsensusMessage(data);
  if (!request.ok) return ports.onRefused(request.code);
  if (send === undefined) return;
  const answer = await answerOf(request.value, ports);
  if (answer !== undefined) send(answer);
}

/** Undefined: no answer, so that the asker goes on to somebody else. */
async function answerOf(request: ConsensusMessage, ports: SyncPorts): Promise<Uint8Array | undefined> {
  switch (request.type) {
    case 'position.request': {
      const position = ports.position(request.nonce);
      return position && encodeConsensusMessage(position);
    }
    case 'part.request': {
      const part = ports.part(request.value, request.index);
      return part && encodeConsensusMessage({ type: 'part', part });
    }
    case 'range.request': {
      const blocks = await readProvenRange(ports, request.first_height, request.last_height);
      return slice(encodeConsensusMessage({ type: 'range', blocks }), request.offset_bytes);
    }
    default:
      return encodeAnswer(await stateAnswer(request, ports), ports);
  }
}

function encodeAnswer(answer: ConsensusMessage | undefined, { onRefused }: SyncPorts): Uint8Array | undefined {
  if (answer === undefined) onRefused('KIND_UNKNOWN');
  return answer && encodeConsensusMessage(answer);
}

/** About snapshots, and the sets that lead to them. What is not held gets an empty answer: whoever asks need not wait for it. */
async function stateAnswer(request: ConsensusMessage, ports: SyncPorts): Promise<ConsensusMessage | undefined> {
  const { store, onSnapshotAsked } = ports;
  switch (request.type) {
    case 'snapshots.request':
      return { type: 'snapshots', lowest_height: await readLowest(store), snapshots: await readSnapshots(store) };
    case 'manifest.request':
      return { type: 'manifest', first_keys: (await readManifest(store, request.height)) ?? [] };
    case 'chunk.request':
      onSnapshotAsked?.(request.height);
      return { type: 'chunk', bytes: await readChunk(store, request.height, request.index) };
    case 'handover.request': {
      const handover = await provenHandover(ports, request.epoch);
      return { type: 'handover', ...(handover && { handover }) };
    }
    default:
      return undefined;
  }
}

/** One whose certificate holds: what this node synced itself was not looked at everywhere. */
async function provenHandover(
  { store, electorate }: Pick<SyncPorts, 'store' | 'electorate'>,
  epoch: number,
): Promise<Handover | undefined> {
  const handover = await findHandover(store, epoch);
  const decided = handover && electorate(handover.certificate.height);
  return decided && checkCertificate(decided, handover.certificate) === null ? handover : undefined;
}

/** The answer, or what a message takes of it from `offset_bytes` on. */
function slice(answer: Uint8Array, offset_bytes: number): Uint8Array {
  if (offset_bytes === 0 && answer.length <= MAX_MESSAGE_BYTES) return answer;
  const bytes = answer.subarray(offset_bytes, offset_bytes + SLICE_BYTES);
  return encodeConsensusMessage({ type: 'range.slice', offset_bytes, total_bytes: answer.length, bytes });
}

/**
 * Final blocks up to the last one whose certificate proves it. What this node synced itself may hold a false certificate between: it
 * looked at the last one of each range only.
 */
export async function readProvenRange(
  { store, electorate }: Pick<SyncPorts, 'store' | 'electorate'>,
  first_height: number,
  last_height: number,
): Promise<readonly FinalBlock[]> {
  const blocks = await readRange(store, first_height, last_height);
  const last = blocks.findLastIndex(({ certificate }) => {
    const decided = electorate(certificate.height);
    return decided !== undefined && checkCertificate(decided, certificate) === null;
  });
  return blocks.slice(0, last + 1);
}
