// docs/reference/config.md: the genesis file field by field, from its schema and the comments beside it.
import { readFile } from 'node:fs/promises';
import { z } from 'zod';
import { Genesis } from '#schemas/config/genesis.ts';
import { code, page, table } from './markdown.ts';

const SOURCE = new URL('../../schemas/config/genesis.ts', import.meta.url);

type Shape = z.core.JSONSchema.JSONSchema;
type Row = readonly [path: string, shape: Shape];

/** One row a field; nested ones by their path. */
export async function config(): Promise<string> {
  const reasons = commentsOf(await readFile(SOURCE, 'utf8'));
  const root = z.toJSONSchema(Genesis, { io: 'input', unrepresentable: 'any' });
  const rows = fieldsOf('', root).map(([path, shape]) => [
    code(path),
    kindOf(shape),
    reasons.get(path.split('.').at(-1)?.replace('[]', '') ?? '') ?? '',
  ]);
  return page(
    'The genesis file',
    'Everything that the first block rests on. Its hash names the chain: whoever has another file is on another network.',
    '`schemas/config/genesis.ts`',
    table(['field', 'type', 'meaning'], rows),
  );
}

function fieldsOf(prefix: string, shape: Shape): readonly Row[] {
  if (shape.type === 'array' && isShape(shape.items)) return fieldsOf(`${prefix}[]`, shape.items);
  return Object.entries(shape.properties ?? {}).flatMap(([name, field]): readonly Row[] => {
    if (!isShape(field)) return [];
    const path = prefix === '' ? name : `${prefix}.${name}`;
    return [[path, field], ...fieldsOf(path, field)];
  });
}

const isShape = (value: unknown): value is Shape =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

function kindOf(shape: Shape): string {
  if (shape.const !== undefined) return code(JSON.stringify(shape.const));
  if (shape.enum) return shape.enum.map((value) => code(String(value))).join(', ');
  const bounds = [shape.minimum, shape.maximum].filter((bound) => bound !== undefined && Math.abs(bound) < 2 ** 53 - 1);
  const range = bounds.length === 2 ? `, ${bounds.join(' to ')}` : '';
  return `${String(shape.type ?? 'any')}${range}${shape.pattern ? `, ${code(shape.pattern)}` : ''}`;
}

/** Field → the doc comment above it. */
function commentsOf(text: string): ReadonlyMap<string, string> {
  const pairs = [...text.matchAll(/\/\*\* ((?:(?!\*\/)[\s\S])*?) ?\*\/\s*(\w+):/g)];
  return new Map(pairs.map(([, comment, field]) => [field ?? '', comment?.replace(/\s*\n\s*\* ?/g, ' ') ?? '']));
}
