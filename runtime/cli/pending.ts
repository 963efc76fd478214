// Waits for proofs: the ledger names its state once a second, and a block later a header is certified that says so.
import type { Code } from '#schemas/wire/codes.ts';
import { pause } from '../network/console-client.ts';
import { NetworkError } from '../network/network-error.ts';

/** How long a proof may take to come, ms: an idle network makes a block in five seconds, and it may need three. */
const PROOF_MS = 20_000;
const POLL_MS = 200;

/** Asks again while the gateway says that the proof is `pending`. @throws what `ask` throws */
export async function whenProven<T>(pending: Code, ask: () => Promise<T>): Promise<T> {
  for (const end_ms = performance.now() + PROOF_MS; ; await pause(POLL_MS)) {
    try {
      return await ask();
    } catch (error) {
      const isPending = error instanceof NetworkError && error.code === pending;
      if (!isPending || performance.now() >= end_ms) throw error;
    }
  }
}
