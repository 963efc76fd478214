// Reads the body of one function: its locals, and by a walk its code.
import { MAX_MODULE_LOCALS } from '#schemas/wire/limits.ts';
import { BodyWalk } from './body-walk.ts';
import type { FunctionBody } from './edits.ts';
import type { ModuleReader } from './module-reader.ts';
import { require } from './refused.ts';
import type { FunctionType, ModuleRules, ModuleShape, Range } from './types.ts';
import { valueType } from './value-types.ts';

/** @throws Refused with the place */
export function walkBody(
  reader: ModuleReader,
  shape: ModuleShape,
  type: FunctionType,
  rules: ModuleRules,
): FunctionBody {
  const { locals, declared_count } = readLocals(reader, type, rules);
  const start = reader.at;
  const walk = new BodyWalk(reader, shape, rules, type, declared_count);
  walk.run();
  return {
    locals,
    code: { start, end: reader.end, count: 1 },
    locals_count: type.params_count + declared_count,
    operands_count: walk.operands_count,
    edits: walk.edits,
  };
}

function readLocals(
  reader: ModuleReader,
  type: FunctionType,
  rules: ModuleRules,
): { locals: Range; declared_count: number } {
  const groups = reader.count();
  const start = reader.at;
  let declared_count = 0;
  for (let i = 0; i < groups; i++) {
    const at = reader.at;
    declared_count += reader.u32();
    const all = type.params_count + declared_count;
    require(all <= MAX_MODULE_LOCALS, 'MODULE_TOO_MANY', at, `${all} locals, at most ${MAX_MODULE_LOCALS}`);
    valueType(reader, rules);
  }
  return { locals: { start, end: reader.at, count: groups }, declared_count };
}
