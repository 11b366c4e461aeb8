/** One record whole, in the words people read: history, conflicts, tallies, reviews. */
import { both, type Reference } from './reference';
import type { Records, Row } from './records';
import type { ConflictLine, HistoryEntry, MaterialLine, RecordDetail, ReviewLine, Words, WordLists } from '../contract';
import type { Detail } from '../core/core';

/** Labels of the fields of forms, by key. */
const LABELS: Record<string, [vi: string, en: string]> = {
  date: ['Ngày', 'Date'],
  start: ['Giờ bắt đầu', 'Start'],
  duration: ['Thời lượng (phút)', 'Duration (minutes)'],
  village: ['Thôn, bản, khu', 'Village'],
  place_kind: ['Địa điểm', 'Kind of place'],
  gps: ['Vị trí', 'Position'],
  format: ['Hình thức', 'Format'],
  setting: ['Cách tổ chức', 'Setting'],
  attendances: ['Lượt người', 'Attendances'],
  women: ['Trong đó nữ', 'Of which women'],
  under_16: ['Trong đó dưới 16 tuổi', 'Of which under 16'],
  minority: ['Trong đó dân tộc thiểu số', 'Of which ethnic minority'],
  count_basis: ['Cách đếm', 'Counted or estimated'],
  households: ['Số hộ đến thăm', 'Households visited'],
  pledges: ['Bản cam kết', 'Pledges'],
  broadcasts: ['Lượt phát loa', 'Broadcasts'],
  broadcast_minutes: ['Số phút phát loa', 'Broadcast minutes'],
  lead_unit: ['Đơn vị chủ trì', 'Lead unit'],
  note: ['Ghi chú', 'Note'],
  void: ['Lý do hủy', 'Reason for voiding'],
  site: ['Điểm đặt pano', 'Panel site'],
  hotline_wrong: ['Sai số đường dây nóng', 'Wrong hotline number'],
};
/** Keys `prefix/code`: the prefix's label, and the list its codes are in. */
const LISTS: Record<string, { label: [string, string]; list: keyof WordLists }> = {
  topic: { label: ['Nội dung', 'Topic'], list: 'topic' },
  language: { label: ['Ngôn ngữ', 'Language'], list: 'language' },
  partner: { label: ['Đơn vị phối hợp', 'Partner'], list: 'partner' },
  difficulty: { label: ['Khó khăn', 'Difficulty'], list: 'difficulty' },
  hotline: { label: ['Đường dây nóng', 'Hotline'], list: 'hotline' },
  condition: { label: ['Tình trạng', 'Condition'], list: 'condition' },
  team: { label: ['Lực lượng tham gia', 'Team'], list: 'team' },
  material: { label: ['Đã phát', 'Handed out'], list: 'material' },
};
const CODES: Record<string, Words> = {
  standalone: { vi: 'Chuyên đề', en: 'On its own' },
  integrated: { vi: 'Lồng ghép', en: 'Within another meeting' },
  counted: { vi: 'Đếm trực tiếp', en: 'Counted' },
  estimated: { vi: 'Ước lượng', en: 'Estimated' },
  true: { vi: 'Có', en: 'Yes' },
  false: { vi: 'Không', en: 'No' },
};
/** Written once when the record is made; nothing a person changed. */
const HIDDEN = new Set(['schema', 'serial', 'recorder']);

const words = ([vi, en]: [string, string]): Words => ({ vi, en });

/** The label of a field by its key in the record. */
export function fieldLabel(field: string, reference: Reference, name: (recorder: number) => string): Words {
  const label = LABELS[field];
  if (label) return words(label);
  const [prefix = '', code = '', recorder] = field.split('/');
  const of = LISTS[prefix];
  if (!of) return both(field);
  const term = reference.label(of.list, code);
  const whose = recorder === undefined ? '' : ` (${name(Number(recorder))})`;
  return { vi: `${of.label[0]}: ${term.vi}${whose}`, en: `${of.label[1]}: ${term.en}${whose}` };
}

