/** A session as the API gives it. */

import type { Shape } from '../api';

/** What the description does not hold yet. */
interface Settled {
  /** The session that counts in this one's place, when a person linked them. */
  counted_as?: string | null;
  /** How many others may be the same event and nobody decided. */
  suspects?: number;
}

export type Session = Shape<'Session'> & Settled;
export type SessionDetail = Shape<'SessionDetail'> & Settled;
