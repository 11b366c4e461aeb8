/** What crosses between the core and the page, on the very file that is shipped. */
import { readFile } from 'node:fs/promises';

import { beforeAll, expect, test } from 'vitest';

import * as core from './core/core';
import type { SessionForm } from './core/core';
import { asProblem } from './problem';

const AUTHOR: core.ChangeAuthor = { actor: '0102030405060708' + '00'.repeat(8), recorder: 7, at: 1_795_392_000_000 };
const OTHER: core.ChangeAuthor = { ...AUTHOR, actor: '1112131415161718' + '00'.repeat(8), recorder: 8 };
const SESSION = 1;

const EMPTY: SessionForm = {
  area: null,
  date: null,
  start: null,
  duration: null,
  village: null,
  place_kind: null,
  gps: null,
  format: null,
  setting: null,
  attendances: null,
  women: null,
  under_16: null,
  minority: null,
  count_basis: null,
  households: null,
  pledges: null,
  broadcasts: null,
  broadcast_minutes: null,
  lead_unit: null,
  topics: [],
  languages: [],
  partners: [],
  difficulties: [],
  hotlines: [],
  team: {},
  material: {},
  note: '',
};

const FORM: SessionForm = {
  ...EMPTY,
  date: '2026-11-20',
  start: '19:30',
  duration: 90,
  village: 'name:Nhà văn hóa Nà Ếch',
  gps: '21.53,107.46',
  format: 'village_meeting',
  setting: 'integrated',
  attendances: 42,
  women: 20,
  count_basis: 'counted',
  topics: ['hotline', 'tricks'],
  team: { police: 2 },
  material: { leaflet: 30 },
  note: 'Bà con hỏi nhiều về đường dây nóng.',
};

beforeAll(async () => {
  core.initSync({ module: await readFile(new URL('./core/core_bg.wasm', import.meta.url)) });
});

const faults = (call: () => void): string[] => {
  try {
    call();
  } catch (error) {
    return asProblem(error).fields.map(({ field }) => field);
  }
  return [];
};

const seen = (changes: Uint8Array[], recorder = 7): core.Detail => core.detail(SESSION, changes, '2025-06841', recorder);

test('a session reads back as the form it was made of', () => {
  const made = core.createSession(FORM, AUTHOR, 1n);
  const detail = seen([made.bytes]);
  expect(detail.session).toEqual({ ...FORM, area: '2025-06841' });
  expect(detail.summary).toMatchObject({ kind: 'session', serial: 1, recorder: 7, device: '0102030405060708', attendances: 42, void: null });
  expect(core.summarise(SESSION, [made.bytes])).toEqual(detail.summary);
});

test('every field that is not accepted is named at once, in both languages', () => {
  const bad = { ...FORM, date: '31/02/2026', start: '25:00', duration: 0, attendances: 1.5, women: -1, village: null, note: 'x'.repeat(2001), team: { police: 2e9 } };
  expect(faults(() => core.checkSession([], EMPTY, bad)).sort()).toEqual(['attendances', 'date', 'duration', 'start', 'team/police', 'village', 'women']);
  expect(faults(() => core.createSession({ ...FORM, note: bad.note }, AUTHOR, 1n))).toEqual(['note']);
  expect(faults(() => core.checkSession([], EMPTY, { ...FORM, women: 43, under_16: 50 }))).toEqual(['women', 'under_16']);
  expect(faults(() => core.checkSession([], EMPTY, FORM))).toEqual([]);
});

test('an edit writes only what differs, so two edits of different fields disagree about nothing', () => {
  const made = core.createSession(FORM, AUTHOR, 1n);
  const opened = seen([made.bytes]).session ?? EMPTY;
  const mine = core.editSession(made.record, [made.bytes], opened, { ...opened, attendances: 45 }, AUTHOR);
  const theirs = core.editSession(made.record, [made.bytes], opened, { ...opened, women: 22, topics: ['law', 'tricks'] }, OTHER);
  const merged = seen([made.bytes, mine?.bytes ?? new Uint8Array(), theirs?.bytes ?? new Uint8Array()]);
  expect(merged.conflicts).toEqual([]);
  expect(merged.session).toMatchObject({ attendances: 45, women: 22, topics: ['law', 'tricks'] });
  expect(core.editSession(made.record, [made.bytes], opened, opened, AUTHOR)).toBeUndefined();
});

