// Validators: who is heard, where each stands, who proposed of late.
import type { ConsoleView } from '#schemas/node/console.ts';
import { ago, count, shortId } from '../format.ts';
import { network_ms, view } from '../state.ts';
import { Key, Section } from './section.tsx';
import { type Column, Table } from './table.tsx';

type Validator = ConsoleView['validators'][number];

/** An idle network speaks every five seconds; who missed two of them is away, ms. */
const AWAY_MS = 12_000;
export const isUp = ({ heard_ms }: Validator, now_ms: number): boolean => heard_ms > 0 && now_ms - heard_ms < AWAY_MS;

export function ValidatorsSection() {
  const validators = view.value?.validators ?? [];
  return (
    <Section
      id="validators"
      title="Validators"
      aside={<>epoch {count(view.value?.epoch ?? 0)}; more than two thirds of the power decide</>}
    >
      <Table label="Validators" columns={COLUMNS} rows={validators} empty="No validators." />
    </Section>
  );
}

const COLUMNS: readonly Column<Validator>[] = [
  { name: 'Validator', cell: ({ id }) => <Key id={id} short={shortId(id)} />, isHead: true },
  { name: 'State', cell: (validator) => <State isUp={isUp(validator, network_ms.value)} up="heard" down="silent" /> },
  { name: 'Operator', cell: ({ operator }) => <Key id={operator} short={shortId(operator)} /> },
  { name: 'Membership', cell: ({ state }) => state },
  { name: 'Power', cell: ({ power }) => count(power), isNumber: true },
  { name: 'Height', cell: ({ height }) => count(height), isNumber: true },
  { name: 'Round', cell: ({ round }) => round, isNumber: true },
  { name: 'Proposed', cell: ({ proposed_count }) => count(proposed_count), isNumber: true },
  { name: 'Last heard', cell: ({ heard_ms }) => ago(heard_ms, network_ms.value), isNumber: true },
];

/** A mark and a word. */
export const State = ({ isUp: isGood, up, down }: { isUp: boolean; up: string; down: string }) => (
  <span class={isGood ? 'state up' : 'state down'}>
    <span class="dot" aria-hidden="true" />
    {isGood ? up : down}
  </span>
);
