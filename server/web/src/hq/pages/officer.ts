/** Pages for those who read what came in. Coordinators and administrators see them too. */

import type { Role } from '../../device/contract';
import type { HqPage } from '../pages';
import { pages as words } from '../words/shell';

const ALL: readonly Role[] = ['officer', 'coordinator', 'administrator'];

export const officerPages: readonly HqPage[] = [
  { path: 'inbox', group: 'review', roles: ALL, label: words.inbox, key: 'i', load: () => import('../officer/Inbox.svelte') },
  { path: 'sessions', group: 'review', roles: ALL, label: words.sessions, key: 'l', load: () => import('../officer/Sessions.svelte') },
  { path: 'session', group: 'review', roles: ALL, label: words.session, under: 'sessions', load: () => import('../officer/SessionPage.svelte') },
  { path: 'duplicates', group: 'review', roles: ALL, label: words.duplicates, key: 'd', load: () => import('../officer/Duplicates.svelte') },
  { path: 'quarantine', group: 'review', roles: ALL, label: words.quarantine, key: 'q', load: () => import('../officer/Quarantine.svelte') },
  { path: 'report', group: 'review', roles: ALL, label: words.report, key: 'r', load: () => import('../officer/Report.svelte') },
  { path: 'devices', group: 'review', roles: ALL, label: words.devices, key: 'v', load: () => import('../officer/Devices.svelte') },
  { path: 'enrol', group: 'review', roles: ALL, label: words.enrol, key: 'e', load: () => import('../officer/Enrol.svelte') },
  { path: 'carried', group: 'review', roles: ALL, label: words.carried, key: 'f', load: () => import('../officer/Carried.svelte') },
];
