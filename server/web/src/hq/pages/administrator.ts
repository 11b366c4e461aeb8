/** Pages for those who keep accounts, posts and reference data. */

import type { HqPage } from '../pages';

export const administratorPages: readonly HqPage[] = [];
