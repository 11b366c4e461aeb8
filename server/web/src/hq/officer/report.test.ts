import { expect, test } from 'vitest';

import { behind, difference, grouped, type PeriodReport } from './report';

const report: PeriodReport = {
  generation: 2025,
  unit: '2025-06841',
  unit_name: 'Xã Hoành Mô',
  kind: 'month',
  name: { vi: 'Tháng 10/2026', en: 'Month 10/2026' },
  from: '2026-10-01',
  to: '2026-10-31',
  ended: true,
  closing_day: 0,
  before: { from: '2026-09-01', to: '2026-09-30' },
  year_before: { from: '2025-10-01', to: '2025-10-31' },
  figures: [
    { key: 'results.sessions', group: 'results', label: { vi: 'Số buổi', en: 'Sessions' }, unit: { vi: 'buổi', en: 'sessions' }, now: 0, before: 0, year_before: 0 },
    { key: 'topics.law', group: 'topics', label: { vi: 'Luật', en: 'Law' }, unit: { vi: 'buổi', en: 'sessions' }, now: 2, before: 0, year_before: 0 },
    { key: 'topics.tricks', group: 'topics', label: { vi: 'Thủ đoạn', en: 'Methods' }, unit: { vi: 'buổi', en: 'sessions' }, now: 0, before: 0, year_before: 0 },
  ],
  completeness: { villages: 1, reached: 1, sessions: 2, confirmed_sessions: 1, unheard_villages: 0, unheard_devices: 0, waiting_changes: 0, quarantined: 0, open_duplicates: 0 },
  needs_choice: [],
  made_at_ms: Date.UTC(2026, 10, 1),
};

test('a code of which there is nothing in any period has no line, a result has one', () => {
  expect(grouped(report).flatMap(({ figures }) => figures.map(({ key }) => key))).toEqual(['results.sessions', 'topics.law']);
});

test('a figure leads to the sessions behind it', () => {
  const law = report.figures[1];
  expect(law && behind(report, law)).toBe('#/hq/sessions?from=2026-10-01&to=2026-10-31&area=2025-06841&topic=law');
});

test('a difference is told with its sign and its share, in the way of the country', () => {
  expect(difference(1250, 1000)).toEqual({ by: '+250', share: '(+25,0\u00a0%)' });
  expect(difference(3, 4)).toEqual({ by: '−1', share: '(−25,0\u00a0%)' });
  expect(difference(5, 0)).toEqual({ by: '+5', share: '' });
  expect(difference(5, 5)).toEqual({ by: '0', share: '' });
  expect(difference(null, 5)).toEqual({ by: '–', share: '' });
});
