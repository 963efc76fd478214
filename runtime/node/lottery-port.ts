// The `lottery` port: waits until the beacon makes draws possible, and computes them from the node's own ledger.

import type { z } from 'zod';
import type { TreelessLedger } from '#machines/settlement/ledger.ts';
import { MAX_PENDING_DRAWS } from '#schemas/wire/limits.ts';
import { type LotteryAnswer, LotteryRequest } from '#schemas/work/lottery.ts';
import type { IoPort } from '../host/ports.ts';
import type { EarlyBeacon } from './early-beacon.ts';

/**
 * @param news resolves when another block was executed here or an early beacon is known, or when the signal fires
 * @param early the last height's beacon, if it is known before the block that brings it
 */
export function createLotteryPort(
  ledger: TreelessLedger,
  news: (signal: AbortSignal) => Promise<void>,
  early: EarlyBeacon['known'] = () => undefined,
): IoPort {
  return async (request, { signal }) => {
    const { after_height, older_than_ms } = LotteryRequest.parse(request);
    for (;;) {
      const beacon = early();
      const height = ledger.height() + (beacon === undefined ? 0 : 1);
      const draws = height > after_height ? [...ledger.pendingDraws(older_than_ms, MAX_PENDING_DRAWS, beacon)] : [];
      if (draws.length > 0) return { height, draws } satisfies z.infer<typeof LotteryAnswer>;
      await news(signal);
      signal.throwIfAborted();
    }
  };
}
