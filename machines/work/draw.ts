// The lottery: who works on a unit and who audits it. Beacon and registry decide; whoever computes it has no choice.
import { bytesToHex, utf8ToBytes } from '@noble/hashes/utils.js';
import { writeFixed } from '../primitives/bytes.ts';
import { type Sha256, seededOrder } from '../primitives/seeded-draw.ts';
import { PLACE_BYTES, writePlace } from './units.ts';

/** Version of the algorithm; part of every seed. */
const TAG = utf8ToBytes('draw/v1');
const PURPOSES = {
  work: utf8ToBytes('work\0\0\0\0'),
  audit: utf8ToBytes('audit\0\0\0'),
  indices: utf8ToBytes('indices\0'),
} as const;
/** What a seed is the hash of, and where its parts begin; one buffer for all draws. */
const BEACON_AT = TAG.length;
const PURPOSE_AT = BEACON_AT + 32;
const PLACE_AT = PURPOSE_AT + 8;
const seedInput = new Uint8Array(PLACE_AT + PLACE_BYTES);
seedInput.set(TAG);

/** Auditors of one unit. */
export const AUDITORS = 2;

/** What somebody is drawn for. */
export type Purpose = 'work' | 'audit';

/** What a draw rests on: the beacon of its height, and what is drawn. */
export type DrawPoint = {
  /** Beacon value of the draw's height, 32 bytes. */
  readonly beacon: Uint8Array;
  readonly purpose: Purpose | 'indices';
  readonly unit: string;
  readonly attempt: number;
};

/** The workers that may be drawn at a height, ordered by id. */
export type Pool = { readonly size: number; id(index: number): string; operator(index: number): string };

/** Who may not be drawn for a unit. */
export type DrawFilter = {
  /** The job's own operator and, for an audit, the worker's. */
  readonly operators: readonly string[];
  /** Workers that failed the unit before: drawn again only where nobody else is left. */
  readonly excluded: readonly string[];
};

/** SHA-256("draw/v1" | beacon 32 | purpose, 8 bytes padded with zeros | job 16 | index u32 | attempt u32), big-endian. */
export function drawSeed({ beacon, purpose, unit, attempt }: DrawPoint, sha256: Sha256): Uint8Array {
  writeFixed(seedInput, BEACON_AT, beacon, 32);
  seedInput.set(PURPOSES[purpose], PURPOSE_AT);
  writePlace(seedInput, PLACE_AT, unit, attempt);
  return sha256(seedInput);
}

/** The worker of a unit: the pool is shuffled by the seed, and the first who may do it does. Empty when nobody may. */
export function drawWorker(point: DrawPoint, pool: Pool, filter: DrawFilter, sha256: Sha256): readonly string[] {
  return firstOf(filter, (mayDo) => {
    for (const i of shuffled(point, pool, sha256)) if (mayDo(pool, i)) return [pool.id(i)];
    return [];
  });
}

/**
 * The two auditors of a unit, of two operators: the pool is shuffled by the seed, and the first two that fit are taken.
 * Where only one other operator is there, two of its workers; where there are none, nobody: the unit waits.
 */
export function drawAuditors(point: DrawPoint, pool: Pool, filter: DrawFilter, sha256: Sha256): readonly string[] {
  return firstOf(filter, (mayDo) => {
    const [first, ...others] = auditorsInOrder(point, pool, mayDo, sha256);
    const second = others.find(({ operator }) => operator !== first?.operator) ?? others[0];
    return first && second ? [first.id, second.id] : [];
  });
}

/** Candidates in shuffled order, up to the first of a second operator. */
function auditorsInOrder(point: DrawPoint, pool: Pool, mayDo: Rule, sha256: Sha256) {
  const found: { id: string; operator: string }[] = [];
  for (const i of shuffled(point, pool, sha256)) {
    if (!mayDo(pool, i)) continue;
    found.push({ id: pool.id(i), operator: pool.operator(i) });
    if (found[0]?.operator !== found.at(-1)?.operator) break;
  }
  return found;
}

/** Whether a draw would find anybody, whatever the seed: the units of a height that it cannot serve wait for another. */
export function canDraw(purpose: Purpose, pool: Pool, { operators }: DrawFilter): boolean {
  const needed = purpose === 'work' ? 1 : AUDITORS;
  let found = 0;
  for (let i = 0; i < pool.size && found < needed; i++) if (!operators.includes(pool.operator(i))) found++;
  return found === needed;
}

/** Whether a draw of a worker finds somebody whoever the client is: two operators are there, and a client bars only its own. */
export function servesAnybody(pool: Pool): boolean {
  for (let i = 1; i < pool.size; i++) if (pool.operator(i) !== pool.operator(0)) return true;
  return false;
}

type Rule = (pool: Pool, index: number) => boolean;

/** Without the excluded if that finds anybody, else with them: a small network must not wait for ever. */
function firstOf({ operators, excluded }: DrawFilter, find: (mayDo: Rule) => readonly string[]): readonly string[] {
  const isOther: Rule = (pool, i) => !operators.includes(pool.operator(i));
  const found = find((pool, i) => isOther(pool, i) && !excluded.includes(pool.id(i)));
  return found.length > 0 || excluded.length === 0 ? found : find(isOther);
}

const shuffled = (point: DrawPoint, pool: Pool, sha256: Sha256) =>
  seededOrder(drawSeed(point, sha256), pool.size, sha256);

/** A pool over its row's bytes: 64 bytes each, id 32 | operator 32. */
export function poolOf(members: Uint8Array): Pool {
  const part = (at: number): string => bytesToHex(members.subarray(at, at + 32));
  return {
    size: members.length / 64,
    id: (index) => part(64 * index),
    operator: (index) => part(64 * index + 32),
  };
}

/** Everything that repeats a draw: with the beacon's signature anyone can check it alone. */
export type DrawExplanation = {
  readonly algorithm: 'draw/v1';
  readonly unit: string;
  readonly attempt: number;
  readonly purpose: Purpose;
  /** Height whose beacon and registry decide; the header of the next height carries the beacon's signature. */
  readonly height: number;
  readonly beacon: string;
  readonly seed: string;
  readonly pool_version: number;
  readonly pool: readonly { readonly id: string; readonly operator: string }[];
  readonly filter: DrawFilter;
  /** Places of the pool in shuffled order, as far as they were looked at. */
  readonly steps: readonly { readonly id: string; readonly operator: string; readonly taken: boolean }[];
  readonly drawn: readonly string[];
};

/** Repeat a draw and write down each step. */
export function explainDraw(
  point: DrawPoint & { readonly purpose: Purpose },
  at: { readonly height: number; readonly pool_version: number },
  pool: Pool,
  filter: DrawFilter,
  sha256: Sha256,
): DrawExplanation {
  const drawn = (point.purpose === 'work' ? drawWorker : drawAuditors)(point, pool, filter, sha256);
  const member = (i: number) => ({ id: pool.id(i), operator: pool.operator(i) });
  const order = [...shuffled(point, pool, sha256)].map(member);
  const last = order.findLastIndex(({ id }) => drawn.includes(id));
  return {
    algorithm: 'draw/v1',
    unit: point.unit,
    attempt: point.attempt,
    purpose: point.purpose,
    ...at,
    beacon: bytesToHex(point.beacon),
    seed: bytesToHex(drawSeed(point, sha256)),
    pool: Array.from({ length: pool.size }, (_, i) => member(i)),
    filter,
    steps: order.slice(0, last + 1).map((step) => ({ ...step, taken: drawn.includes(step.id) })),
    drawn,
  };
}
