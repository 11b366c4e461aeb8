/** Pages for those who watch over coverage, material and panels. */

import type { HqPage } from '../pages';

export const coordinatorPages: readonly HqPage[] = [];
