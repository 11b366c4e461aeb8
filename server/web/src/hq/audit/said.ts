/** A row of the audit as people say it. */

import type { Pair } from '../../i18n/language.svelte';
import { t } from '../../i18n/language.svelte';
import { actions, details } from '../words/audit';

/** The action's words, or its code when it is newer than this page. */
export function actionName(code: string): string {
  const words = (actions as Readonly<Record<string, Pair>>)[code];
  return words ? t(words) : code;
}

function value(of: unknown): string {
  if (of === null || of === undefined) return '–';
  if (typeof of === 'boolean') return t(of ? details.yes : details.no);
  if (Array.isArray(of)) return of.map(value).join(', ');
  if (typeof of === 'object') return detailText(of as Record<string, unknown>);
  return String(of);
}

/** What a row tells beside its action: `lý do: …; định dạng: xlsx`. */
export function detailText(detail: Readonly<Record<string, unknown>>): string {
  const names = details as Readonly<Record<string, Pair>>;
  return Object.entries(detail)
    .map(([key, of]) => `${names[key] ? t(names[key]) : key}: ${value(of)}`)
    .join('; ');
}
