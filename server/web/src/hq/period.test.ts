import { expect, test } from 'vitest';

import { current, days, fromQuery, name, shifted, toQuery } from './period';

test('a period has its days, with a month that closes early too', () => {
  expect(days({ kind: 'month', of: '2026-02' })).toEqual({ from: '2026-02-01', to: '2026-02-28' });
  expect(days({ kind: 'month', of: '2026-01' }, 14)).toEqual({ from: '2025-12-15', to: '2026-01-14' });
  expect(days({ kind: 'quarter', of: '2026-Q4' })).toEqual({ from: '2026-10-01', to: '2026-12-31' });
  expect(days({ kind: 'half', of: '2026-H2' }, 14)).toEqual({ from: '2026-06-15', to: '2026-12-14' });
  expect(days({ kind: 'nine_months', of: '2026' })).toEqual({ from: '2026-01-01', to: '2026-09-30' });
  expect(days({ kind: 'year', of: '2026' }, 14)).toEqual({ from: '2025-12-15', to: '2026-12-14' });
});

test('a day after the closing day belongs to the next month', () => {
  const noon = (day: string) => Date.parse(`${day}T05:00:00Z`);
  expect(current('month', 14, noon('2026-12-14'))).toEqual({ kind: 'month', of: '2026-12' });
  expect(current('month', 14, noon('2026-12-15'))).toEqual({ kind: 'month', of: '2027-01' });
  expect(current('quarter', 0, noon('2026-12-15'))).toEqual({ kind: 'quarter', of: '2026-Q4' });
});

test('the period before a period is of its kind', () => {
  expect(shifted({ kind: 'month', of: '2026-01' }, -1)).toEqual({ kind: 'month', of: '2025-12' });
  expect(shifted({ kind: 'quarter', of: '2026-Q4' }, 1)).toEqual({ kind: 'quarter', of: '2027-Q1' });
  expect(shifted({ kind: 'nine_months', of: '2026' }, -1)).toEqual({ kind: 'nine_months', of: '2025' });
  expect(shifted({ kind: 'range', from: '2026-03-01', to: '2026-03-10' }, -1)).toEqual({ kind: 'range', from: '2026-02-19', to: '2026-02-28' });
});

test('what an address says of a period is read back, and nonsense is not', () => {
  const otherwise = current('month', 0, 0);
  for (const period of [{ kind: 'half', of: '2026-H1' }, { kind: 'range', from: '2026-01-01', to: '2026-10-31' }] as const) {
    const kept = Object.entries(toQuery(period)).filter((pair): pair is [string, string] => pair[1] !== null);
    expect(fromQuery(new URLSearchParams(kept), otherwise)).toEqual(period);
  }
  expect(fromQuery(new URLSearchParams('kind=quarter&of=2026-Q5'), otherwise)).toBe(otherwise);
});

test('periods are named as reports name them', () => {
  expect(name({ kind: 'quarter', of: '2026-Q3' })).toBe('Quý III/2026');
  expect(name({ kind: 'half', of: '2026-H1' })).toBe('6 tháng đầu năm 2026');
  expect(name({ kind: 'month', of: '2026-03' })).toBe('Tháng 3/2026');
});
