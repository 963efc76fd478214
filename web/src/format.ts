// Numbers and times as people read them; always in the same width where they change.

const whole = new Intl.NumberFormat('en');
const short = new Intl.NumberFormat('en', {
  notation: 'compact',
  compactDisplay: 'long',
  maximumFractionDigits: 2,
  minimumFractionDigits: 2,
});
const rounded = new Intl.NumberFormat('en', { notation: 'compact', compactDisplay: 'long', maximumFractionDigits: 1 });

/** 1,234,567; also of decimal text, which may be longer than a number holds. */
export const count = (n: number | string): string => whole.format(typeof n === 'string' ? BigInt(n) : n);
/** Below this the whole number is as easy to read. */
const WORDS_FROM = 100_000_000;
const TRILLION = 1e12;

/** 1.23 billion in two parts, number and word; two digits after the point, so that it does not jump. */
export function scaled(n: number): readonly [figure: string, word: string] {
  if (n >= 1_000 * TRILLION) return [whole.format(Math.round(n / TRILLION)), 'trillion'];
  const [figure = '', word = ''] = n < WORDS_FROM ? [whole.format(n)] : short.format(n).split(' ');
  return [figure, word];
}
/** 34.4 billion. */
export const words = (n: string): string => rounded.format(BigInt(n));

/** `3f9a…c21b`. */
export const shortId = (id: string): string => (id.length > 12 ? `${id.slice(0, 4)}…${id.slice(-4)}` : id);
/** Pots by name, accounts by short id. */
export const accountName = (account: string): string =>
  account.startsWith('escrow:') ? `escrow of ${shortId(account.slice(7))}` : shortId(account);

const SECOND_MS = 1_000;
/** 4 s, 3 min, 5 h, 2 d. */
export function duration(ms: number): string {
  const s = Math.max(0, Math.round(ms / SECOND_MS));
  if (s < 100) return `${s} s`;
  if (s < 6_000) return `${Math.round(s / 60)} min`;
  return s < 172_800 ? `${Math.round(s / 3_600)} h` : `${Math.round(s / 86_400)} d`;
}
/** 3 min ago; `now` within a second; `never` for 0. */
export function ago(at_ms: number, now_ms: number): string {
  if (at_ms === 0) return 'never';
  return now_ms - at_ms < SECOND_MS ? 'now' : `${duration(now_ms - at_ms)} ago`;
}

/** 12.4 from blocks per minute. */
export const perSecond = (per_minute: number): string => (per_minute / 60).toFixed(per_minute < 600 ? 2 : 1);
/** 50.0 % from basis points. */
export const percent = (basis_points: number): string => `${(basis_points / 100).toFixed(0)} %`;

/** 2^71 + 1,024 where a number lies just above a power of two, as the ranges of a search do. */
export function aroundPower(text: string): { readonly power: number; readonly rest: string } | undefined {
  const n = BigInt(text);
  const power = n.toString(2).length - 1;
  const rest = n - (1n << BigInt(power));
  return power < 40 || rest >= 1n << BigInt(power - 8)
    ? undefined
    : { power, rest: rest === 0n ? '' : whole.format(rest) };
}
