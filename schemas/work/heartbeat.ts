// What a worker signs to say that it is there: TAG.heartbeat | chain 32 | worker 32 | at_ms u64.
import { hexToBytes } from '@noble/hashes/utils.js';
import { TAG } from '../wire/tags.ts';

/** Bytes on the wire: worker 32 | at_ms u64 big-endian | signature 64. */
export const HEARTBEAT_BYTES = 104;

/** Bytes to sign. `chain` and `worker` are 64 hex characters; `at_ms` is the worker's clock. */
export function heartbeatSignBytes(chain: string, worker: string, at_ms: number): Uint8Array {
  const out = new Uint8Array(88);
  out.set(TAG.heartbeat, 0);
  out.set(hexToBytes(chain), 16);
  out.set(hexToBytes(worker), 48);
  new DataView(out.buffer).setBigUint64(80, BigInt(at_ms));
  return out;
}
