// Units under way: how many of each job stand in which phase, and how many each worker holds. Told by events, read from the ledger
// when somebody asks: until then a unit may have moved many times, or come and gone.
import type { Ledger } from '#machines/settlement/ledger.ts';
import { jobOf, unitId } from '#machines/work/units.ts';
import type { ConsoleView } from '#schemas/node/console.ts';
import type { LedgerEvent } from '#schemas/settlement/state.ts';

export type PhaseCounts = ConsoleView['jobs'][number]['phases'];
type OpenPhase = keyof PhaseCounts;
type OpenUnit = { readonly phase: OpenPhase; readonly holders: readonly string[] };

const NONE: PhaseCounts = { to_draw: 0, working: 0, committed: 0, audit_to_draw: 0, auditing: 0, disputed: 0 };

export class UnitBoard {
  readonly #ledger: Ledger;
  readonly #units = new Map<string, OpenUnit>();
  readonly #phases = new Map<string, Record<OpenPhase, number>>();
  readonly #held = new Map<string, number>();
  /** Units that moved since somebody asked. */
  readonly #moved = new Set<string>();

  /** Reads the units of unfinished jobs once; from then on blocks tell. */
  constructor(ledger: Ledger) {
    this.#ledger = ledger;
    for (const { id, released_count, finished_height } of ledger.jobs()) {
      if (finished_height > 0) continue;
      for (let index = 0; index < released_count; index++) this.#refresh(unitId(id, index));
    }
  }

  hear(events: readonly LedgerEvent[]): void {
    for (const event of events) if ('unit' in event) this.#moved.add(event.unit);
  }

  phases(job: string): PhaseCounts {
    this.#catchUp();
    return this.#phases.get(job) ?? NONE;
  }

  /** Units that a worker computes or audits now. */
  heldBy(worker: string): number {
    this.#catchUp();
    return this.#held.get(worker) ?? 0;
  }

  #catchUp(): void {
    for (const unit of this.#moved) this.#refresh(unit);
    this.#moved.clear();
  }

  #refresh(unit: string): void {
    const before = this.#units.get(unit);
    const now = openUnit(this.#ledger, unit);
    if (now === undefined) this.#units.delete(unit);
    else {
      this.#units.set(unit, now);
      this.#count(unit, now, 1);
    }
    if (before !== undefined) this.#count(unit, before, -1);
  }

  #count(unit: string, { phase, holders }: OpenUnit, by: 1 | -1): void {
    const job = jobOf(unit);
    let phases = this.#phases.get(job);
    if (phases === undefined) this.#phases.set(job, (phases = { ...NONE }));
    phases[phase] += by;
    if (by < 0 && isNone(phases)) this.#phases.delete(job);
    for (const holder of holders) {
      const held = (this.#held.get(holder) ?? 0) + by;
      if (held === 0) this.#held.delete(holder);
      else this.#held.set(holder, held);
    }
  }
}

const isNone = (phases: PhaseCounts): boolean => {
  for (const phase in phases) if (phases[phase as OpenPhase] !== 0) return false;
  return true;
};

function openUnit(ledger: Ledger, unit: string): OpenUnit | undefined {
  const row = ledger.unit(unit);
  if (row === undefined || row.phase === 'settled' || row.phase === 'parked') return undefined;
  const isComputing = row.phase === 'working' || row.phase === 'committed';
  const isAudited = row.phase === 'auditing' || row.phase === 'disputed';
  return { phase: row.phase, holders: isAudited ? [row.worker, ...row.auditors] : isComputing ? [row.worker] : [] };
}
