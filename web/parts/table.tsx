import type { ComponentChildren } from 'preact';
import { useId } from 'preact/hooks';

export interface Column<Row> {
  readonly key: string;
  readonly head: string;
  readonly cell: (row: Row) => ComponentChildren;
  readonly number?: boolean;
  /** Names the row for those who listen. */
  readonly rowHead?: boolean;
}

/** A table that scrolls in its own box, or with `folds` becomes a list on a phone. */
export function Table<Row>({
  caption,
  columns,
  rows,
  rowKey,
  empty,
  folds = true,
  captionHidden = false,
  rowClass,
}: {
  readonly caption: string;
  readonly columns: readonly Column<Row>[];
  readonly rows: readonly Row[];
  readonly rowKey: (row: Row) => string;
  /** Shown instead of a table without rows. */
  readonly empty?: ComponentChildren;
  readonly folds?: boolean;
  readonly captionHidden?: boolean;
  readonly rowClass?: (row: Row) => string | undefined;
}) {
  const id = useId();
  if (rows.length === 0 && empty !== undefined) return <>{empty}</>;
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: a box that scrolls is reached by keyboard (WCAG 2.1.1)
    <section class={folds ? 'table folds' : 'table'} tabIndex={0} aria-labelledby={id}>
      <table>
        <caption id={id} class={captionHidden ? 'hidden-visually' : undefined}>
          {caption}
        </caption>
        <thead>
          <tr>
            {columns.map((column) => (
              <th key={column.key} scope="col" class={column.number === true ? 'number' : undefined}>
                {column.head}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map((row) => (
            <tr key={rowKey(row)} class={rowClass?.(row)}>
              {columns.map((column) =>
                column.rowHead === true ? (
                  <th key={column.key} scope="row" data-label={column.head}>
                    <div>{column.cell(row)}</div>
                  </th>
                ) : (
                  <td key={column.key} class={column.number === true ? 'number' : undefined} data-label={column.head}>
                    <div>{column.cell(row)}</div>
                  </td>
                ),
              )}
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}
