// When to compute draws and send them to the ledger: shared by the shuffler and the validators that stand in for it. Pure.
import type { Effect } from '#schemas/node/host.ts';
import type { LedgerEvent } from '#schemas/settlement/state.ts';
import type { LotteryData } from '#schemas/snapshots/shuffler-v1.ts';
import { LotteryAnswer } from '#schemas/work/lottery.ts';

/** Blocks after which a draw that the ledger has not shown is sent again. */
const RESEND_AFTER_HEIGHTS = 20;

export const newLottery = (): LotteryData => ({ sent: {}, asked_height: 0 });

/** Ask for the draws that are possible at `height`, unless a question is under way. */
export function askForDraws(l: LotteryData, height: number, older_than_ms: number): { readonly l: LotteryData; readonly effects: readonly Effect[] } {
  if (l.asked_height !== 0) return { l, effects: [] };
  const effects: Effect[] = [{ type: 'io', port: 'lottery', key: `draws:${height}`, request: { older_than_ms } }];
  return { l: { ...l, asked_height: height }, effects };
}

/** Send the draws that were computed and are not on their way already. */
export function sendDraws(l: LotteryData, answer: unknown): { readonly l: LotteryData; readonly effects: readonly Effect[] } {
  const height = l.asked_height;
  const isWaiting = (sent: number | undefined): boolean => sent !== undefined && height - sent < RESEND_AFTER_HEIGHTS;
  const draws = LotteryAnswer.parse(answer).draws.filter((draw) => !isWaiting(l.sent[drawKey(draw)]));
  if (draws.length === 0) return { l: { ...l, asked_height: 0 }, effects: [] };
  const sent = { ...l.sent, ...Object.fromEntries(draws.map((draw) => [drawKey(draw), height])) };
  return { l: { sent, asked_height: 0 }, effects: [{ type: 'submit', body: { type: 'draw', draws } }] };
}

/** Forget what the ledger has drawn, whoever sent it. */
export function seeDrawn(l: LotteryData, events: readonly LedgerEvent[]): LotteryData {
  const drawn = new Set(events.map(drawnKey).filter((key) => key in l.sent));
  if (drawn.size === 0) return l;
  return { ...l, sent: Object.fromEntries(Object.entries(l.sent).filter(([key]) => !drawn.has(key))) };
}

const drawKey = (d: { purpose: string; unit: string; attempt: number }): string => `${d.purpose}:${d.unit}#${d.attempt}`;

function drawnKey(e: LedgerEvent): string {
  if (e.type === 'unit.assigned') return drawKey({ ...e, purpose: 'work' });
  if (e.type === 'audit.assigned') return drawKey({ ...e, purpose: 'audit' });
  return '';
}
