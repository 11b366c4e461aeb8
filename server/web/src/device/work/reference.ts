/** Reference data kept for the time without signal: units, villages, panels, lists of words, in both languages. */
import { fold, Names } from './names';
import type { AreaName, HotlineLine, Term, Words, WordLists } from '../contract';
import { knownLists } from '../core/core';

interface Unit {
  area: string;
  name: string;
}
interface Village {
  id: string;
  name: string;
  kind: string;
  sample: boolean;
  merged_into: string | null;
  former_names: string[];
  units: Record<string, { code: number; basis: string }>;
  suggested: Record<string, number>;
}
interface Site {
  id: string;
  name: string;
  area: string;
  village_id: string | null;
  sample: boolean;
}
interface Word {
  id: string;
  vi: string;
  en: string;
}
export interface Bundle {
  version: number;
  units: Unit[];
  lineage: { from: string; to: string }[];
  villages: Village[];
  terms: Record<string, Word[]>;
  hotlines: (Word & { valid_to: string | null })[];
  posts: { sample: boolean }[];
  panels: Site[];
}

/** A village of today, and the unit a record there belongs to. */
export interface Place {
  ref: string;
  kind: string;
  name: string;
  formerNames: string[];
  area: string | null;
  own: boolean;
  sample: boolean;
}

/** The list in the bundle that supplies each list of words; the others are the app's own. */
const SUPPLIED: Partial<Record<keyof WordLists, string>> = {
  format: 'formats',
  topic: 'topics',
  partner: 'partners',
  language: 'languages',
  difficulty: 'difficulties',
  place_kind: 'places',
  material: 'materials',
  condition: 'panel-conditions',
};

const EMPTY: Bundle = {
  version: 0,
  units: [],
  lineage: [],
  villages: [],
  terms: {},
  hotlines: [],
  posts: [],
  panels: [],
};

export class Reference {
  readonly version: number;
  readonly isSample: boolean;
  readonly places: Place[];
  readonly panels: (Site & { own: boolean; recordArea: string | null })[];
  readonly words: WordLists;
  readonly hotlines: HotlineLine[];
  readonly #areas: string[];
  readonly #units: Map<string, string>;
  readonly #byRef: Map<string, Place>;
  readonly #villages: Map<string, Village>;
  readonly #ancestors = new Map<string, Set<string>>();
  readonly #lineage: Bundle['lineage'];
  readonly #labels = new Map<string, Words>();
  #names: { names: Names; places: Place[] } | undefined;
  #panelNames: Names | undefined;

