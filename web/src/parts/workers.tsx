// Workers: who can be drawn, what each holds, how it fared, what it owns.
import type { ConsoleView } from '#schemas/node/console.ts';
import { ago, count, duration, percent, shortId } from '../format.ts';
import { network_ms, view } from '../state.ts';
import { Key, Section } from './section.tsx';
import { type Column, Table } from './table.tsx';
import { State } from './validators.tsx';

type Worker = ConsoleView['workers'][number];

export function WorkersSection() {
  const now = view.value;
  if (now === undefined) return null;
  const { workers, workers_count, available_count } = now;
  const hidden = workers_count - workers.length;
  return (
    <Section
      id="workers"
      title="Workers"
      aside={
        <>
          {count(available_count)} of {count(workers_count)} can be drawn{hidden > 0 && `; ${count(hidden)} not shown`}
        </>
      }
    >
      <Table label="Workers" columns={COLUMNS} rows={workers} empty="No worker is registered." />
    </Section>
  );
}

const COLUMNS: readonly Column<Worker>[] = [
  { name: 'Worker', cell: ({ id }) => <Key id={id} short={shortId(id)} />, isHead: true },
  {
    name: 'State',
    width: '13%',
    cell: (worker) => <State isUp={worker.is_available} up="available" down={whyAway(worker, network_ms.value)} />,
  },
  { name: 'Operator', cell: ({ operator }) => <Key id={operator} short={shortId(operator)} /> },
  { name: 'Open units', cell: (worker) => count(worker.open_units_count), isNumber: true },
  { name: 'Passed', cell: ({ passed_count }) => count(passed_count), isNumber: true },
  {
    name: 'Faults',
    width: '7%',
    cell: ({ fault_count }) => (fault_count > 0 ? <b class="bad">{count(fault_count)}</b> : 0),
    isNumber: true,
  },
  { name: 'Reputation', cell: (worker) => percent(worker.reputation_basis_points), isNumber: true },
  { name: 'Credit', cell: ({ credit_units }) => count(credit_units), isNumber: true },
  { name: 'Stake', cell: ({ stake_units }) => count(stake_units), isNumber: true },
  { name: 'Last seen', cell: ({ last_seen_ms }) => ago(last_seen_ms, network_ms.value), isNumber: true },
];

function whyAway({ paused_until_ms, last_seen_ms }: Worker, now_ms: number): string {
  if (paused_until_ms === Number.MAX_SAFE_INTEGER) return 'banned';
  if (paused_until_ms > now_ms) return `paused ${duration(paused_until_ms - now_ms)}`;
  return last_seen_ms === 0 ? 'never seen' : 'away';
}
