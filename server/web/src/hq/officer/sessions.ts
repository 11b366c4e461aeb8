/** Sessions as they are read: the one after the one that is open is fetched ahead, so that forty go by in minutes. */

import { read } from '../api';
import type { SessionDetail } from '../record/session';

/** What was fetched ahead is used within this time. */
const FRESH_MS = 60_000;

const ahead = new Map<string, { atMs: number; session: Promise<SessionDetail> }>();

/** Fetches a session before it is opened. */
export function fetchAhead(id: string): void {
  const known = ahead.get(id);
  if (known && Date.now() - known.atMs < FRESH_MS) return;
  const session = read('/v1/sessions/{id}', { path: { id } });
  ahead.set(id, { atMs: Date.now(), session });
  // Opening it asks again and says why.
  session.catch(() => ahead.delete(id));
}

/** The session, as it stood at most a minute ago; `anew`: as it stands. */
export function fetchSession(id: string, anew = false): Promise<SessionDetail> {
  const known = ahead.get(id);
  ahead.delete(id);
  if (!anew && known && Date.now() - known.atMs < FRESH_MS) return known.session;
  return read('/v1/sessions/{id}', { path: { id } });
}
