/** Pages for those who read what came in. Coordinators and administrators see them too. */

import type { Role } from '../../device/contract';
import type { HqPage } from '../pages';
import { pages as words } from '../words/shell';

const ALL: readonly Role[] = ['officer', 'coordinator', 'administrator'];

export const officerPages: readonly HqPage[] = [
  { path: 'inbox', group: 'review', roles: ALL, label: words.inbox, key: 'i', load: () => import('../officer/Inbox.svelte') },
];
