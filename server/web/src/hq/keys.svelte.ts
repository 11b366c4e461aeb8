/** Keys without a modifier that do something on a page, and the list of them that `?` shows. */

import { untrack } from 'svelte';

import type { Pair } from '../i18n/language.svelte';

export interface Key {
  /** One key (`j`, `Enter`, `?`), or two in a row (`g i`). */
  readonly keys: string;
  readonly does: Pair;
  readonly run: () => void;
  /** Does it again and again while the key is held down. What is decided is decided once a press. */
  readonly repeats?: boolean;
}

/** The second key of two has to follow within this time. */
const PAIR_MS = 1_500;

class Keys {
  #groups = $state.raw<readonly (readonly Key[])[]>([]);
  #first = '';
  #firstAt = 0;

  /** All that work now, those of the page first. */
  get all(): readonly Key[] {
    return this.#groups.flat();
  }

  /** Lets these work until the answer is called; those bound last win. For `$effect(() => keys.bind([…]))`. */
  bind(keys: readonly Key[]): () => void {
    // An effect that binds keys does not run again because others did.
    this.#groups = [keys, ...untrack(() => this.#groups)];
    return () => {
      this.#groups = untrack(() => this.#groups).filter((group) => group !== keys);
    };
  }

  /** Takes a key that was pressed; true when it did something. */
  press(event: KeyboardEvent): boolean {
    if (event.ctrlKey || event.altKey || event.metaKey || event.isComposing || isTyping(event.target)) return false;
    const pair = event.timeStamp - this.#firstAt < PAIR_MS ? `${this.#first} ${event.key}` : '';
    const found = this.all.find(({ keys }) => keys === pair) ?? this.all.find(({ keys }) => keys === event.key);
    if (event.repeat && !found?.repeats) return found !== undefined;
    this.#first = found ? '' : event.key;
    this.#firstAt = event.timeStamp;
    found?.run();
    return found !== undefined;
  }
}

/** Whether keys are letters of a text here, or belong to an open dialog. */
function isTyping(target: EventTarget | null): boolean {
  if (document.querySelector('dialog[open]')) return true;
  if (!(target instanceof HTMLElement)) return false;
  return target.isContentEditable || ['INPUT', 'TEXTAREA', 'SELECT'].includes(target.tagName);
}

export const keys = new Keys();
