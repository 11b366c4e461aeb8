import { expect, test } from 'vitest';

import { rowsInWindow } from './window';

test('of five thousand rows only those in view and a few around them are drawn', () => {
  const rows = rowsInWindow(100_000, 740, 100, 5_000);
  expect(rows).toEqual({ first: 994, end: 1_014 });
});

test('the rows drawn never leave the list', () => {
  expect(rowsInWindow(-200, 740, 100, 5)).toEqual({ first: 0, end: 5 });
  expect(rowsInWindow(900_000, 740, 100, 50)).toEqual({ first: 50, end: 50 });
  expect(rowsInWindow(0, 740, 0, 3)).toEqual({ first: 0, end: 3 });
});
