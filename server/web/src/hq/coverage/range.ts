/** The range a page of coverage asks for, from its address: this reporting year unless it says another. */

import type { Query } from '../address';
import { current, days, fromQuery, type Period } from '../period';

export function rangeOf(query: URLSearchParams, closingDay: number): { period: Period; from: string; to: string } {
  const period = fromQuery(query, current('year', closingDay));
  return { period, ...days(period, closingDay) };
}

/** Unit and generation as the API takes them. */
export function unitOf(query: URLSearchParams): Query {
  return { generation: query.get('generation'), unit: query.get('unit') };
}
