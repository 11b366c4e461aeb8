/** The period a register's rows are listed for: this year unless the address says another. */

import { current, days, fromQuery } from '../period';
import { settings } from '../settings.svelte';

export function periodOf(query: URLSearchParams): { period: ReturnType<typeof fromQuery>; from: string; to: string } {
  const closing = settings.now.closing_day;
  const period = fromQuery(query, current('year', closing));
  return { period, ...days(period, closing) };
}
