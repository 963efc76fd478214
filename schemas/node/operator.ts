// What an operator may ask of its own running actors, over ctl.v1.<actor>, in a signed envelope.
import { z } from 'zod';

/** Kind of the envelope item. */
export const OPERATOR_KIND = 'node.operator.v1';

/** `inspect` and `list` read; `inject`, `drop` and `resume` act on what the actor could not process. */
export const OperatorRequest = z.discriminatedUnion('verb', [
  z.strictObject({ verb: z.literal('inspect') }),
  z.strictObject({ verb: z.literal('list') }),
  z.strictObject({ verb: z.literal('inject'), seq: z.int().min(0) }),
  z.strictObject({ verb: z.literal('drop'), seq: z.int().min(0) }),
  z.strictObject({ verb: z.literal('resume') }),
]);
export type OperatorRequest = z.infer<typeof OperatorRequest>;

/** The answer's body: the result, or a refusal. */
export type OperatorAnswer =
  | { readonly ok: true; readonly result: unknown }
  | { readonly ok: false; readonly code: string };
