/** The pages of headquarters: where they are, who sees them, what fetches them. */

import type { Component } from 'svelte';
import type { Open, Role } from '../device/contract';
import type { Pair } from '../i18n/language.svelte';
import { administratorPages } from './pages/administrator';
import { coordinatorPages } from './pages/coordinator';
import { officerPages } from './pages/officer';
import { shell } from './words/shell';

/** What every page is given. Filters are in `query`; see `filter` in `address.ts`. */
export interface PageProps {
  open: Open;
  /** What follows the page's name in the address: `#/hq/session/ID` gives `[ID]`. */
  rest: readonly string[];
  query: URLSearchParams;
}

export type Group = 'review' | 'oversight' | 'administration';

export interface HqPage {
  /** `inbox` of `#/hq/inbox`. */
  readonly path: string;
  readonly group: Group;
  readonly roles: readonly Role[];
  readonly label: Pair;
  /** Second key after `g`. */
  readonly key?: string;
  /** The page of the navigation it belongs to, when it has no place of its own there. */
  readonly under?: string;
  readonly load: () => Promise<{ default: Component<PageProps> }>;
}

export const GROUPS: readonly { group: Group; label: Pair }[] = [
  { group: 'review', label: shell.review },
  { group: 'oversight', label: shell.oversight },
  { group: 'administration', label: shell.administration },
];

const ALL: readonly HqPage[] = [...officerPages, ...coordinatorPages, ...administratorPages];

/** Where each role begins. */
const FIRST: Partial<Record<Role, string>> = { officer: 'inbox', coordinator: 'coverage', administrator: 'accounts' };

/** The pages of a role. */
export function pagesOf(role: Role): readonly HqPage[] {
  return ALL.filter(({ roles }) => roles.includes(role));
}

/** Where a role begins; the first page it has, while its own is not built. */
export function firstOf(role: Role): string {
  const pages = pagesOf(role);
  return pages.find(({ path }) => path === FIRST[role])?.path ?? pages[0]?.path ?? '';
}
