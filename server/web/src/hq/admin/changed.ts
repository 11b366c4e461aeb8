/** What an import changes of a row, as people read it. */

import { t } from '../../i18n/language.svelte';
import type { Lang } from '../../device/contract';
import type { ImportReport } from '../shapes';
import { units } from '../units.svelte';
import { importFields } from '../words/admin';

type Change = ImportReport['changed'][number]['fields'][number];

const isArea = (text: string) => /^\d{4}-\d{5}$/.test(text);

/** A unit with the generation it is of; several of them, as an import lists them, in their order. */
export function places(areas: string): string {
  return areas
    .split(', ')
    .map((area) => (isArea(area) ? `${units.name(area)} (${area.slice(0, 4)})` : area))
    .join(', ');
}

/** `vĩ độ – → 21,620`. */
export function changed({ field, from, to }: Change, lang: Lang): string {
  const words = importFields[field];
  return `${words ? t(words) : field} ${value(field, from, lang)} → ${value(field, to, lang)}`;
}

function value(field: string, of: unknown, lang: Lang): string {
  if (of === null || of === undefined || of === '' || (Array.isArray(of) && of.length === 0)) return '–';
  if (typeof of === 'number' && field.endsWith('_e3')) return (of / 1000).toFixed(3).replace('.', lang === 'vi' ? ',' : '.');
  if (Array.isArray(of)) return of.map((one) => value('', one, lang)).join(', ');
  if (typeof of === 'object') return Object.entries(of).map(([generation, unit]) => place(generation, unit)).join(', ');
  return typeof of === 'string' ? places(of) : String(of);
}

/** Units stand by their generation: a code, or a code with why it is held. */
function place(generation: string, unit: unknown): string {
  const code = typeof unit === 'object' && unit !== null && 'code' in unit ? unit.code : unit;
  return typeof code === 'number' ? places(`${generation}-${String(code).padStart(5, '0')}`) : `${generation}: ${String(code)}`;
}
