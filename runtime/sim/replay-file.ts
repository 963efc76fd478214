// A failing schedule as a file: it holds the plan itself, since what a seed leads to changes as the simulator does.
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { MUTATIONS, type MutationName } from './mutations.ts';
import { Plan } from './plan.ts';

const MUTATION_NAMES = Object.keys(MUTATIONS) as [MutationName, ...MutationName[]];

/** What `sortition sim --replay FILE` reads. */
export const ReplayFile = z.strictObject({
  v: z.literal(1),
  /** What it showed when it was written: broken rules, `stall` among them. */
  found: z.array(z.string()).readonly(),
  /** The planted bug that it showed, or null. */
  mutation: z.enum(MUTATION_NAMES).nullable(),
  /** What was wrong, once somebody knows. */
  about: z.string(),
  plan: Plan,
});
export type ReplayFile = z.infer<typeof ReplayFile>;

/** A failed schedule as a file holds it. */
export const replayOf = ({ plan, found }: Pick<ReplayFile, 'plan' | 'found'>, mutation?: MutationName): ReplayFile => ({
  v: 1,
  found,
  mutation: mutation ?? null,
  about: '',
  plan,
});

/** Write it into `folder`; its path. */
export async function writeReplay(folder: string, replay: ReplayFile): Promise<string> {
  const { kind, seed } = replay.plan;
  await mkdir(folder, { recursive: true });
  const path = join(folder, `${[kind, replay.mutation, seed].filter(Boolean).join('-')}.json`);
  await writeFile(path, `${JSON.stringify(replay, null, 2)}\n`);
  return path;
}
