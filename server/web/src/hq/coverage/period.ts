/** How periods and ranges are written: 03/2026, Quý 1/2026, 2026. */

import type { Lang } from '../../device/contract';

/** The short name of a period from its label: `2026-03`, `2026-Q1` or `2026`. */
export function periodName(label: string, lang: Lang): string {
  const [year = '', part] = label.split('-');
  if (part === undefined) return year;
  if (!part.startsWith('Q')) return `${part}/${year}`;
  return lang === 'vi' ? `Quý ${part.slice(1)}/${year}` : `Q${part.slice(1)} ${year}`;
}
