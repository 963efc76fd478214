// When to compute draws and send them to the ledger: shared by the shuffler and the validators that stand in for it. Pure.
import type { Effect } from '#schemas/node/host.ts';
import type { LotteryData } from '#schemas/snapshots/shuffler-v1.ts';
import { MAX_BATCH_ITEMS } from '#schemas/wire/limits.ts';
import { LotteryAnswer } from '#schemas/work/lottery.ts';
import { chunks } from '../primitives/chunks.ts';

/** Blocks after which a draw that is still open is sent again. */
const RESEND_AFTER_HEIGHTS = 20;

type Turn = { readonly l: LotteryData; readonly effects: readonly Effect[] };

export const newLottery = (): LotteryData => ({ sent: {}, height: 0, is_asking: false });

/** Ask for draws that have been open for at least `older_than_ms`; the answer comes when there are any. */
export function askForDraws(l: LotteryData, older_than_ms: number): Turn {
  const request = { after_height: l.height, older_than_ms };
  return {
    l: { ...l, is_asking: true },
    effects: [{ type: 'io', port: 'lottery', key: `draws:${l.height}`, request }],
  };
}

/** Send the draws that are not on their way already, and ask on. */
export function sendDraws(l: LotteryData, answer: unknown, older_than_ms: number): Turn {
  const { height, draws } = LotteryAnswer.parse(answer);
  const fresh: typeof draws = [];
  // Begun anew: what is no longer open was drawn, whoever sent it.
  const sent: Record<string, number> = {};
  for (const draw of draws) {
    const key = drawKey(draw);
    const sent_height = l.sent[key] ?? -Infinity;
    const isSent = height - sent_height < RESEND_AFTER_HEIGHTS;
    sent[key] = isSent ? sent_height : height;
    if (!isSent) fresh.push(draw);
  }
  const next = askForDraws({ ...l, sent, height }, older_than_ms);
  const submits = chunks(fresh, MAX_BATCH_ITEMS).map(
    (batch): Effect => ({ type: 'submit', body: { type: 'draw', draws: batch } }),
  );
  return { l: next.l, effects: [...submits, ...next.effects] };
}

const drawKey = (d: { readonly unit: string; readonly attempt: number }): string => `${d.unit}#${d.attempt}`;
