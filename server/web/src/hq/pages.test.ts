import { expect, test } from 'vitest';

import { firstOf, pagesOf } from './pages';

const ROLES = ['officer', 'coordinator', 'administrator'] as const;

test('each page of a role has an address and a key of its own', () => {
  for (const role of ROLES) {
    const pages = pagesOf(role);
    const keys = pages.flatMap(({ key }) => key ?? []);
    expect(new Set(pages.map(({ path }) => path)).size, role).toBe(pages.length);
    expect(new Set(keys).size, role).toBe(keys.length);
  }
});

test('each role begins with a page it has, and a guard has none', () => {
  for (const role of ROLES) expect(pagesOf(role).map(({ path }) => path)).toContain(firstOf(role));
  expect(pagesOf('guard')).toEqual([]);
});
