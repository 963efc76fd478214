// How commands print: human text, or one JSON line; big integers as decimal strings, bytes as hex.
import { styleText } from 'node:util';

/** One line of JSON on standard output. */
export function printJson(value: unknown): void {
  process.stdout.write(`${JSON.stringify(value, plain)}\n`);
}

export function printLine(text = ''): void {
  process.stdout.write(`${text}\n`);
}

/** What is going on, on standard error, so that standard output stays clean. */
export function say(text: string): void {
  process.stderr.write(`${text}\n`);
}

export const bold = (text: string): string => styleText('bold', text);
export const dim = (text: string): string => styleText('dim', text);
export const green = (text: string): string => styleText('green', text);

/** 1234567 → 1.23 M. */
export function short(n: number): string {
  const scale = [
    [1e12, 'T'],
    [1e9, 'G'],
    [1e6, 'M'],
    [1e3, 'k'],
  ] as const;
  const [size, unit] = scale.find(([least]) => n >= least) ?? [1, ''];
  return `${(n / size).toFixed(size === 1 ? 0 : 2)}${unit === '' ? '' : ` ${unit}`}`;
}

function plain(this: unknown, key: string, value: unknown): unknown {
  const raw = (this as Record<string, unknown> | undefined)?.[key];
  if (typeof raw === 'bigint') return raw.toString();
  if (raw instanceof Uint8Array) return Buffer.from(raw).toString('hex');
  return value;
}
