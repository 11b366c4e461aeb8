/** Reference data, in both languages. */
import type { Term, Words } from '../core/core';

/** The lists of words; what headquarters supplied, else what the app was built with. */
export interface WordLists {
  format: Term[];
  topic: Term[];
  partner: Term[];
  lead_unit: Term[];
  language: Term[];
  place_kind: Term[];
  material: Term[];
  team: Term[];
  difficulty: Term[];
  hotline: Term[];
  condition: Term[];
}

export interface VillageLine {
  /** What goes into `SessionForm.village`: `id:…`. */
  ref: string;
  /** `thôn`, `bản`, `khu`. */
  kind: string;
  name: string;
  formerNames: string[];
  /** Null: a person at headquarters still has to decide which unit it is in. */
  area: string | null;
  commune: string;
  /** In the person's own areas. */
  own: boolean;
  /** Recorded in lately by this person. */
  recent: boolean;
  /** The last session known here. */
  lastDate: string | null;
  sample: boolean;
}

export interface PanelLine {
  site: string;
  name: string;
  area: string;
  commune: string;
  own: boolean;
  lastCheck: string | null;
  sample: boolean;
}

/** Whom to call, for the guidance page. */
export interface HotlineLine {
  number: string;
  label: Words;
}
