// The running job, large, and the others in a table.
import type { ConsoleView } from '#schemas/node/console.ts';
import { ago, aroundPower, count, duration, shortId, words } from '../format.ts';
import { network_ms, view } from '../state.ts';
import { Announcer } from './announcer.tsx';
import { Progress } from './progress.tsx';
import { Key, Scaled, Section } from './section.tsx';
import { type Column, Table } from './table.tsx';

type Job = ConsoleView['jobs'][number];

export function JobsSection() {
  const [job, ...others] = view.value?.jobs ?? [];
  return (
    <Section id="jobs" title="Jobs" aside={job && <>submitted {ago(job.submitted_ms, network_ms.value)}</>}>
      {job === undefined ? (
        <p class="empty panel">
          No job was submitted yet. Submit one: <code>npm run sortition -- submit</code>
        </p>
      ) : (
        <JobPanel job={job} />
      )}
      <Announcer text={job === undefined ? '' : sayOf(job)} />
      {others.length > 0 && <Table label="Other jobs" columns={COLUMNS} rows={others} empty="" />}
    </Section>
  );
}

function JobPanel({ job }: { job: Job }) {
  const done = job.settled_count + job.parked_count;
  return (
    <div class="panel job">
      <p class="job-title">
        <strong>{job.kernel}</strong> <Range job={job} />
        <a href={`/api/jobs/${job.id}`} class="key" title={job.id}>
          <code>{shortId(job.id)}</code>
        </a>
      </p>
      <Progress job={job} />
      <dl class="figures small">
        <div class="figure">
          <dt>Units settled</dt>
          <dd class="value">
            {count(job.settled_count)}
            <small> of {count(job.units_count)}</small>
          </dd>
        </div>
        <div class="figure">
          <dt>Numbers per second</dt>
          <dd class="value">
            <Scaled n={job.numbers_per_second} />
          </dd>
        </div>
        <div class="figure">
          <dt>{job.finished_ms > 0 ? 'Took' : 'Time left'}</dt>
          <dd class="value">{timeOf(job)}</dd>
        </div>
        <div class="figure">
          <dt>Audits</dt>
          <dd class="value">{count(job.audits_count)}</dd>
        </div>
        <div class={job.disagreements_count > 0 ? 'figure bad' : 'figure'}>
          <dt>Disagreements</dt>
          <dd class="value">{count(job.disagreements_count)}</dd>
        </div>
        <div class="figure">
          <dt>Suspects</dt>
          <dd class="value">{count(job.suspects_count)}</dd>
        </div>
      </dl>
      <p class="note">
        {count(job.attempts_count)} attempts for {count(done)} units done · {count(job.reward_per_unit_units)} credit
        for each unit, paid when checked
      </p>
    </div>
  );
}

/** `34.4 billion numbers from 2^71 + 1,024`. */
function Range({ job }: { job: Job }) {
  const place = aroundPower(job.start);
  return (
    <span title={`${count(job.numbers)} numbers from ${count(job.start)}`}>
      {words(job.numbers)} numbers from{' '}
      {place === undefined ? (
        count(job.start)
      ) : (
        <>
          2<sup>{place.power}</sup>
          {place.rest && ` + ${place.rest}`}
        </>
      )}
    </span>
  );
}

function timeOf(job: Job): string {
  if (job.finished_ms > 0) return duration(job.finished_ms - job.submitted_ms);
  return job.eta_s === null ? '–' : duration(job.eta_s * 1_000);
}

/** What is read out: steps of ten percent, not every unit. */
function sayOf(job: Job): string {
  if (job.finished_ms > 0) return `Job finished: ${job.settled_count} units settled, ${job.parked_count} parked.`;
  return `Job is ${Math.floor((10 * (job.settled_count + job.parked_count)) / job.units_count) * 10} percent done.`;
}

const COLUMNS: readonly Column<Job>[] = [
  { name: 'Job', cell: ({ id }) => <Key id={id} short={shortId(id)} />, isHead: true },
  { name: 'Kernel', cell: ({ kernel }) => kernel },
  { name: 'Settled', cell: (job) => `${count(job.settled_count)} of ${count(job.units_count)}`, isNumber: true },
  { name: 'Numbers/s', cell: (job) => <Scaled n={job.numbers_per_second} />, isNumber: true },
  { name: 'Disagreements', cell: (job) => count(job.disagreements_count), isNumber: true },
  { name: 'Time', cell: timeOf, isNumber: true },
];
