// Where the units of a job stand, as one bar and in words: settled first, then what is nearest to it.
import type { ConsoleView } from '#schemas/node/console.ts';
import { count } from '../format.ts';

type Job = ConsoleView['jobs'][number];
type Part = { readonly name: string; readonly units: number; readonly tone: string };

export function Progress({ job }: { job: Job }) {
  const parts = partsOf(job);
  const percent = Math.floor((100 * (job.settled_count + job.parked_count)) / job.units_count);
  return (
    <div class="progress">
      <div
        class="bar"
        role="progressbar"
        aria-label="Units settled"
        aria-valuemin={0}
        aria-valuemax={100}
        aria-valuenow={percent}
      >
        {parts.map(({ name, units, tone }) => (
          <span key={name} class={tone} style={{ flexGrow: units }} />
        ))}
      </div>
      <ul class="legend">
        {parts.map(({ name, units, tone }) => (
          <li key={name}>
            <span class={`swatch ${tone}`} aria-hidden="true" />
            {name} <b>{count(units)}</b>
          </li>
        ))}
      </ul>
    </div>
  );
}

function partsOf({ phases, units_count, released_count, settled_count, parked_count }: Job): readonly Part[] {
  return [
    { name: 'settled', units: settled_count, tone: 'tone-1' },
    { name: 'in audit', units: phases.auditing + phases.audit_to_draw, tone: 'tone-2' },
    { name: 'computing', units: phases.working + phases.committed, tone: 'tone-3' },
    { name: 'in the lottery', units: phases.to_draw, tone: 'tone-4' },
    { name: 'disputed', units: phases.disputed, tone: 'tone-bad' },
    { name: 'parked', units: parked_count, tone: 'tone-parked' },
    { name: 'waiting', units: units_count - released_count, tone: 'tone-0' },
  ];
}
