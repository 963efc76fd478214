// The mutation gate: a campaign that finds nothing proves little unless it finds what is there.
import { runCampaign } from './campaign.ts';
import { MUTATIONS, type Mutation, type MutationName } from './mutations.ts';

/** How one planted bug fared. */
export type Verdict = {
  readonly mutation: MutationName;
  readonly budget: number;
  /** Schedules run until it was found, the one that showed it included; null: it survived its budget. */
  readonly found_at: number | null;
  /** What that schedule showed. */
  readonly found: readonly string[];
  /** Found, and by one of the rules that are there to find it. */
  readonly is_killed: boolean;
};

/** Look for each planted bug with the seeds from 0 on, until it is found or its budget is spent. */
export async function runGate(onVerdict: (verdict: Verdict) => void): Promise<readonly Verdict[]> {
  const verdicts: Verdict[] = [];
  for (const mutation of Object.keys(MUTATIONS) as MutationName[]) {
    const verdict = await judge(mutation);
    verdicts.push(verdict);
    onVerdict(verdict);
  }
  return verdicts;
}

/** Look for one planted bug. */
export async function judge(mutation: MutationName): Promise<Verdict> {
  const { budget, shows }: Mutation = MUTATIONS[mutation];
  const { schedules, failures } = await runCampaign({ schedules: budget, seed: 0, mutation, stops_at_failure: true });
  const found = failures[0]?.found ?? [];
  const found_at = failures.length === 0 ? null : schedules;
  return { mutation, budget, found_at, found, is_killed: shows.some((rule) => found.includes(rule)) };
}
