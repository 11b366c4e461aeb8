/** How a table is told what it shows. */

import type { Snippet } from 'svelte';

export interface Column<Row> {
  key: string;
  label: string;
  /** What stands in the cell; or `cell` draws it. */
  text?: (row: Row) => string;
  cell?: Snippet<[Row]>;
  /** Numbers stand at the end, with digits of one width. */
  isNumber?: boolean;
  /** Sortable by this; text in the order of Vietnamese, nothing last. */
  by?: (row: Row) => string | number | null | undefined;
  /** Its label is read aloud and not shown: a column of buttons. */
  isQuiet?: boolean;
  /** Left out on narrow windows. */
  isMinor?: boolean;
  /** Stands on one line: days, names of people, states. */
  isShort?: boolean;
  /** Names its row: a header cell. */
  isName?: boolean;
}

export interface Sort {
  key: string;
  isDescending: boolean;
}

const collator = new Intl.Collator('vi', { numeric: true });

/** The rows in an order; the same rows when the column does not sort. */
export function sorted<Row>(rows: readonly Row[], columns: readonly Column<Row>[], sort: Sort | undefined): readonly Row[] {
  const by = columns.find(({ key }) => key === sort?.key)?.by;
  if (!sort || !by) return rows;
  const sign = sort.isDescending ? -1 : 1;
  return [...rows].sort((one, other) => {
    const [a, b] = [by(one), by(other)];
    if (a === null || a === undefined) return b === null || b === undefined ? 0 : 1;
    if (b === null || b === undefined) return -1;
    return sign * (typeof a === 'number' && typeof b === 'number' ? a - b : collator.compare(String(a), String(b)));
  });
}
