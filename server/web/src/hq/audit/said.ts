/** A row of the audit as people say it. */

import { moment } from '../../i18n/format';
import { t, type Pair } from '../../i18n/language.svelte';
import { units } from '../units.svelte';
import { actions, details } from '../words/audit';
import { shell } from '../words/shell';

/** Names of accounts by their number. */
export type People = ReadonlyMap<number, string>;

/** The action's words, or its code when it is newer than this page. */
export function actionName(code: string): string {
  const words = (actions as Readonly<Record<string, Pair>>)[code];
  return words ? t(words) : code;
}

/** What was done to: a person by name, where the subject is an account. */
export function subjectName(action: string, subject: string, people: People): string {
  return /^(account|enrolment-code)\./.test(action) ? (people.get(Number(subject)) ?? subject) : subject;
}

function value(key: string, of: unknown, people: People): string {
  if (of === null || of === undefined || of === '') return '–';
  if (typeof of === 'boolean') return t(of ? details.yes : details.no);
  if (Array.isArray(of)) return of.length === 0 ? '–' : of.map((part) => value(key, part, people)).join(', ');
  if (typeof of === 'object') return detailText(of as Record<string, unknown>, people);
  if (typeof of === 'number' && key.endsWith('_ms')) return moment(of);
  if (typeof of === 'number' && key === 'account') return people.get(of) ?? String(of);
  if (key === 'role' && typeof of === 'string' && of in shell) return t(shell[of as 'guard']);
  if (typeof of === 'string' && /^\d{4}-\d{5}$/.test(of)) return units.name(of);
  return String(of);
}

/** What a row tells beside its action: `lý do: …; định dạng: xlsx`. */
export function detailText(detail: Readonly<Record<string, unknown>>, people: People = new Map()): string {
  const names = details as Readonly<Record<string, Pair>>;
  return Object.entries(detail)
    .map(([key, of]) => `${names[key] ? t(names[key]) : key}: ${value(key, of, people)}`)
    .join('; ');
}
