// What was refused and who was caught contradicting himself. Refusals are the network working, not failing.
import type { ConsoleView } from '#schemas/node/console.ts';
import { accountName, ago, count, shortId } from '../format.ts';
import { network_ms, view } from '../state.ts';
import { Key, Section } from './section.tsx';
import { type Column, Table } from './table.tsx';

type Refusal = ConsoleView['refusals'][number];
type Evidence = ConsoleView['evidence'][number];

export function IncidentsSection() {
  const { refusals = [], evidence = [] } = view.value ?? {};
  return (
    <Section id="incidents" title="Refusals and evidence" aside="what the rules turned away">
      <div class="pair">
        <div>
          <h3>Refused transactions</h3>
          <Table label="Refused transactions" columns={REFUSALS} rows={refusals} empty="Nothing was refused." />
        </div>
        <div>
          <h3>Evidence against validators</h3>
          <Table
            label="Evidence against validators"
            columns={EVIDENCE}
            rows={evidence}
            empty="No validator contradicted itself."
          />
        </div>
      </div>
    </Section>
  );
}

const REFUSALS: readonly Column<Refusal>[] = [
  { name: 'Code', cell: ({ code }) => <code>{code}</code>, width: '40%', isHead: true },
  { name: 'Account', cell: ({ peer }) => <Key id={peer} short={accountName(peer)} /> },
  { name: 'Times', width: '14%', cell: (refusal) => count(refusal.count), isNumber: true },
  { name: 'Last', width: '22%', cell: ({ last_ms }) => ago(last_ms, network_ms.value), isNumber: true },
];

const EVIDENCE: readonly Column<Evidence>[] = [
  { name: 'Validator', cell: ({ validator }) => <Key id={validator} short={shortId(validator)} />, isHead: true },
  { name: 'Offence', width: '34%', cell: ({ kind }) => <b class="bad">{kind.replaceAll('_', ' ')}</b> },
  { name: 'Evidence', cell: ({ evidence }) => <Key id={evidence} short={shortId(evidence)} /> },
  { name: 'Height', cell: ({ height }) => count(height), isNumber: true },
];
