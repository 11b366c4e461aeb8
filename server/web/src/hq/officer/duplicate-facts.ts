/** Two sessions field by field, so that what differs stands out. */

import { date, number } from '../../i18n/format';
import { language, t } from '../../i18n/language.svelte';
import { fields, values } from '../../i18n/words/form';
import { lists } from '../../ui/form/lists.svelte';
import type { Session } from '../record/session';
import { tagsOf } from '../record/tags';
import { reading } from '../words/record';
import { sessions as words } from '../words/sessions';

export interface Line {
  key: string;
  label: string;
  a: string;
  b: string;
  differs: boolean;
}

type Say = (session: Session) => string;

const count = (value: number | null | undefined): string => (value === null || value === undefined ? '–' : number(value, language.current));
const word = (list: 'format' | 'place_kind' | 'lead_unit', code: string | null | undefined): string => (code ? lists.word(list, code) : '–');

/** What is compared, in the order of the form; lines on which both are silent are left out. */
export function compared(a: Session, b: Session): Line[] {
  const material = [...new Set([...Object.keys(a.material), ...Object.keys(b.material)])].sort();
  const rows: readonly (readonly [key: string, label: string, say: Say])[] = [
    ['date', t(fields.date), (of) => (of.date ? date(of.date) : '–')],
    ['start', t(fields.start), (of) => of.start ?? '–'],
    ['place', t(words.village), (of) => of.place ?? '–'],
    ['area', t(words.unit), (of) => of.area_name],
    ['place_kind', t(fields.place_kind), (of) => word('place_kind', of.place_kind)],
    ['format', t(fields.format), (of) => word('format', of.format)],
    ['setting', t(fields.setting), (of) => (of.setting ? t(values[of.setting as keyof typeof values]) : '–')],
    ['attendances', t(fields.attendances), (of) => count(of.attendances)],
    ['women', t(fields.women), (of) => count(of.women)],
    ['under_16', t(fields.under_16), (of) => count(of.under_16)],
    ['minority', t(fields.minority), (of) => count(of.minority)],
    ...material.map((kind) => [`material/${kind}`, lists.word('material', kind), (of: Session) => count(of.material[kind])] as const),
    ['topic', t(fields.topic), (of) => tagsOf(of).topics.map((code) => lists.word('topic', code)).join('; ') || '–'],
    ['language', t(fields.language), (of) => tagsOf(of).languages.map((code) => lists.word('language', code)).join('; ') || '–'],
    ['lead_unit', t(fields.lead_unit), (of) => word('lead_unit', of.lead_unit)],
    ['partner', t(fields.partner), (of) => tagsOf(of).partners.map((code) => lists.word('partner', code)).join('; ') || '–'],
    ['note', t(reading.note), (of) => of.note || '–'],
    ['recorder', t(reading.recordedBy), (of) => of.recorder_name ?? `#${of.recorder}`],
  ];
  return rows
    .map(([key, label, say]) => ({ key, label, a: say(a), b: say(b), differs: say(a) !== say(b) }))
    .filter((line) => line.a !== '–' || line.b !== '–');
}
