/** Spans of time in words: how old, how late. */

import type { Pair } from '../i18n/language.svelte';
import { t } from '../i18n/language.svelte';
import { span as words } from './words/span';

const MINUTE = 60_000;
const UNITS: readonly (readonly [atLeastMs: number, ms: number, words: Pair])[] = [
  [48 * 60 * MINUTE, 24 * 60 * MINUTE, words.days],
  [90 * MINUTE, 60 * MINUTE, words.hours],
  [MINUTE, MINUTE, words.minutes],
];

/** `3 ngày`, `5 giờ`, `12 phút`; under a minute in words. */
export function span(ms: number): string {
  const found = UNITS.find(([atLeast]) => ms >= atLeast);
  return found ? t(found[2], { n: Math.floor(ms / found[1]) }) : t(words.short);
}

/** How long ago a moment was. */
export function ago(atMs: number, nowMs = Date.now()): string {
  const ms = nowMs - atMs;
  return ms < MINUTE ? t(words.now) : t(words.ago, { span: span(ms) });
}
