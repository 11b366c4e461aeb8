/** The commune-level units of every generation, asked for once; names in lists and pickers. */

import { addDays, date } from '../i18n/format';
import { t } from '../i18n/language.svelte';
import { ask } from './api';
import { unit as words } from './words/shell';

export interface Unit {
  /** `2025-06841`. */
  area: string;
  /** With its kind: `Xã Hoành Mô`. */
  name: string;
  kind: string;
  district: string | null;
  valid_from_day: number | null;
  valid_to_day: number | null;
}

class Units {
  #all = $state.raw<readonly Unit[] | undefined>();
  #asked: Promise<void> | undefined;

  /** Asks for them, once; rejects when the server did not answer. */
  fetch(): Promise<void> {
    this.#asked ??= ask<{ items: Unit[] }>('GET', '/v1/reference/units').then(
      ({ items }) => void (this.#all = items),
      (error: unknown) => {
        this.#asked = undefined;
        throw error;
      },
    );
    return this.#asked;
  }

  get all(): readonly Unit[] {
    return this.#all ?? [];
  }

  /** Generations there are, the newest first. */
  get generations(): string[] {
    return [...new Set(this.all.map(({ area }) => area.slice(0, 4)))].sort().reverse();
  }

  /** Those of a generation, by name. */
  of(generation: string): Unit[] {
    const collator = new Intl.Collator('vi');
    return this.all.filter(({ area }) => area.startsWith(generation)).sort((a, b) => collator.compare(bare(a), bare(b)));
  }

  /** The name of a unit, or its code while names are not here. */
  name(area: string): string {
    return this.all.find((unit) => unit.area === area)?.name ?? area;
  }

  /** When a generation was in force, in words. */
  generationName(generation: string): string {
    const some = this.all.filter(({ area }) => area.startsWith(generation));
    const from = some.find(({ valid_from_day }) => valid_from_day !== null)?.valid_from_day;
    if (from !== undefined && from !== null) return t(words.since, { day: date(addDays('1970-01-01', from)) });
    const to = some.find(({ valid_to_day }) => valid_to_day !== null)?.valid_to_day;
    return to === undefined || to === null ? generation : t(words.before, { day: date(addDays('1970-01-01', to + 1)) });
  }
}

/** The name without its kind. */
function bare(unit: Unit): string {
  return unit.name.toLocaleLowerCase('vi').startsWith(unit.kind) ? unit.name.slice(unit.kind.length + 1) : unit.name;
}

export const units = new Units();
