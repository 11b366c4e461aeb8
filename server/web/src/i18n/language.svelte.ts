/** Which language the screens speak: the device keeps the choice, the screens follow it. */

import type { Lang, Words } from '../device/contract';

/** The same words in both languages, beside each other so that neither is forgotten. */
export type Pair = readonly [vi: string, en: string];

export type Values = Readonly<Record<string, string | number>>;

class Language {
  #current = $state<Lang>('vi');

  get current(): Lang {
    return this.#current;
  }

  /** What the device says was chosen. */
  follow(lang: Lang): void {
    this.#current = lang;
    document.documentElement.lang = lang;
  }
}

export const language = new Language();

/**
 * The words in the chosen language. `{name}` stands for a value; `{name:one|many}` for the word that goes with a
 * number, which only English needs.
 */
export function t(words: Pair | Words, values?: Values): string {
  const [vi, en] = 'vi' in words ? [words.vi, words.en] : words;
  const text = language.current === 'vi' ? vi : en;
  if (!values) return text;
  return text.replace(/\{(\w+)(?::([^|}]*)\|([^}]*))?\}/g, (whole, name: string, one?: string, many?: string) => {
    const value = values[name];
    if (value === undefined) return whole;
    if (one === undefined) return String(value);
    return String(value) === '1' ? one : (many ?? '');
  });
}
