// The `lottery` port: waits for a block that leaves draws open, and computes them from the node's own ledger.

import type { z } from 'zod';
import type { TreelessLedger } from '#machines/settlement/ledger.ts';
import { MAX_PENDING_DRAWS } from '#schemas/wire/limits.ts';
import { type LotteryAnswer, LotteryRequest } from '#schemas/work/lottery.ts';
import type { IoPort } from '../host/ports.ts';

/** @param nextBlock resolves when another block was executed here, or when the signal fires */
export function createLotteryPort(ledger: TreelessLedger, nextBlock: (signal: AbortSignal) => Promise<void>): IoPort {
  return async (request, { signal }) => {
    const { after_height, older_than_ms } = LotteryRequest.parse(request);
    for (;;) {
      const height = ledger.height();
      const draws = height > after_height ? [...ledger.pendingDraws(older_than_ms, MAX_PENDING_DRAWS)] : [];
      if (draws.length > 0) return { height, draws } satisfies z.infer<typeof LotteryAnswer>;
      await nextBlock(signal);
      signal.throwIfAborted();
    }
  };
}
