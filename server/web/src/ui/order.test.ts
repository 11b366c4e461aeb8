import { expect, test } from 'vitest';

import { chosenFirst } from './order';

test('what was chosen at first stands in front and nothing moves afterwards', () => {
  const order = chosenFirst();
  expect(order(['a', 'b', 'c'], ['c'])).toEqual(['c', 'a', 'b']);
  expect(order(['a', 'b', 'c'], ['a', 'b'])).toEqual(['c', 'a', 'b']);
});

test('a changed list is ordered anew', () => {
  const order = chosenFirst();
  order([], ['b']);
  expect(order(['a', 'b'], ['b'])).toEqual(['b', 'a']);
});