  /** `areas`: those granted; empty: all. */
  constructor(bundle: Bundle | undefined, areas: string[]) {
    const of = bundle ?? EMPTY;
    this.version = of.version;
    this.#areas = areas;
    this.#lineage = of.lineage;
    this.#units = new Map(of.units.map(({ area, name }) => [area, name]));
    this.#villages = new Map(of.villages.map((village) => [village.id, village]));
    this.isSample = of.villages.some(({ sample }) => sample) || of.posts.some(({ sample }) => sample);
    const newest = [...this.#units.keys()].map((area) => area.slice(0, 4)).sort().at(-1) ?? '';
    this.places = of.villages
      .filter(({ merged_into }) => merged_into === null)
      .map((village) => this.#place(village, newest));
    this.#byRef = new Map(this.places.map((place) => [place.ref, place]));
    this.panels = of.panels.map((panel) => {
      const recordArea = this.granted(panel.area);
      return { ...panel, own: recordArea !== null && areas.length > 0, recordArea };
    });
    this.hotlines = of.hotlines.filter(({ valid_to }) => valid_to === null).map(({ id, vi, en }) => ({ number: id, label: { vi, en } }));
    this.words = this.#lists(of);
    for (const [list, terms] of Object.entries(this.words)) {
      for (const { code, label } of terms as Term[]) this.#labels.set(`${list}/${code}`, label);
    }
  }

  #place(village: Village, newest: string): Place {
    const areas = Object.entries(village.units).map(([generation, { code }]) => `${generation}-${String(code).padStart(5, '0')}`);
    const granted = areas.filter((area) => this.#areas.includes(area)).sort();
    const inNewest = areas.find((area) => area.startsWith(`${newest}-`)) ?? null;
    return {
      ref: `id:${village.id}`,
      kind: village.kind,
      name: village.name,
      formerNames: village.former_names,
      area: granted.at(-1) ?? inNewest,
      own: granted.length > 0,
      sample: village.sample,
    };
  }

  #lists(bundle: Bundle): WordLists {
    const known = knownLists() as unknown as WordLists;
    const lists = { ...known };
    for (const [list, supplied] of Object.entries(SUPPLIED) as [keyof WordLists, string][]) {
      const terms = bundle.terms[supplied];
      if (terms && terms.length > 0) lists[list] = terms.map(({ id, vi, en }) => ({ code: id, label: { vi, en } }));
    }
    if (this.hotlines.length > 0) {
      lists.hotline = this.hotlines.map(({ number, label }) => ({ code: number, label }));
    }
    return lists;
  }

  /** The words of a code, or the code. */
  label(list: keyof WordLists, code: string): Words {
    return this.#labels.get(`${list}/${code}`) ?? { vi: code, en: code };
  }

  areaName(area: string): string {
    return this.#units.get(area) ?? area;
  }

  /** The areas a person may record in. */
  ownAreas(): AreaName[] {
    const newest = [...this.#units.keys()].map((area) => area.slice(0, 4)).sort().at(-1) ?? '';
    const areas = this.#areas.length > 0 ? this.#areas : [...this.#units.keys()].filter((area) => area.startsWith(newest));
    return areas.map((area) => ({ area, name: this.areaName(area) }));
  }

  /** The place a `village` value names today, over mergers; none for one that is not on the list. */
  place(village: string): Place | undefined {
    let id = village.startsWith('id:') ? village.slice(3) : '';
    for (let steps = 0; id !== '' && steps <= this.#villages.size; steps += 1) {
      const into = this.#villages.get(id)?.merged_into;
      if (into === null || into === undefined) break;
      id = into;
    }
    return this.#byRef.get(`id:${id}`);
  }

  /** A `village` value as people read it. */
  placeName(village: string): Words {
    if (village.startsWith('name:')) return both(village.slice(5));
    const place = this.#villages.get(village.slice(3));
    return both(place ? `${place.kind} ${place.name}` : village.slice(3));
  }

  panel(site: string): (typeof this.panels)[number] | undefined {
    return this.panels.find(({ id }) => id === site);
  }

  /** The granted area that holds what is registered under `area`: itself, or what it became; null: none. */
  granted(area: string): string | null {
    if (this.#areas.length === 0 || this.#areas.includes(area)) return area;
    const holding = this.#areas.filter((granted) => this.#ancestorsOf(granted).has(area));
    return holding.length === 1 ? (holding[0] ?? null) : null;
  }

  #ancestorsOf(area: string): Set<string> {
    const known = this.#ancestors.get(area);
    if (known) return known;
    const found = new Set<string>();
    const open = [area];
    for (let next = open.pop(); next !== undefined; next = open.pop()) {
      for (const { from, to } of this.#lineage) {
        if (to !== next || found.has(from)) continue;
        found.add(from);
        open.push(from);
      }
    }
    this.#ancestors.set(area, found);
    return found;
  }

  /** The places whose name, or a former name, answers the query; best first. */
  find(query: string): Place[] {
    if (!this.#names) {
      const named = this.places.flatMap((place) => [place.name, ...place.formerNames].map((name) => ({ name, place })));
      this.#names = { names: new Names(named.map(({ name }) => name)), places: named.map(({ place }) => place) };
    }
    const { names, places } = this.#names;
    const hits = names.search(query).flatMap((at) => places[at] ?? []);
    return [...new Set(hits)];
  }

  findPanels(query: string): typeof this.panels {
    this.#panelNames ??= new Names(this.panels.map(({ id, name, area }) => `${name} ${this.areaName(area)} ${id}`));
    return fold(query) === '' ? this.panels : this.#panelNames.search(query).flatMap((at) => this.panels[at] ?? []);
  }
}

export const both = (text: string): Words => ({ vi: text, en: text });
