/** The states of the inbox, in the order in which an officer goes through them. */

import type { Pair } from '../../i18n/language.svelte';
import type { Shape } from '../api';
import { inbox as words } from '../words/inbox';

/** Of possible duplicates no age is told. */
type Waiting = Pick<Shape<'InboxWaiting'>, 'count'> & Partial<Shape<'InboxWaiting'>>;

export interface InboxState {
  readonly path: string;
  readonly label: Pair;
  readonly count: (of: Shape<'Inbox'>) => Waiting;
  /** Sessions of it, as parameters of the list; none: it has a page of its own. */
  readonly query?: Readonly<Record<string, string>>;
  readonly page?: string;
  /** Somebody has to look at it: its count stands out. */
  readonly isWork: boolean;
}

export const STATES: readonly InboxState[] = [
  { path: 'new', label: words.new, count: (of) => of.states.new, query: { state: 'new' }, isWork: true },
  { path: 'amended', label: words.amended, count: (of) => of.states.amended, query: { state: 'amended' }, isWork: true },
  { path: 'disputed', label: words.disputed, count: (of) => of.states.disputed, query: { state: 'disputed' }, isWork: true },
  { path: 'conflicts', label: words.conflicts, count: (of) => of.conflicts, query: { conflict: 'true' }, isWork: true },
  { path: 'duplicates', label: words.duplicates, count: (of) => of.duplicates, page: 'duplicates', isWork: true },
  { path: 'quarantined', label: words.quarantined, count: (of) => of.quarantined, page: 'quarantine', isWork: true },
  { path: 'returned', label: words.returned, count: (of) => of.states.returned, query: { state: 'returned' }, isWork: false },
  { path: 'confirmed', label: words.confirmed, count: (of) => of.states.confirmed, query: { state: 'confirmed' }, isWork: false },
];
