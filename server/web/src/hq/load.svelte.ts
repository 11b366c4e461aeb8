/**
 * What a page asks the server for, in the four states every page shows: loading, empty, an error that can be tried
 * again, and the answer. What was shown stays until the newer answer is here.
 */

import { told } from '../ui/phone.svelte';

export class Loaded<T> {
  /** The newest answer; undefined until the first. */
  value = $state.raw<T | undefined>();
  /** Why there is no newer answer; empty when there is. */
  trouble = $state('');
  /** Whether an answer is awaited. */
  isLoading = $state(true);
  #round = $state(0);
  #asked = 0;

  constructor(ask: () => Promise<T> | undefined) {
    $effect(() => {
      void this.#round;
      const asked = (this.#asked += 1);
      const answer = ask();
      this.isLoading = answer !== undefined;
      answer?.then(
        (value) => this.#take(asked, () => ((this.value = value), (this.trouble = ''))),
        (error: unknown) => this.#take(asked, () => (this.trouble = told(error))),
      );
    });
  }

  /** Answers that were overtaken by a newer question are dropped. */
  #take(asked: number, done: () => void): void {
    if (asked !== this.#asked) return;
    done();
    this.isLoading = false;
  }

  /** Asks again. */
  again(): void {
    this.#round += 1;
  }
}

/**
 * Asks at once, and again whenever something changes that `ask` reads before it awaits anything. An `ask` that answers
 * `undefined` has nothing to ask for yet. Called while a component is made.
 */
export function load<T>(ask: () => Promise<T> | undefined): Loaded<T> {
  return new Loaded(ask);
}
