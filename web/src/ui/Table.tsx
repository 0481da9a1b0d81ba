import clsx from "clsx";
import { memo, type ReactNode } from "react";
import { More } from "./More";

export type Column<T> = {
  head: string;
  /** As in `grid-template-columns`. */
  width: string;
  cell: (row: T) => ReactNode;
  /** Left out where there is no room. */
  wideOnly?: boolean;
  end?: boolean;
};

type Props<T> = {
  label: string;
  columns: Column<T>[];
  rows: readonly T[];
  id: (row: T) => string;
  /** Asked for when the end comes into sight. */
  more?: { fetch: () => void; busy: boolean } | undefined;
};

const layout = "grid grid-cols-(--narrow) items-center gap-x-4 px-4 md:grid-cols-(--wide)";

function shown<T>(column: Column<T>): string {
  return clsx("min-w-0", column.wideOnly && "hidden md:block", column.end && "text-right");
}

/** A table whose rows are laid out only once they are near the screen. */
export function Table<T>({ label, columns, rows, id, more }: Props<T>) {
  const wide = columns.map((column) => column.width).join(" ");
  const narrow = columns
    .filter((column) => !column.wideOnly)
    .map((column) => column.width)
    .join(" ");
  return (
    <div
      role="table"
      aria-label={label}
      style={{ "--wide": wide, "--narrow": narrow } as React.CSSProperties}
    >
      <div role="rowgroup">
        <div
          role="row"
          className={clsx(
            layout,
            "border-b border-line py-1.5 text-2xs font-medium tracking-wide text-muted uppercase",
          )}
        >
          {columns.map((column) => (
            <div key={column.head} role="columnheader" className={shown(column)}>
              {column.head}
            </div>
          ))}
        </div>
      </div>
      <div role="rowgroup">
        {rows.map((row) => (
          <RowOf key={id(row)} row={row} columns={columns} />
        ))}
      </div>
      {more && <More fetch={more.fetch} busy={more.busy} />}
    </div>
  );
}

function Row<T>({ row, columns }: { row: T; columns: readonly Column<T>[] }) {
  return (
    <div
      role="row"
      className={clsx(
        layout,
        "row-lazy min-h-[41px] border-b border-line py-1.5 text-sm last:border-b-0 hover:bg-raised/60",
      )}
    >
      {columns.map((column) => (
        <div key={column.head} role="cell" className={shown(column)}>
          {column.cell(row)}
        </div>
      ))}
    </div>
  );
}

/** The rows that are there stay as they are when more of them come. The cast keeps the type that `memo` drops. */
const RowOf = memo(Row) as typeof Row;
