/** How safe the storage is, and how much is left. */
import type { StorageState } from '../contract';

const LOW_BYTES = 50 << 20;
const LOW_SHARE = 0.1;
const EVERY_MS = 60_000;

type Watched = Pick<StorageState, 'persisted' | 'usedBytes' | 'quotaBytes' | 'low'>;

export class StorageWatch {
  state: Watched = { low: false };
  readonly #onChange: () => void;

  constructor(onChange: () => void) {
    this.#onChange = onChange;
    void this.look();
    setInterval(() => {
      if (document.visibilityState === 'visible') void this.look();
    }, EVERY_MS);
  }

  async look(): Promise<void> {
    const [persisted, estimate] = await Promise.all([navigator.storage.persisted(), navigator.storage.estimate()]);
    const { usage, quota } = estimate;
    const left = quota !== undefined && usage !== undefined ? quota - usage : undefined;
    const low = left !== undefined && quota !== undefined && (left < LOW_BYTES || left < quota * LOW_SHARE);
    const next: Watched = {
      persisted,
      low,
      ...(usage !== undefined && { usedBytes: usage }),
      ...(quota !== undefined && { quotaBytes: quota }),
    };
    if (JSON.stringify(next) === JSON.stringify(this.state)) return;
    this.state = next;
    this.#onChange();
  }

  async persist(): Promise<boolean> {
    const granted = await navigator.storage.persist();
    await this.look();
    return granted;
  }
}
