/** Search of names as people type them, by the core; what was folded once is remembered. */
import { foldText, Names as CoreNames } from '../core/core';

export class Names {
  readonly #names: CoreNames;
  readonly #count: number;

  constructor(names: string[]) {
    this.#names = new CoreNames(names);
    this.#count = names.length;
  }

  /** The places of the names that answer, best first. */
  search(query: string, limit = this.#count): number[] {
    return Array.from(this.#names.search(query, limit));
  }
}

const folded = new Map<string, string>();

/** Lower case, without marks. */
export function fold(text: string): string {
  let known = folded.get(text);
  if (known === undefined) {
    known = foldText(text);
    // Distinct texts are names of places, formats and people: some thousands at most.
    if (folded.size > 20_000) folded.clear();
    folded.set(text, known);
  }
  return known;
}
