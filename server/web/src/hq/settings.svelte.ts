/** The settings in force, asked for once; pages begin with what is usual until they are here. */

import { ask } from './api';
import type { Settings } from './shapes';

const USUAL: Settings = { closing_day: 0, panel_check_days: 180, unreached_days: 90, small_count: 5, basemap_style_url: null, report_issuer: '' };

class InForce {
  #now = $state.raw<Settings | undefined>();
  #asked: Promise<void> | undefined;

  fetch(): Promise<void> {
    this.#asked ??= ask<Settings>('GET', '/v1/settings').then(
      (settings) => void (this.#now = settings),
      (error: unknown) => {
        this.#asked = undefined;
        throw error;
      },
    );
    return this.#asked;
  }

  take(settings: Settings): void {
    this.#now = settings;
  }

  /** Whether the server said them. */
  get isKnown(): boolean {
    return this.#now !== undefined;
  }

  get now(): Settings {
    return this.#now ?? USUAL;
  }
}

export const settings = new InForce();
