/**
 * The rows of a query, fetched a page at a time as they come into view. What was fetched stays on the screen until the
 * newer answer is here, so that a sync never empties a list under a person's thumb.
 */

import type { ListQuery, RecordLine, RecordPage } from '../device/contract';
import { phone } from './phone.svelte';
import type { Rows } from './window';

const PAGE_ROWS = 100;

export class Pages {
  total = $state(0);
  sessions = $state(0);
  attendances = $state(0);
  /** Whether any answer is here yet. */
  ready = $state(false);
  #rows = $state.raw<ReadonlyMap<number, RecordLine>>(new Map());
  #asked = new Set<number>();
  #query: ListQuery = {};
  #round = 0;

  /** Asks anew: another query, or the records changed. `wanted` are the rows in view. */
  async ask(query: ListQuery, wanted: Rows): Promise<void> {
    const round = (this.#round += 1);
    this.#query = query;
    const first = Math.floor(wanted.first / PAGE_ROWS);
    const page = await this.#fetch(first);
    if (round !== this.#round) return;
    this.#asked = new Set([first]);
    this.#rows = new Map();
    this.#take(first, page);
    this.ready = true;
    this.show(wanted);
  }

  /** Makes sure that these rows are here, or on their way. */
  show(wanted: Rows): void {
    if (!this.ready) return;
    const round = this.#round;
    for (let page = Math.floor(wanted.first / PAGE_ROWS); page * PAGE_ROWS < Math.min(wanted.end, this.total); page += 1) {
      if (this.#asked.has(page)) continue;
      this.#asked.add(page);
      void this.#fetch(page).then((answer) => {
        if (round === this.#round) this.#take(page, answer);
      });
    }
  }

  row(at: number): RecordLine | undefined {
    return this.#rows.get(at);
  }

  #fetch(page: number): Promise<RecordPage> {
    return phone.device.list({ ...this.#query, offset: page * PAGE_ROWS, limit: PAGE_ROWS });
  }

  #take(page: number, answer: RecordPage): void {
    this.total = answer.total;
    this.sessions = answer.sessions;
    this.attendances = answer.attendances;
    this.#rows = new Map([...this.#rows, ...answer.rows.map((row, at) => [page * PAGE_ROWS + at, row] as const)]);
  }
}
