import { expect, test } from 'vitest';

import { villageName } from './village';

test('a village is called by its kind once', () => {
  expect(villageName({ kind: 'thôn', name: 'Nà Choòng' })).toBe('Thôn Nà Choòng');
  expect(villageName({ kind: 'khu', name: 'Khu 1' })).toBe('Khu 1');
  expect(villageName({ kind: 'thôn', name: 'Thôn 2' })).toBe('Thôn 2');
  expect(villageName({ kind: '', name: 'Nà Sa' })).toBe('Nà Sa');
});
