/** What a record says, field by field, as a person reads it; empty fields are left out. */

import type { PanelCheckForm, SessionForm, WordLists, Words } from '../../device/contract';
import { language, t } from '../../i18n/language.svelte';
import { date, number } from '../../i18n/format';
import { type FieldKey, fields, values } from '../../i18n/words/form';
import { lists } from '../form/lists.svelte';

/** What a field is called: as in the form; a tally or a part of the team as the device tells them apart. */
export function fieldLabel(field: string, told: Words): string {
  return field in fields ? t(fields[field as FieldKey]) : t(told);
}

export interface Fact {
  field: FieldKey;
  label: string;
  text: string;
}

type Value = string | undefined;

const count = (value: number | null): Value => (value === null ? undefined : number(value, language.current));
const word = (list: keyof WordLists, code: string | null): Value => (code === null ? undefined : lists.word(list, code));
const all = (list: keyof WordLists, codes: readonly string[]): Value =>
  codes.length === 0 ? undefined : codes.map((code) => lists.word(list, code)).join('; ');
const closed = (value: keyof typeof values | null): Value => (value === null ? undefined : t(values[value]));

function facts(rows: readonly (readonly [FieldKey, Value])[]): Fact[] {
  return rows.flatMap(([field, text]) => (text === undefined || text === '' ? [] : [{ field, label: t(fields[field]), text }]));
}

/** All of a session but its place, day, attendances and material, which stand above. */
export function sessionFacts(form: SessionForm): Fact[] {
  const team = Object.entries(form.team).map(([role, present]) => `${lists.word('team', role)}: ${number(present, language.current)}`);
  return facts([
    ['format', word('format', form.format)],
    ['start', form.start ?? undefined],
    ['duration', count(form.duration)],
    ['place_kind', word('place_kind', form.place_kind)],
    ['setting', closed(form.setting)],
    ['topic', all('topic', form.topics)],
    ['language', all('language', form.languages)],
    ['women', count(form.women)],
    ['under_16', count(form.under_16)],
    ['minority', count(form.minority)],
    ['count_basis', closed(form.count_basis)],
    ['households', count(form.households)],
    ['pledges', count(form.pledges)],
    ['broadcasts', count(form.broadcasts)],
    ['broadcast_minutes', count(form.broadcast_minutes)],
    ['lead_unit', word('lead_unit', form.lead_unit)],
    ['partner', all('partner', form.partners)],
    ['team', team.join('; ')],
    ['hotline', all('hotline', form.hotlines)],
    ['difficulty', all('difficulty', form.difficulties)],
    ['gps', form.gps?.replace(',', ', ')],
    ['note', form.note],
  ]);
}

/** All of a panel check but its site. */
export function panelFacts(form: PanelCheckForm): Fact[] {
  return facts([
    ['date', form.date ? date(form.date) : undefined],
    ['condition', all('condition', form.conditions)],
    ['hotline_wrong', form.hotline_wrong === null ? undefined : t(values[form.hotline_wrong ? 'true' : 'false'])],
    ['note', form.note],
  ]);
}
