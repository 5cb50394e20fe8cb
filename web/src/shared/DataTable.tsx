import { useText } from "@i18n";
import { useVirtualizer } from "@tanstack/react-virtual";
import { Checkbox } from "antd";
import { type CSSProperties, memo, type ReactNode, useEffect, useRef } from "react";
import styles from "./DataTable.module.css";
import { text } from "./text";

export interface Column<R> {
  readonly key: string;
  readonly title: string;
  readonly cell: (row: R) => ReactNode;
  /** A CSS grid track, such as `minmax(160px, 2fr)` or `90px`. */
  readonly width: string;
  readonly number?: boolean;
  /** Left out where the window is narrow. */
  readonly wide?: boolean;
}

interface Properties<R> {
  label: string;
  columns: readonly Column<R>[];
  /** The rows at hand, or where to find them: see `usePages`. */
  rows: readonly R[] | Lookup<R>;
  id: (row: R) => string;
  /** How a row is called where it is selected. */
  name?: (row: R) => string;
  selected?: ReadonlySet<string>;
  select?: (selected: ReadonlySet<string>) => void;
  empty: ReactNode;
}

interface Lookup<R> {
  readonly total: number;
  readonly at: (index: number) => R | undefined;
  readonly loaded: readonly R[];
  readonly show: (first: number, last: number) => void;
}

const ROW = 34;
const AHEAD = 10;

/** A table of any length: only the rows in sight are in the document. */
export function DataTable<R>(properties: Properties<R>) {
  const { label, columns, id, name = id, selected, select, empty } = properties;
  const t = useText(text);
  const rows = isLookup(properties.rows) ? properties.rows : whole(properties.rows);
  const scroller = useRef<HTMLDivElement>(null);
  const virtual = useVirtualizer({
    count: rows.total,
    getScrollElement: () => scroller.current,
    estimateSize: () => ROW,
    overscan: AHEAD,
  });
  const items = virtual.getVirtualItems();
  const first = items[0]?.index ?? 0;
  const last = items.at(-1)?.index ?? 0;
  const { show } = rows;
  useEffect(() => show(first, last), [show, first, last]);

  const all = rows.loaded.length > 0 && rows.loaded.every((row) => selected?.has(id(row)));
  const toggle = (key: string, chosen: boolean) => {
    const next = new Set(selected);
    if (chosen) next.add(key);
    else next.delete(key);
    select?.(next);
  };
  return (
    <div
      className={styles.table}
      ref={scroller}
      role="table"
      aria-label={label}
      aria-rowcount={rows.total + 1}
      tabIndex={0}
      style={tracks(columns, select !== undefined)}
    >
      <div className={styles.head} role="rowgroup">
        <div className={styles.row} role="row" aria-rowindex={1}>
          {select ? (
            <div role="columnheader">
              <Checkbox
                aria-label={t("selectAll")}
                checked={all}
                indeterminate={!all && (selected?.size ?? 0) > 0}
                onChange={(event) => select(event.target.checked ? new Set(rows.loaded.map(id)) : new Set())}
              />
            </div>
          ) : null}
          {columns.map((column) => (
            <div key={column.key} role="columnheader" className={cellClass(column)}>
              {column.title}
            </div>
          ))}
        </div>
      </div>
      {rows.total === 0 ? empty : null}
      <div role="rowgroup" className={styles.body} style={{ height: virtual.getTotalSize() }}>
        {items.map((item) => {
          const row = rows.at(item.index);
          const key = row === undefined ? "" : id(row);
          const chosen = selected?.has(key) ?? false;
          return (
            <div
              key={item.key}
              className={`${styles.row} ${styles.item}`}
              role="row"
              aria-rowindex={item.index + 2}
              data-selected={chosen}
              style={{ transform: `translateY(${item.start}px)` }}
            >
              {select && row !== undefined ? (
                <div role="cell">
                  <Checkbox
                    aria-label={t("select", { name: name(row) })}
                    checked={chosen}
                    onChange={(event) => toggle(key, event.target.checked)}
                  />
                </div>
              ) : null}
              {row === undefined ? (
                <Awaited />
              ) : (
                <Cells row={row} columns={columns as readonly Column<unknown>[]} />
              )}
            </div>
          );
        })}
      </div>
    </div>
  );
}

/** A row's cells, which stay as they are while the table scrolls past them. */
const Cells = memo(({ row, columns }: { row: unknown; columns: readonly Column<unknown>[] }) =>
  columns.map((column) => (
    <div key={column.key} role="cell" className={cellClass(column)}>
      {column.cell(row)}
    </div>
  )),
);

function Awaited() {
  return (
    <div role="cell" className="muted">
      …
    </div>
  );
}

function isLookup<R>(rows: readonly R[] | Lookup<R>): rows is Lookup<R> {
  return !Array.isArray(rows);
}

function whole<R>(rows: readonly R[]): Lookup<R> {
  return { total: rows.length, at: (index) => rows[index], loaded: rows, show: nobodyAsks };
}

function nobodyAsks(): void {
  // All rows are at hand.
}

function tracks<R>(columns: readonly Column<R>[], selects: boolean): CSSProperties {
  const box = selects ? "20px " : "";
  const joined = (shown: readonly Column<R>[]) => box + shown.map((column) => column.width).join(" ");
  return {
    "--columns": joined(columns),
    "--columns-narrow": joined(columns.filter((column) => !column.wide)),
  } as CSSProperties;
}

function cellClass<R>(column: Column<R>): string {
  return [styles.cell, column.number ? styles.number : "", column.wide ? styles.wide : ""].join(" ");
}
