import { expect, test } from 'vitest';

import type { PanelCheckDraft, PanelCheckForm } from '../contract';
import { keepPlain, openDatabase } from '../store/database';
import { Store } from '../store/store';
import { Cipher } from '../vault/cipher';
import { Drafts } from './drafts';

const FORM: PanelCheckForm = { area: null, site: null, date: '2026-11-20', hotline_wrong: null, conditions: [], note: '' };
const NEW = { kind: 'panel_check' as const, record: null, form: FORM, base: null };
let databases = 0;

async function fresh(): Promise<{ store: Store; drafts: Drafts }> {
  const db = await openDatabase(`drafts-${(databases += 1)}`);
  await keepPlain(db, { device: 'd2b5eb75f419a7b0' });
  const store = await Store.open(db, await Cipher.of(new Uint8Array(32).fill(5)));
  return { store, drafts: await Drafts.open(store) };
}

const kept = async (store: Store): Promise<string[]> =>
  (await store.everySealed<PanelCheckDraft>('draft')).map(({ form }) => form.note);

test('of many keystrokes the newest is what stays, and each save waits for it', async () => {
  const { store, drafts } = await fresh();
  const { id } = await drafts.add<PanelCheckDraft>(NEW);
  const typed = 'bien bao bi mo';
  await Promise.all([...typed].map((_, at) => drafts.save(id, { ...FORM, note: typed.slice(0, at + 1) })));
  expect(await kept(store)).toEqual([typed]);
  await drafts.save(id, { ...FORM, note: 'sau cùng' });
  expect(await kept(store)).toEqual(['sau cùng']);
});

test('a draft that was discarded while it was saved does not come back', async () => {
  const { store, drafts } = await fresh();
  const { id } = await drafts.add<PanelCheckDraft>(NEW);
  const saving = drafts.save(id, { ...FORM, note: 'đang ghi' });
  await drafts.discard(id);
  await saving;
  expect(await kept(store)).toEqual([]);
  await expect(drafts.save(id, FORM)).rejects.toMatchObject({ code: 'draft.unknown' });
});

test('drafts are there again after the store was opened again', async () => {
  const { store, drafts } = await fresh();
  const { id } = await drafts.add<PanelCheckDraft>(NEW, ['head']);
  await drafts.save(id, { ...FORM, note: 'mai làm tiếp' });
  const again = await Drafts.open(store);
  expect(again.draft(id)).toMatchObject({ form: { note: 'mai làm tiếp' }, heads: ['head'], record: null });
});
