/** Pages for those who watch over coverage, material and panels. */

import type { Role } from '../../device/contract';
import type { HqPage } from '../pages';
import { pages as words } from '../words/pages';

const ALL: readonly Role[] = ['officer', 'coordinator', 'administrator'];
const PROVINCE: readonly Role[] = ['coordinator', 'administrator'];

export const coordinatorPages: readonly HqPage[] = [
  { path: 'coverage', group: 'oversight', roles: ALL, label: words.coverage, key: 'c', load: () => import('../coverage/CoveragePage.svelte') },
  { path: 'trend', group: 'oversight', roles: ALL, label: words.trend, key: 't', load: () => import('../coverage/TrendPage.svelte') },
  { path: 'map', group: 'oversight', roles: ALL, label: words.map, key: 'm', load: () => import('../map/MapPage.svelte') },
  { path: 'unreached', group: 'oversight', roles: ALL, label: words.unreached, key: 'u', load: () => import('../coverage/UnreachedPage.svelte') },
  { path: 'plans', group: 'oversight', roles: ALL, label: words.plans, load: () => import('../registers/PlansPage.svelte') },
  { path: 'material', group: 'oversight', roles: ALL, label: words.material, load: () => import('../registers/MaterialPage.svelte') },
  { path: 'panels', group: 'oversight', roles: ALL, label: words.panels, key: 'p', load: () => import('../registers/PanelsPage.svelte') },
  { path: 'clubs', group: 'oversight', roles: ALL, label: words.clubs, load: () => import('../registers/ClubsPage.svelte') },
  { path: 'media', group: 'oversight', roles: ALL, label: words.media, load: () => import('../registers/MediaPage.svelte') },
  { path: 'figures', group: 'oversight', roles: ALL, label: words.figures, load: () => import('../registers/FiguresPage.svelte') },
  { path: 'choices', group: 'oversight', roles: ALL, label: words.choices, load: () => import('../admin/ChoicesPage.svelte') },
  { path: 'exports', group: 'oversight', roles: ALL, label: words.exports, key: 'x', load: () => import('../exports/ExportsPage.svelte') },
  { path: 'audit', group: 'oversight', roles: PROVINCE, label: words.audit, key: 'a', load: () => import('../audit/AuditPage.svelte') },
];
