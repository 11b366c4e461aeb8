/** The period report as the API gives it, and what its page makes of it. */

import { number } from '../../i18n/format';
import { language } from '../../i18n/language.svelte';
import type { Shape } from '../api';
import { hq, type Query } from '../query';

export type Figure = Shape<'ReportFigure'>;
export type PeriodReport = Shape<'PeriodReport'>;
type Group = Shape<'ReportGroup'>;

/** A figure by its key; null when the report has none. */
export function valueOf(report: PeriodReport, key: string): number | null {
  return report.figures.find((figure) => figure.key === key)?.now ?? null;
}

/** Figures by group, in the order in which they came; lines of nothing in all three periods are left out of lists of codes. */
export function grouped(report: PeriodReport): { group: Group; figures: Figure[] }[] {
  const groups = new Map<Group, Figure[]>();
  for (const figure of report.figures) {
    const isListed = LISTED.has(figure.group);
    if (isListed && !figure.now && !figure.before && !figure.year_before) continue;
    groups.set(figure.group, [...(groups.get(figure.group) ?? []), figure]);
  }
  return [...groups].map(([group, figures]) => ({ group, figures }));
}

/** Groups with a line for each code there is. */
const LISTED = new Set<Group>(['material', 'formats', 'topics', 'languages', 'difficulties']);
/** The filter of the sessions behind a line of these groups. */
const FILTERS: Partial<Record<Group, string>> = { formats: 'format', topics: 'topic', languages: 'language', difficulties: 'difficulty' };

/** The sessions behind a figure; none where it does not count sessions. */
export function behind(report: PeriodReport, figure: Figure): string | undefined {
  const days: Query = { from: report.from, to: report.to, area: report.unit ?? null };
  if (figure.group === 'results' || figure.group === 'material') return hq('sessions', days);
  const filter = FILTERS[figure.group];
  const code = figure.key.split('.')[1];
  return filter && code ? hq('sessions', { ...days, [filter]: code }) : undefined;
}

/** `+12`, `−3`, `0`, and its share when there is something to compare with: `(+8,5 %)`. */
export function difference(now: number | null | undefined, then: number | null | undefined): { by: string; share: string } {
  if (now === null || now === undefined || then === null || then === undefined) return { by: '–', share: '' };
  const by = now - then;
  const signed = (text: string) => `${by > 0 ? '+' : by < 0 ? '−' : ''}${text}`;
  const whole = signed(number(Math.abs(by), language.current));
  if (then === 0 || by === 0) return { by: whole, share: '' };
  const share = Math.abs((by / then) * 100);
  const shown = share >= 100 ? number(Math.round(share), language.current) : share.toFixed(1).replace('.', language.current === 'vi' ? ',' : '.');
  return { by: whole, share: `(${signed(shown)}\u00a0%)` };
}
