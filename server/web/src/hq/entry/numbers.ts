/** Numbers and days as people type them into a form. */

import { date, dayAt, parseDate, parseNumber } from '../../i18n/format';

/** A whole number from `least` to `most`, or undefined. */
export function whole(text: string, least: number, most = 999_999_999): number | undefined {
  const value = parseNumber(text);
  return value !== undefined && value >= least && value <= most ? value : undefined;
}

/** Today as a form shows it. */
export function todayText(): string {
  return date(dayAt(Date.now()));
}

/** `yyyy-mm-dd` of a day that was typed and has come, or undefined. */
export function day(text: string): string | undefined {
  const found = parseDate(text);
  return found !== undefined && found <= dayAt(Date.now()) ? found : undefined;
}
