/** Numbers, days and times as people here write them: 1.250, 03/07/2026, 14:05. */

import type { Lang } from '../device/contract';

/** Vietnam's clock is seven hours ahead of UTC, all year. */
const ZONE_MS = 7 * 3_600_000;
const DAY_MS = 86_400_000;

const WEEKDAYS = {
  vi: ['Chủ nhật', 'Thứ hai', 'Thứ ba', 'Thứ tư', 'Thứ năm', 'Thứ sáu', 'Thứ bảy'],
  en: ['Sunday', 'Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday'],
} as const;

/** A whole number with its thousands apart: dots in Vietnamese, commas in English. */
export function number(value: number, lang: Lang): string {
  return String(value).replace(/\B(?=(\d{3})+$)/g, lang === 'vi' ? '.' : ',');
}

/** A whole number as people type it, thousands apart or not; `undefined` when it is none. */
export function parseNumber(text: string): number | undefined {
  const digits = text.replace(/[\s.,\u00a0]/g, '');
  return /^\d{1,9}$/.test(digits) ? Number(digits) : undefined;
}

/** A day `yyyy-mm-dd` as dd/mm/yyyy. */
export function date(day: string): string {
  const [year, month, dayOfMonth] = day.split('-');
  return `${dayOfMonth}/${month}/${year}`;
}

/** A day as people type it (3/7/2026, 03/07/2026, 3-7-2026, 03072026) as `yyyy-mm-dd`; `undefined` when there is none. */
export function parseDate(text: string): string | undefined {
  const found = /^\s*(\d{1,2})[/.\-\s](\d{1,2})[/.\-\s](\d{4})\s*$/.exec(text) ?? /^\s*(\d{2})(\d{2})(\d{4})\s*$/.exec(text);
  if (!found) return undefined;
  const [day, month, year] = [Number(found[1]), Number(found[2]), Number(found[3])];
  const at = new Date(Date.UTC(year, month - 1, day));
  const exists = at.getUTCMonth() === month - 1 && at.getUTCDate() === day && year >= 1900;
  return exists ? at.toISOString().slice(0, 10) : undefined;
}

/** The day in Vietnam at a moment, `yyyy-mm-dd`. */
export function dayAt(ms: number): string {
  return new Date(ms + ZONE_MS).toISOString().slice(0, 10);
}

/** The day so many days later. */
export function addDays(day: string, days: number): string {
  return new Date(Date.parse(`${day}T00:00:00Z`) + days * DAY_MS).toISOString().slice(0, 10);
}

export function weekday(day: string, lang: Lang): string {
  return WEEKDAYS[lang][new Date(`${day}T00:00:00Z`).getUTCDay()] ?? '';
}

/** The time of day in Vietnam, hh:mm. */
export function time(ms: number): string {
  return new Date(ms + ZONE_MS).toISOString().slice(11, 16);
}

/** A moment in Vietnam, dd/mm/yyyy hh:mm. */
export function moment(ms: number): string {
  return `${date(dayAt(ms))} ${time(ms)}`;
}

/** A minute of the day, 0 to 1439, as hh:mm. */
export function minuteOfDay(minute: number): string {
  const two = (value: number) => String(value).padStart(2, '0');
  return `${two(Math.floor(minute / 60))}:${two(minute % 60)}`;
}

/** hh:mm or h:mm as a minute of the day; `undefined` when it is no time. */
export function parseMinute(text: string): number | undefined {
  const found = /^\s*(\d{1,2})[:.hg](\d{2})\s*$/i.exec(text);
  if (!found) return undefined;
  const [hour, minute] = [Number(found[1]), Number(found[2])];
  return hour < 24 && minute < 60 ? hour * 60 + minute : undefined;
}

/** A text as it begins a line: `thôn Nà Choòng` as `Thôn Nà Choòng`. */
export function capital(text: string): string {
  return text.charAt(0).toLocaleUpperCase('vi') + text.slice(1);
}

/** A number of bytes, in the unit in which a person can compare it. */
export function bytes(count: number, lang: Lang): string {
  const decimal = (value: number) => value.toFixed(1).replace('.', lang === 'vi' ? ',' : '.');
  if (count < 1_000) return `${count} B`;
  if (count < 1_000_000) return count < 10_000 ? `${decimal(count / 1_000)} kB` : `${number(Math.round(count / 1_000), lang)} kB`;
  return count < 1_000_000_000 ? `${decimal(count / 1_000_000)} MB` : `${decimal(count / 1_000_000_000)} GB`;
}
