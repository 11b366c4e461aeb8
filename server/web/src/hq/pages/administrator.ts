/** Pages for those who keep accounts, posts and reference data. */

import type { HqPage } from '../pages';
import { pages as words } from '../words/pages';

export const administratorPages: readonly HqPage[] = [
  { path: 'accounts', group: 'administration', roles: ['administrator'], label: words.accounts, load: () => import('../admin/AccountsPage.svelte') },
  { path: 'posts', group: 'administration', roles: ['administrator'], label: words.posts, load: () => import('../admin/PostsPage.svelte') },
  { path: 'import', group: 'administration', roles: ['coordinator', 'administrator'], label: words.import, load: () => import('../admin/ImportPage.svelte') },
  { path: 'settings', group: 'administration', roles: ['administrator'], label: words.settings, load: () => import('../admin/SettingsPage.svelte') },
];
