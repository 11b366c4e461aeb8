/**
 * Remembers, apart from the database, that a device was enrolled here: when the browser evicts the database, the app
 * can say so. A cookie of the first party survives most evictions; it holds a time and nothing else.
 */
const NAME = 'banlang-enrolled';
const LIFE_S = 400 * 24 * 3600;
/** The time is written at most so often. */
const FRESH_MS = 3600_000;

export class Marker {
  #written = 0;

  /** When the device was last open here; nothing when none ever was. */
  remembered(): { lastSeenMs?: number } | undefined {
    const cookie = document.cookie.split('; ').find((part) => part.startsWith(`${NAME}=`));
    const text = localStorage.getItem(NAME) ?? cookie?.slice(NAME.length + 1);
    if (text === undefined || text === null) return undefined;
    const at = Number(text);
    return Number.isFinite(at) && at > 0 ? { lastSeenMs: at } : {};
  }

  seen(): void {
    const now = Date.now();
    if (now - this.#written < FRESH_MS) return;
    this.#written = now;
    localStorage.setItem(NAME, String(now));
    const secure = location.protocol === 'https:' ? '; Secure' : '';
    document.cookie = `${NAME}=${now}; Max-Age=${LIFE_S}; Path=/; SameSite=Strict${secure}`;
  }
}
