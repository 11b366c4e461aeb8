/** Words for spans of time. */

import type { Pair } from '../../i18n/language.svelte';

export const span = {
  days: ['{n} ngày', '{n} {n:day|days}'],
  hours: ['{n} giờ', '{n} {n:hour|hours}'],
  minutes: ['{n} phút', '{n} {n:minute|minutes}'],
  short: ['dưới một phút', 'less than a minute'],
  now: ['vừa xong', 'just now'],
  ago: ['{span} trước', '{span} ago'],
  oldest: ['cũ nhất {span}', 'oldest {span}'],
} as const satisfies Record<string, Pair>;
