/** An account as the pages know it. */

import type { Role } from '../../device/contract';

export const ROLES: readonly Role[] = ['guard', 'officer', 'coordinator', 'administrator'];

/** Roles that have every area. */
export const EVERYWHERE: readonly Role[] = ['coordinator', 'administrator'];

export interface Account {
  id: number;
  username: string;
  display_name: string;
  role: Role;
  areas: string[];
  post?: string | null;
  active: boolean;
  created_at_ms: number;
  manageable: boolean;
}
