import { describe, expect, test } from 'vitest';

import { addDays, bytes, capital, date, dayAt, minuteOfDay, moment, number, parseDate, parseMinute, parseNumber, weekday } from './format';

describe('numbers', () => {
  test('thousands have dots in Vietnamese and commas in English', () => {
    expect(number(822_994, 'vi')).toBe('822.994');
    expect(number(1_000_000, 'en')).toBe('1,000,000');
    expect(number(999, 'vi')).toBe('999');
  });

  test('a number is read with its thousands apart or not', () => {
    for (const text of ['1250', '1.250', '1,250', ' 1 250 ']) expect(parseNumber(text)).toBe(1_250);
  });

  test('what is no whole number is not read', () => {
    for (const text of ['', '4x', '-1', '1e3', '1234567890']) expect(parseNumber(text)).toBeUndefined();
  });
});

describe('days', () => {
  test('a day is read as people write it and shown as dd/mm/yyyy', () => {
    for (const text of ['3/7/2026', '03/07/2026', '3-7-2026', '03.07.2026', '03072026']) expect(parseDate(text)).toBe('2026-07-03');
    expect(date('2026-07-03')).toBe('03/07/2026');
  });

  test('a day that does not exist is not read', () => {
    for (const text of ['31/02/2026', '0/1/2026', '1/13/2026', '3/7/26', 'x']) expect(parseDate(text)).toBeUndefined();
  });

  test('a day begins at midnight in Vietnam', () => {
    expect(dayAt(Date.UTC(2026, 10, 22, 16, 59))).toBe('2026-11-22');
    expect(moment(Date.UTC(2026, 10, 22, 17, 0))).toBe('23/11/2026 00:00');
  });

  test('days are stepped over the end of a month', () => {
    expect(addDays('2026-02-28', 1)).toBe('2026-03-01');
    expect(weekday('2026-11-25', 'vi')).toBe('Thứ tư');
  });
});

test('times are read as hh:mm or 8h30', () => {
  expect(parseMinute('7:05')).toBe(425);
  expect(parseMinute('8h30')).toBe(510);
  expect(minuteOfDay(425)).toBe('07:05');
  for (const text of ['24:00', '7:60', '7', '']) expect(parseMinute(text)).toBeUndefined();
});

test('bytes are shown in a unit a person can compare', () => {
  expect(bytes(454, 'vi')).toBe('454 B');
  expect(bytes(3_400, 'vi')).toBe('3,4 kB');
  expect(bytes(512_000, 'en')).toBe('512 kB');
  expect(bytes(2_100_000_000, 'vi')).toBe('2,1 GB');
});

test('a text begins a line with a capital', () => {
  expect(capital('đường dây nóng')).toBe('Đường dây nóng');
  expect(capital('')).toBe('');
});
