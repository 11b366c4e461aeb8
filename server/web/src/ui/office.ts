/** Who works at headquarters. */

import type { Open } from '../device/contract';

/** Whether this person reviews, coordinates or administers. A guard's phone has nothing of headquarters. */
export function isOffice(open: Open | undefined): open is Open {
  return open !== undefined && open.profile.role !== 'guard';
}
