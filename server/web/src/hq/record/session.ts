/** A session as the API gives it. */

import type { Shape } from '../api';

export type Session = Shape<'Session'>;
export type SessionDetail = Shape<'SessionDetail'>;
