import { expect, test } from 'vitest';

import { communes, over, rows, shareStep, step, together, type Cell, type Coverage, type State, type Village } from './rows';

const cell = (state: State, done = 0, planned: number | null = 1): Cell =>
  ({ state, done, confirmed: state === 'confirmed' ? done : 0, planned, attendances: 10 * done, unheard_devices: state === 'unheard' ? 1 : 0 }) as Cell;

const village = (id: string, unit: string | null, periods: Cell[]): Village =>
  ({ village: id, name: id, kind: 'thôn', sample: true, unit, devices: 1, devices_with_gaps: 0, periods }) as Village;

const coverage = {
  generation: 2025,
  closing_day: 0,
  periods: [{}, {}],
  villages: [
    village('a', '2025-00002', [cell('confirmed', 2), cell('zero')]),
    village('b', '2025-00002', [cell('done', 1), cell('unheard')]),
    village('c', '2025-00001', [cell('unassigned'), cell('unheard')]),
    village('d', null, [cell('zero'), cell('zero')]),
  ],
} as unknown as Coverage;

const name = (unit: string) => (unit === '2025-00001' ? 'Đường Hoa' : 'Hoành Mô');

test('villages stand under their communes by name, those without a unit last', () => {
  expect(communes(coverage, name).map((commune) => commune.unit)).toEqual(['2025-00001', '2025-00002', '']);
});

test('a commune is the sum of its villages, and a village counts once over all periods', () => {
  const [, commune] = communes(coverage, name);
  expect(commune?.sums[0]).toEqual({ done: 3, confirmed: 2, attendances: 30, planned: 2, villages: 2, reached: 2, unheard: 0, unassigned: 0 });
  expect(commune?.sums[1]).toMatchObject({ done: 0, reached: 0, unheard: 1 });
  expect(commune?.total).toMatchObject({ done: 3, villages: 2, reached: 2, unheard: 0, planned: 4 });
});

test('a village that is unheard in any period and reached in none is unheard, never zero', () => {
  expect(over(coverage.villages[2] as Village)).toMatchObject({ villages: 1, reached: 0, unheard: 1, unassigned: 0 });
});

test('a plan that is not told makes no sum of plans', () => {
  const filtered = village('e', '2025-00001', [cell('done', 1, null), cell('zero')]);
  expect(over(filtered).planned).toBeNull();
  expect(together([over(filtered), over(coverage.villages[0] as Village)]).planned).toBeNull();
});

test('only the villages of open communes are rows', () => {
  const all = communes(coverage, name);
  expect(rows(all, new Set())).toHaveLength(3);
  expect(rows(all, new Set(['2025-00002'])).map((row) => row.kind)).toEqual(['commune', 'commune', 'village', 'village', 'commune']);
});

test('colours deepen with the number of sessions and the share of villages', () => {
  expect([0, 1, 2, 3, 4, 5, 90].map(step)).toEqual([0, 1, 2, 3, 3, 4, 4]);
  const of = (reached: number) => shareStep({ ...over(coverage.villages[0] as Village), villages: 8, reached });
  expect([0, 1, 2, 3, 8].map(of)).toEqual([0, 1, 1, 2, 4]);
});
