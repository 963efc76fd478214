// docs/reference/limits.md: every limit with its value and its reason, which is its doc comment.
import { readFile } from 'node:fs/promises';
import * as limits from '#schemas/wire/limits.ts';
import { code, page, table } from './markdown.ts';

const SOURCE = new URL('../../schemas/wire/limits.ts', import.meta.url);
const DECLARATION = /(?:\/\*\*\s*((?:(?!\*\/)[\s\S])*?)\s*\*\/\n)?^export const (\w+)/gm;

/**
 * Name → reason. Limits that follow each other without a blank line or a comment share the one above them.
 * @returns '' for a limit without any, which test/tidy.test.ts refuses
 */
export async function limitReasons(): Promise<ReadonlyMap<string, string>> {
  const paragraphs = (await readFile(SOURCE, 'utf8')).split('\n\n');
  return new Map(paragraphs.flatMap(reasonsOf));
}

function reasonsOf(paragraph: string): readonly (readonly [name: string, reason: string])[] {
  let reason = '';
  return [...paragraph.matchAll(DECLARATION)].map(([, comment, name]) => {
    reason = comment?.replace(/\s*\n\s*\*\s*/g, ' ') ?? reason;
    return [name ?? '', reason] as const;
  });
}

/** The values come from the module itself, so that an expression shows as what it amounts to. */
export async function limitsPage(): Promise<string> {
  const reasons = await limitReasons();
  const rows = Object.entries(limits)
    .filter(([, value]) => typeof value !== 'function')
    .map(([name, value]) => [code(name), shown(value), reasons.get(name) ?? '']);
  return page(
    'Limits',
    'At a limit the system refuses with a code; it does not slow down without bound or fall over.',
    '`schemas/wire/limits.ts`',
    table(['limit', 'value', 'why'], rows.sort(byName)),
  );
}

function shown(value: unknown): string {
  if (typeof value === 'number' || typeof value === 'bigint') return value.toLocaleString('en-GB');
  return code(JSON.stringify(value));
}

function byName(a: readonly string[], b: readonly string[]): number {
  return (a[0] ?? '') < (b[0] ?? '') ? -1 : 1;
}
