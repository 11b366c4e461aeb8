import { expect, test } from 'vitest';

import { codeOf } from './code';

test('a code is read however it was typed', () => {
  for (const text of ['G8PS-NDRC-9P', 'g8ps ndrc 9p', 'G8PSNDRC9P', ' g8ps-ndrc-9p ']) expect(codeOf(text)).toBe('G8PS-NDRC-9P');
});

test('letters that look like digits are read as those', () => {
  expect(codeOf('ILO0-0000-00')).toBe('1100-0000-00');
});

test('a code is found in the address of a QR code', () => {
  expect(codeOf('https://banlang.example/#enrol=G8PS-NDRC-9P')).toBe('G8PS-NDRC-9P');
  expect(codeOf('#enrol=G8PSNDRC9P')).toBe('G8PS-NDRC-9P');
});

test('what is no code is not taken for one', () => {
  for (const text of ['', '#/records', 'G8PS-NDRC', 'U8PS-NDRC-9P', 'https://example.org/G8PSNDRC9P', '50% off', '#enrol=%E0%A4%A', 'WIFI:T:WPA;S:Don;P:100%;;']) expect(codeOf(text)).toBeUndefined();
});
