// One unit of a job as the API tells it: where it stands and who holds it, from the ledger's rows.
import type { Ledger } from '#machines/settlement/ledger.ts';
import { unitId } from '#machines/work/units.ts';
import type { JobRow, UnitPhase } from '#schemas/settlement/state.ts';

export type JobUnit = {
  readonly index: number;
  /** `waiting`: not released to the lottery yet. */
  readonly phase: UnitPhase | 'waiting';
  readonly attempt: number;
  readonly worker: string;
  readonly auditors: readonly string[];
  /** Block time at which the present phase ends, ms; 0 = never. */
  readonly deadline_ms: number;
};

/** At most `count` units from `first` on. */
export function jobUnits(ledger: Ledger, job: JobRow, first: number, count: number): JobUnit[] {
  const size = Math.max(0, Math.min(count, job.units_count - first));
  return Array.from({ length: size }, (_, i) => jobUnit(ledger, job.id, first + i));
}

export function jobUnit(ledger: Ledger, job: string, index: number): JobUnit {
  const unit = unitId(job, index);
  const row = ledger.unit(unit);
  if (row !== undefined) {
    const { phase, attempt, worker, auditors, deadline_ms } = row;
    return { index, phase, attempt, worker, auditors, deadline_ms };
  }
  const receipt = ledger.receipt(unit);
  if (receipt === undefined) return { index, phase: 'waiting', attempt: 0, worker: '', auditors: [], deadline_ms: 0 };
  const { attempt, worker, auditors } = receipt;
  return { index, phase: 'settled', attempt, worker, auditors, deadline_ms: 0 };
}
