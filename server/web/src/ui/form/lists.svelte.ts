/** The lists of words behind the chips, in the chosen language. They change only with the reference data. */

import type { Term, WordLists } from '../../device/contract';
import { t } from '../../i18n/language.svelte';
import { phone } from '../phone.svelte';

export interface Option {
  code: string;
  label: string;
}

class Lists {
  #lists = $state.raw<WordLists | undefined>();
  #version: number | undefined;

  /** Asks the device when the reference data is newer than what is here. */
  refresh(version: number): void {
    if (this.#version === version) return;
    this.#version = version;
    void phone.device.words().then((lists) => (this.#lists = lists));
  }

  options(list: keyof WordLists): Option[] {
    return (this.#lists?.[list] ?? []).map((term: Term) => ({ code: term.code, label: t(term.label) }));
  }

  /** The word of a code, or the code. */
  word(list: keyof WordLists, code: string): string {
    const term = this.#lists?.[list].find((known) => known.code === code);
    return term ? t(term.label) : code;
  }
}

export const lists = new Lists();
