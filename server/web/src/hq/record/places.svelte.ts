/** Names of villages by their value in a record (`id:…`, `name:…`), asked of the device once each. */

import { SvelteMap } from 'svelte/reactivity';

import type { Words } from '../../device/contract';
import { t } from '../../i18n/language.svelte';
import { phone } from '../../ui/phone.svelte';

class Places {
  readonly #known = new SvelteMap<string, Words>();
  readonly #asked = new Set<string>();

  /** The name, or the value until it is here. */
  name(village: string): string {
    const known = this.#known.get(village);
    if (known) return t(known);
    if (!this.#asked.has(village)) {
      this.#asked.add(village);
      void phone.device.placeName(village).then((words) => this.#known.set(village, words));
    }
    return village.replace(/^(id|name):/, '');
  }
}

export const places = new Places();
