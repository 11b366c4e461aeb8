/**
 * What the coverage table shows, made from the server's answer: villages under their communes, sums for each commune
 * and period, and only the rows of communes that are open.
 */

import type { components } from '../../device/api';

type Schemas = components['schemas'];
export type Coverage = Schemas['Coverage'];
export type Village = Schemas['VillageCoverage'];
export type Cell = Schemas['VillagePeriod'];
export type State = Schemas['VillageState'];

/** Which number a cell shows. */
export type Measure = 'sessions' | 'attendances';

/** The sum over the villages of a commune, in one period or over all of them. */
export interface Sum {
  done: number;
  confirmed: number;
  attendances: number;
  /** None where a filter stands: nobody plans by topic or language. */
  planned: number | null;
  villages: number;
  /** Villages with a session. */
  reached: number;
  /** Villages without a session of which a device may still bring one. */
  unheard: number;
  /** Villages without a session that no device covered. */
  unassigned: number;
}

export interface Commune {
  /** `2025-06841`, or "" for villages of which a person has to choose the unit. */
  unit: string;
  name: string;
  villages: Village[];
  /** In the order of the periods. */
  sums: Sum[];
  total: Sum;
}

export type Row =
  | { kind: 'commune'; commune: Commune; open: boolean }
  | { kind: 'village'; village: Village; total: Sum };

export function nothing(): Sum {
  return { done: 0, confirmed: 0, attendances: 0, planned: 0, villages: 0, reached: 0, unheard: 0, unassigned: 0 };
}

function add(sum: Sum, cell: Cell): void {
  sum.done += cell.done;
  sum.confirmed += cell.confirmed;
  sum.attendances += cell.attendances;
  sum.planned = sum.planned === null || cell.planned == null ? null : sum.planned + cell.planned;
  sum.villages += 1;
  if (cell.done > 0) sum.reached += 1;
  else if (cell.state === 'unheard') sum.unheard += 1;
  else if (cell.state === 'unassigned') sum.unassigned += 1;
}

/** A village over all periods: reached when it was in any of them, unheard when in none and some period is. */
export function over(village: Village): Sum {
  const sum = nothing();
  for (const cell of village.periods) add(sum, cell);
  const reached = sum.reached > 0;
  return {
    ...sum,
    villages: 1,
    reached: reached ? 1 : 0,
    unheard: !reached && sum.unheard > 0 ? 1 : 0,
    unassigned: !reached && sum.unheard === 0 && sum.unassigned > 0 ? 1 : 0,
  };
}

function join(sum: Sum, other: Sum): void {
  sum.done += other.done;
  sum.confirmed += other.confirmed;
  sum.attendances += other.attendances;
  sum.planned = sum.planned === null || other.planned === null ? null : sum.planned + other.planned;
  sum.villages += other.villages;
  sum.reached += other.reached;
  sum.unheard += other.unheard;
  sum.unassigned += other.unassigned;
}

/** The sum of sums. */
export function together(sums: Iterable<Sum>): Sum {
  const whole = nothing();
  for (const sum of sums) join(whole, sum);
  return whole;
}

/** Communes in the order of their names as people read them; villages without a unit come last. */
export function communes(coverage: Coverage, name: (unit: string) => string): Commune[] {
  const found = new Map<string, Commune>();
  for (const village of coverage.villages) {
    const unit = village.unit ?? '';
    let commune = found.get(unit);
    if (!commune) {
      commune = { unit, name: unit === '' ? '' : name(unit), villages: [], sums: coverage.periods.map(nothing), total: nothing() };
      found.set(unit, commune);
    }
    commune.villages.push(village);
    village.periods.forEach((cell, at) => {
      const sum = commune.sums[at];
      if (sum) add(sum, cell);
    });
    join(commune.total, over(village));
  }
  const order = new Intl.Collator('vi');
  const rank = (commune: Commune) => (commune.unit === '' ? 1 : 0);
  return [...found.values()].sort((a, b) => rank(a) - rank(b) || order.compare(a.name, b.name));
}

/** The rows in sight: each commune, and below one that is open its villages. */
export function rows(communes: readonly Commune[], open: ReadonlySet<string>): Row[] {
  return communes.flatMap((commune): Row[] => {
    const shown = open.has(commune.unit);
    const head: Row = { kind: 'commune', commune, open: shown };
    return shown ? [head, ...commune.villages.map((village): Row => ({ kind: 'village', village, total: over(village) }))] : [head];
  });
}

/** Five steps of colour for a number of sessions, 0 for none. The steps are those of the legend. */
export function step(done: number): number {
  if (done <= 0) return 0;
  if (done === 1) return 1;
  if (done === 2) return 2;
  return done <= 4 ? 3 : 4;
}

/** The same steps for a share of villages reached. */
export function shareStep(sum: Sum): number {
  if (sum.villages === 0 || sum.reached === 0) return 0;
  return Math.max(1, Math.ceil((4 * sum.reached) / sum.villages));
}
