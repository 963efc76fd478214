// How one schedule went: what a campaign counts and a reader is told.
import type { Violation } from './oracles/violation.ts';
import type { Plan } from './plan.ts';
import type { SometimeName } from './sometimes.ts';

export type SimReport = {
  readonly seed: number;
  readonly plan: Plan;
  readonly events: number;
  readonly heights: number;
  readonly virtual_ms: number;
  readonly violations: readonly Violation[];
  /** Rounds of the first height that somebody began: of a script, those that made a difference. */
  readonly rounds: number;
  /** Why the core did not go on after the heal, or null. */
  readonly stall: string | null;
  /** Over every event in order: equal for equal runs. */
  readonly trace_hash: string;
  /** Places worth getting to that it got to (sometimes.ts). */
  readonly seen: readonly SometimeName[];
  /** Empty unless asked for. */
  readonly story: readonly string[];
};

/** Whether the schedule broke a rule or stalled. */
export const hasFailed = (report: SimReport): boolean => report.violations.length > 0 || report.stall !== null;

/** Names of what went wrong. */
export const foundIn = ({ violations, stall }: Pick<SimReport, 'violations' | 'stall'>): readonly string[] => [
  ...new Set(violations.map(({ rule }) => rule)),
  ...(stall === null ? [] : ['stall']),
];
