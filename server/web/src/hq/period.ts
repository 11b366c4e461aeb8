/** Reporting periods, as they stand in addresses and in the API: `kind=month&of=2026-10`, or `from` and `to`. */

import { date, dayAt } from '../i18n/format';
import { t } from '../i18n/language.svelte';
import { period as words } from './words/shell';

export const KINDS = ['month', 'quarter', 'half', 'nine_months', 'year', 'range'] as const;
export type PeriodKind = (typeof KINDS)[number];

export type Period =
  | { kind: Exclude<PeriodKind, 'range'>; of: string }
  | { kind: 'range'; from: string; to: string };

/** Reporting months in each kind. */
const MONTHS = { month: 1, quarter: 3, half: 6, nine_months: 9, year: 12 } as const;

/** Months since year 0 at which a period begins. */
function firstMonth(period: Exclude<Period, { kind: 'range' }>): number {
  const [year = '', part = ''] = period.of.split('-');
  const base = Number(year) * 12;
  if (period.kind === 'month') return base + Number(part) - 1;
  if (period.kind === 'quarter') return base + (Number(part.slice(1)) - 1) * 3;
  if (period.kind === 'half') return base + (Number(part.slice(1)) - 1) * 6;
  return base;
}

function at(kind: Exclude<PeriodKind, 'range'>, month: number): Period {
  const year = Math.floor(month / 12);
  const within = month - year * 12;
  if (kind === 'month') return { kind, of: `${year}-${String(within + 1).padStart(2, '0')}` };
  if (kind === 'quarter') return { kind, of: `${year}-Q${Math.floor(within / 3) + 1}` };
  if (kind === 'half') return { kind, of: `${year}-H${Math.floor(within / 6) + 1}` };
  return { kind, of: String(year) };
}

/** The reporting month that holds a day, when months close on `closingDay` (0: calendar months). */
function monthOf(day: string, closingDay: number): number {
  const [year = 0, month = 0, dayOfMonth = 0] = day.split('-').map(Number);
  return year * 12 + month - 1 + (closingDay > 0 && dayOfMonth > closingDay ? 1 : 0);
}

/** The period of a kind that holds today. */
export function current(kind: PeriodKind, closingDay = 0, now = Date.now()): Period {
  const today = dayAt(now);
  if (kind === 'range') return { kind, from: `${today.slice(0, 4)}-01-01`, to: today };
  return at(kind, monthOf(today, closingDay));
}

/** The period of the same kind before (-1) or after (1). A range moves by its own length. */
export function shifted(period: Period, by: number): Period {
  if (period.kind !== 'range') {
    const step = period.kind === 'nine_months' ? 12 : MONTHS[period.kind];
    return at(period.kind, firstMonth(period) + by * step);
  }
  const dayMs = 86_400_000;
  const [from, to] = [Date.parse(period.from), Date.parse(period.to)];
  const length = to - from + dayMs;
  const day = (ms: number) => new Date(ms).toISOString().slice(0, 10);
  return { kind: 'range', from: day(from + by * length), to: day(to + by * length) };
}

/** Its first and last day, when reporting months close on `closingDay` (0: calendar months). */
export function days(period: Period, closingDay = 0): { from: string; to: string } {
  if (period.kind === 'range') return { from: period.from, to: period.to };
  const first = firstMonth(period);
  const end = first + MONTHS[period.kind];
  const day = (month: number, dayOfMonth: number) => new Date(Date.UTC(Math.floor(month / 12), month % 12, dayOfMonth)).toISOString().slice(0, 10);
  if (closingDay === 0) return { from: day(first, 1), to: day(end, 0) };
  return { from: day(first - 1, closingDay + 1), to: day(end - 1, closingDay) };
}

/** What an address says, or `otherwise`. */
export function fromQuery(query: URLSearchParams, otherwise: Period): Period {
  const kind = query.get('kind');
  const [of, from, to] = [query.get('of') ?? '', query.get('from') ?? '', query.get('to') ?? ''];
  const isDay = (text: string) => /^20\d\d-\d\d-\d\d$/.test(text);
  if (kind === 'range' && isDay(from) && isDay(to)) return { kind, from, to };
  const shape = { month: /^20\d\d-(0[1-9]|1[0-2])$/, quarter: /^20\d\d-Q[1-4]$/, half: /^20\d\d-H[12]$/, nine_months: /^20\d\d$/, year: /^20\d\d$/ };
  if (kind && kind in shape && shape[kind as keyof typeof shape].test(of)) return { kind, of } as Period;
  return otherwise;
}

/** As parameters of an address or of the API; what does not apply is null, so that it leaves the address. */
export function toQuery(period: Period): { kind: string; of: string | null; from: string | null; to: string | null } {
  if (period.kind === 'range') return { kind: 'range', of: null, from: period.from, to: period.to };
  return { kind: period.kind, of: period.of, from: null, to: null };
}

/** `Quý III/2026`, as reports write it. */
export function name(period: Period): string {
  if (period.kind === 'range') return t(words.ofRange, { from: date(period.from), to: date(period.to) });
  const [y = '', part = ''] = period.of.split('-');
  const n = Number(part.replace(/\D/g, ''));
  switch (period.kind) {
    case 'month':
      return t(words.ofMonth, { m: n, y });
    case 'quarter':
      return t(words.ofQuarter, { q: ['I', 'II', 'III', 'IV'][n - 1] ?? part, y });
    case 'half':
      return t(n === 1 ? words.ofHalf1 : words.ofHalf2, { y });
    case 'nine_months':
      return t(words.ofNine, { y });
    case 'year':
      return t(words.ofYear, { y });
  }
}
