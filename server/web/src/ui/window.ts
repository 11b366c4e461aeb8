/** Which rows of a long list are to be drawn. */

export interface Rows {
  /** The first row drawn. */
  readonly first: number;
  /** The row after the last one drawn. */
  readonly end: number;
}

/** Rows drawn beyond each edge of the window, so that a quick thumb meets no gap. */
const BEYOND = 6;

/**
 * The rows that show in a window, and some around it.
 *
 * `above` is how much of the list lies above the window's top edge, in pixels; it may be negative.
 */
export function rowsInWindow(above: number, windowHeight: number, rowHeight: number, count: number): Rows {
  if (rowHeight <= 0 || count === 0) return { first: 0, end: Math.min(count, 2 * BEYOND) };
  const first = Math.floor(above / rowHeight) - BEYOND;
  const end = Math.ceil((above + windowHeight) / rowHeight) + BEYOND;
  const within = (row: number) => Math.min(count, Math.max(0, row));
  return { first: within(first), end: within(end) };
}
