// Settlements: who was paid what, that it sums to zero, where the record lies, and how anyone verifies it.
import type { ConsoleView } from '#schemas/node/console.ts';
import { accountName, count } from '../format.ts';
import { view } from '../state.ts';
import { Key, Section } from './section.tsx';
import { type Column, Table } from './table.tsx';

type Settlement = ConsoleView['settlements'][number];
type Entry = Settlement['entries'][number];

const FOLDER = '.sortition/nodes/archiver/bundles';

export function SettlementsSection() {
  const settlements = view.value?.settlements ?? [];
  return (
    <Section id="settlements" title="Settlements" aside="the entries of each asset sum to zero">
      {settlements.length === 0 && (
        <p class="empty panel">Nothing is settled yet. A settlement closes when a job has finished.</p>
      )}
      {settlements.map((settlement, i) => (
        <SettlementPanel key={settlement.seq} settlement={settlement} isOpen={i === 0} />
      ))}
    </Section>
  );
}

function SettlementPanel({ settlement, isOpen }: { settlement: Settlement; isOpen: boolean }) {
  const { seq, first_height, last_height, sums, status, entries, entries_count } = settlement;
  return (
    <details class="panel settlement" open={isOpen}>
      <summary>
        <strong>Settlement {seq}</strong>
        <span class={`label ${status}`}>{status}</span>
        <span class="heights">
          heights {count(first_height)}–{count(last_height)}
        </span>
        <span class="sums">
          {Object.entries(sums).map(([asset, sum]) => (
            <span key={asset}>
              sum of {asset} <b class={sum === '0' ? 'zero' : 'bad'}>{count(sum)}</b>
            </span>
          ))}
        </span>
      </summary>
      <Facts settlement={settlement} />
      <Table label={`Entries of settlement ${seq}`} columns={COLUMNS} rows={entries} empty="No entries." />
      {entries_count > entries.length && (
        <p class="note">
          {count(entries_count - entries.length)} more entries: <a href={`/api/settlements/${seq}`}>all as JSON</a>
        </p>
      )}
    </details>
  );
}

function Facts({ settlement: { seq, state_root, cid, status } }: { settlement: Settlement }) {
  return (
    <dl class="facts">
      <div>
        <dt>State root</dt>
        <dd>
          <code>{state_root}</code>
        </dd>
      </div>
      <div>
        <dt>Content id</dt>
        <dd>{cid === '' ? 'not archived yet' : <code>{cid}</code>}</dd>
      </div>
      <div>
        <dt>Archive</dt>
        <dd>
          {status === 'embedded'
            ? 'embedded: in the local content store, cosigned by a quorum'
            : 'closed on the ledger; the archiver is at work'}
        </dd>
      </div>
      {cid !== '' && (
        <div>
          <dt>Verify offline</dt>
          <dd>
            <code class="command">
              npm run sortition -- verify {FOLDER}/settlement-{seq}
            </code>
          </dd>
        </div>
      )}
    </dl>
  );
}

const COLUMNS: readonly Column<Entry>[] = [
  { name: 'Account', cell: ({ k }) => <Key id={k} short={accountName(k)} />, width: '40%', isHead: true },
  { name: 'Asset', cell: ({ a }) => a },
  { name: 'Difference', cell: ({ d }) => signed(d), isNumber: true },
  { name: 'Now', cell: ({ k }) => <a href={`/api/accounts/${k}`}>balance</a>, isNumber: true },
];

/** A true minus is as wide as the plus. */
const signed = (text: string): string => (text.startsWith('-') ? `−${count(text.slice(1))}` : `+${count(text)}`);
