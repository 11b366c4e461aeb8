import { expect, test } from 'vitest';

import type { Pair } from './language.svelte';
import * as app from './words/app';
import * as form from './words/form';
import * as phone from './words/phone';
import * as record from './words/record';

const headquarters = Object.values(import.meta.glob<object>('../hq/words/*.ts', { eager: true }));

const all = [app, form, phone, record, ...headquarters].flatMap((words) =>
  Object.values(words).flatMap((group) => Object.entries(group as Record<string, Pair>)),
);

test('every text stands in both languages', () => {
  for (const [key, [vi, en]] of all) {
    expect(vi, key).not.toBe('');
    expect(en, key).not.toBe('');
  }
});

test('both languages name the same values', () => {
  const names = (text: string) => [...new Set([...text.matchAll(/\{(\w+)/g)].map(([, name]) => name))].sort();
  for (const [key, [vi, en]] of all) expect(names(en), key).toEqual(names(vi));
});

test('a session is returned for completion, never refused, and attendances are no people', () => {
  for (const [key, [vi]] of all) expect(vi.toLowerCase(), key).not.toMatch(/từ chối|số người/);
});

test('sent is not received', () => {
  expect(app.standing.sent[0]).toBe('Đã gửi');
  expect(app.standing.stored[0]).toBe('Máy chủ đã nhận');
});
