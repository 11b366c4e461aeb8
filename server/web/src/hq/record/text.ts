/** What stands in a record, field by field, as a person reads it. Keys are those of the record: `topic/law`, `start`. */

import { date, minuteOfDay, number } from '../../i18n/format';
import { language, t } from '../../i18n/language.svelte';
import { fields, values, type FieldKey } from '../../i18n/words/form';
import type { WordLists } from '../../device/contract';
import { lists } from '../../ui/form/lists.svelte';
import { places } from './places.svelte';

/** Keys `prefix/code`: the prefix is a field of the form, the code a word of this list. */
const LISTED: Record<string, keyof WordLists> = {
  topic: 'topic',
  language: 'language',
  partner: 'partner',
  difficulty: 'difficulty',
  hotline: 'hotline',
  team: 'team',
  material: 'material',
};

/** Written once when a record is made; nothing a person said. */
const HIDDEN = new Set(['schema', 'serial', 'recorder']);

export const isShown = (field: string): boolean => !HIDDEN.has(field);

/** What a field is called. */
export function fieldName(field: string): string {
  const [prefix = '', code] = field.split('/');
  const name = prefix in fields ? t(fields[prefix as FieldKey]) : prefix;
  const list = LISTED[prefix];
  return code === undefined || !list ? name : `${name}: ${lists.word(list, code)}`;
}

/** One value of a field; several of a conflict, joined with a bar, stay apart. */
export function valueText(field: string, text: string): string {
  if (field === 'note' || field === 'void') return text;
  return text.split(' | ').map((part) => one(field, part)).join(' | ');
}

function one(field: string, text: string): string {
  if (field === 'village') return places.name(text);
  if (field === 'date') return date(text);
  if (field === 'start') return /^\d+$/.test(text) ? minuteOfDay(Number(text)) : text;
  if (field === 'format' || field === 'place_kind' || field === 'lead_unit') return lists.word(field, text);
  if (text in values) return t(values[text as keyof typeof values]);
  return /^\d+$/.test(text) ? number(Number(text), language.current) : text;
}
