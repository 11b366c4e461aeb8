/** The states of the inbox, in the order in which an officer goes through them. */

import type { Pair } from '../../i18n/language.svelte';
import { inbox as words } from '../words/inbox';

/** What `GET /v1/inbox` answers. */
export interface InboxCounts {
  states: Record<'new' | 'amended' | 'disputed' | 'returned' | 'confirmed' | 'voided', Waiting>;
  conflicts: Waiting;
  duplicates: { count: number };
  quarantined: Waiting;
  recoveries: { count: number };
}

interface Waiting {
  count: number;
  oldest_received_at_ms?: number | null;
}

export interface InboxState {
  readonly path: string;
  readonly label: Pair;
  readonly count: (of: InboxCounts) => Waiting;
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