test('each person writes an own tally of material', () => {
  const made = core.createSession(FORM, AUTHOR, 1n);
  const theirs = seen([made.bytes], 8).session ?? EMPTY;
  expect(theirs.material).toEqual({});
  const added = core.editSession(made.record, [made.bytes], theirs, { ...theirs, material: { leaflet: 12 } }, OTHER);
  const both = seen([made.bytes, added?.bytes ?? new Uint8Array()]);
  expect(both.summary.material).toEqual({ leaflet: 42 });
  expect(both.session?.material).toEqual({ leaflet: 30 });
});

test('people who differ are settled by choosing one of their values', () => {
  const made = core.createSession(FORM, AUTHOR, 1n);
  const opened = seen([made.bytes]).session ?? EMPTY;
  const edits = [
    core.editSession(made.record, [made.bytes], opened, { ...opened, attendances: 45 }, AUTHOR),
    core.editSession(made.record, [made.bytes], opened, { ...opened, attendances: 50 }, OTHER),
  ].map((of) => of?.bytes ?? new Uint8Array());
  const changes = [made.bytes, ...edits];
  const [conflict] = seen(changes).conflicts;
  expect(conflict?.values.map(({ text }) => text).sort()).toEqual(['45', '50']);
  const chosen = conflict?.values.find(({ text }) => text === '45')?.change ?? '';
  const settled = core.resolve(SESSION, made.record, changes, 'attendances', chosen, AUTHOR);
  const after = seen([...changes, settled.bytes]);
  expect([after.conflicts, after.session?.attendances]).toEqual([[], 45]);
  expect(faults(() => core.resolve(SESSION, made.record, changes, 'attendances', 'ff'.repeat(32), AUTHOR))).toEqual(['attendances']);
});

test('a change whose predecessor is not here waits and is not lost', () => {
  const made = core.createSession(FORM, AUTHOR, 1n);
  const opened = seen([made.bytes]).session ?? EMPTY;
  const first = core.editSession(made.record, [made.bytes], opened, { ...opened, attendances: 45 }, AUTHOR)?.bytes ?? new Uint8Array();
  const second = core.editSession(made.record, [made.bytes, first], { ...opened, attendances: 45 }, { ...opened, attendances: 46 }, AUTHOR);
  const partly = core.summarise(SESSION, [made.bytes, second?.bytes ?? new Uint8Array()]);
  expect([partly.waiting, partly.attendances]).toEqual([1, 42]);
});

test('names are found without tone marks, whichever way tones are placed', () => {
  const names = new core.Names(['Nà Choòng', 'Hoành Mô', 'Đồng Văn', 'Hoà Bình', 'Ké']);
  expect([...names.search('na choong', 9)]).toEqual([0]);
  expect([...names.search('hòa', 9)]).toEqual([3, 1]);
  expect([...names.search('DONG V', 9)]).toEqual([2]);
  expect(core.foldText('Lục Hồn, Cẩm Phả')).toBe('luc hon cam pha');
});

test('text is stored composed, however it was typed', () => {
  const made = core.createSession({ ...FORM, note: FORM.note.normalize('NFD') }, AUTHOR, 1n);
  expect(seen([made.bytes]).session?.note).toBe(FORM.note);
});

test('codes read back however they are written, and a wrong character is named', () => {
  const shown = core.recoveryCheckCode('0101010101010101', new TextEncoder().encode('envelope'), 'age1xyz');
  expect(core.readCode(shown.toLowerCase().replaceAll('-', ' '))).toBe(shown);
  expect(faults(() => core.readCode('AAAA-AAAA-AB'))).toEqual(['code']);
});

test('an instance that ended is replaced by a new one', () => {
  core.__wbg_reset_state();
  expect(seen([core.createSession(FORM, AUTHOR, 2n).bytes]).summary.serial).toBe(2);
});