/** One value as people read it; several, of a conflict in the history, are joined with a bar. */
function valueText(field: string, text: string, reference: Reference): Words {
  const one = (part: string): Words => {
    if (field === 'village') return reference.placeName(part);
    if (field === 'site') return both(reference.panel(part)?.name ?? part);
    if (field === 'date') return both(part.split('-').reverse().join('/'));
    if (field === 'start') return both(clock(Number(part)));
    if (field === 'format' || field === 'place_kind' || field === 'lead_unit') return reference.label(field, part);
    if (field === 'note' || field === 'void') return both(part);
    if (/^\d+$/.test(part)) {
      return { vi: Number(part).toLocaleString('vi-VN'), en: Number(part).toLocaleString('en-US') };
    }
    return CODES[part] ?? both(part);
  };
  const parts = field === 'note' ? [one(text)] : text.split(' | ').map(one);
  return { vi: parts.map(({ vi }) => vi).join(' | '), en: parts.map(({ en }) => en).join(' | ') };
}

const clock = (minute: number): string =>
  `${String(Math.floor(minute / 60)).padStart(2, '0')}:${String(minute % 60).padStart(2, '0')}`;

/** Everything one screen shows. */
export function detailOf(row: Row, detail: Detail, records: Records, me: number, draft: string | null): RecordDetail {
  const { reference } = records;
  const name = (recorder: number): string => records.nameOfRecorder(recorder);
  const text = (field: string, value: string | null | undefined): Words | null =>
    value === null || value === undefined ? null : valueText(field, value, reference);
  const history = detail.history.map(
    ({ change, device, at, fields }): HistoryEntry => ({
      change,
      by: records.nameOf(device),
      mine: records.isMine(device),
      atMs: at,
      fields: fields
        .filter(({ field }) => !HIDDEN.has(field))
        .map(({ field, before, after }) => ({
          field,
          label: fieldLabel(field, reference, name),
          before: text(field, before),
          after: text(field, after),
        })),
    }),
  );
  const conflicts = detail.conflicts.map(
    ({ field, values }): ConflictLine => ({
      field,
      label: fieldLabel(field, reference, name),
      values: values.map(({ change, text: value, device, at }) => ({
        change,
        text: valueText(field, value, reference),
        by: records.nameOf(device),
        mine: records.isMine(device),
        atMs: at,
      })),
    }),
  );
  return {
    line: records.line(row),
    session: detail.session ?? null,
    panelCheck: detail.panel_check ?? null,
    material: tallies(detail, reference, name, me),
    voidReason: detail.summary.void ?? null,
    reviews: reviews(row, records),
    history,
    conflicts,
    unknownFields: detail.unknown,
    draft,
  };
}

function tallies(detail: Detail, reference: Reference, name: (recorder: number) => string, me: number): MaterialLine[] {
  const lines = new Map<string, MaterialLine>();
  for (const { kind, recorder, count } of detail.material) {
    const line = lines.get(kind) ?? { kind, label: reference.label('material', kind), total: 0, tallies: [] };
    line.total += count;
    line.tallies.push({ recorder, name: name(recorder), mine: recorder === me, count });
    lines.set(kind, line);
  }
  return [...lines.values()];
}

function reviews(row: Row, records: Records): ReviewLine[] {
  const review = records.review(row);
  if (!review) return [];
  const heads = [...row.summary.heads].sort().join();
  const lines = review.reviews.map((of) => {
    const written = records.summaryOf(of.review);
    return {
      id: of.review,
      decision: of.decision,
      comment: of.comment,
      by: records.nameOf(written?.device ?? ''),
      atMs: written?.created_at ?? 0,
      current: review.live.has(of.review) && [...of.read_heads].sort().join() === heads,
      superseded: !of.void && !review.live.has(of.review),
      withdrawn: of.void,
    };
  });
  return lines.sort((a, b) => b.atMs - a.atMs);
}
