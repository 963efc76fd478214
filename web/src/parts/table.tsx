// A table that becomes a list of cards on a phone. Roles are spelled out: browsers drop them from tables that are laid out as blocks.
import type { ComponentChildren } from 'preact';

export type Column<Row> = {
  readonly name: string;
  readonly cell: (row: Row) => ComponentChildren;
  /** Numbers stand at the right, in digits of one width. */
  readonly isNumber?: boolean;
  /** Part of the table's width, where an equal share is too narrow or too wide. */
  readonly width?: `${number}%`;
  /** The head of a row, or of its card. */
  readonly isHead?: boolean;
};

type Props<Row> = {
  readonly label: string;
  readonly columns: readonly Column<Row>[];
  readonly rows: readonly Row[];
  /** Said in place of a table without rows. */
  readonly empty: string;
};

export function Table<Row>({ label, columns, rows, empty }: Props<Row>) {
  if (rows.length === 0) return <p class="empty">{empty}</p>;
  return (
    <table role="table" aria-label={label}>
      <thead role="rowgroup">
        <tr role="row">
          {columns.map(({ name, isNumber, width }) => (
            <th key={name} role="columnheader" scope="col" class={isNumber ? 'number' : ''} style={{ width }}>
              {name}
            </th>
          ))}
        </tr>
      </thead>
      <tbody role="rowgroup">
        {rows.map((row, place) => (
          // By place, not by what is in it: a new first row then changes texts, and nothing on the page moves.
          <tr role="row" key={place}>
            {columns.map((column) => (
              <Cell key={column.name} column={column} row={row} />
            ))}
          </tr>
        ))}
      </tbody>
    </table>
  );
}

function Cell<Row>({ column, row }: { column: Column<Row>; row: Row }) {
  const { name, cell, isNumber, isHead } = column;
  const classes = [isNumber && 'number', isHead && 'head'].filter(Boolean).join(' ');
  const Tag = isHead ? 'th' : 'td';
  return (
    <Tag role={isHead ? 'rowheader' : 'cell'} class={classes} data-label={name}>
      {cell(row)}
    </Tag>
  );
}
