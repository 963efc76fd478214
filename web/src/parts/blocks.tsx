// The last blocks: which round decided them, how fast, by whom. Rounds above 0 are view changes.
import { signal } from '@preact/signals';
import type { ConsoleView } from '#schemas/node/console.ts';
import { ago, count, shortId } from '../format.ts';
import { network_ms, view } from '../state.ts';
import { FinalityChart } from './finality-chart.tsx';
import { Key, Section } from './section.tsx';
import { type Column, Table } from './table.tsx';

type Block = ConsoleView['blocks'][number];

const FEW = 8;
const areAllShown = signal(false);

export function BlocksSection() {
  const blocks = view.value?.blocks ?? [];
  const viewChanges = blocks.filter(({ round }) => round > 0).length;
  const shown = areAllShown.value ? blocks : blocks.slice(0, FEW);
  return (
    <Section
      id="blocks"
      title="Blocks and rounds"
      aside={
        <>
          {count(viewChanges)} of the last {blocks.length} needed another round
        </>
      }
    >
      <FinalityChart blocks={blocks} />
      <Table label="Recent blocks" columns={COLUMNS} rows={shown} empty="No block has become final yet." />
      {blocks.length > FEW && (
        <button
          type="button"
          aria-expanded={areAllShown.value}
          onClick={() => (areAllShown.value = !areAllShown.value)}
        >
          {areAllShown.value ? `Show the last ${FEW}` : `Show the last ${blocks.length}`}
        </button>
      )}
    </Section>
  );
}

const COLUMNS: readonly Column<Block>[] = [
  { name: 'Height', cell: ({ height }) => count(height), isHead: true },
  { name: 'Block', cell: ({ block }) => <Key id={block} short={shortId(block)} /> },
  { name: 'Round', cell: ({ round }) => (round > 0 ? <b class="bad">{round}</b> : 0), isNumber: true },
  { name: 'Proposer', cell: ({ proposer }) => <Key id={proposer} short={shortId(proposer)} /> },
  { name: 'Transactions', cell: (block) => txs(block), isNumber: true },
  {
    name: 'Finality',
    cell: ({ finality_ms }) => (finality_ms === 0 ? '–' : `${count(finality_ms)} ms`),
    isNumber: true,
  },
  { name: 'Signers', cell: ({ signers_count }) => signers_count, isNumber: true },
  { name: 'Time', cell: ({ time_ms }) => ago(time_ms, network_ms.value), isNumber: true },
];

const txs = ({ txs_count, refused_count }: Block) =>
  refused_count === 0 ? (
    count(txs_count)
  ) : (
    <>
      {count(txs_count)} <span class="bad">({count(refused_count)} refused)</span>
    </>
  );
