/** Records in lists, and one whole. */
import type { PanelCheckForm, SessionForm, Words } from '../core/core';
import type { RecordKind } from './drafts';
import type { ReviewStanding, Standing } from './state';

export interface ListQuery {
  kind?: RecordKind;
  /** Words of place, commune, format, recorder; tone marks do not matter. */
  text?: string;
  standing?: Standing[];
  review?: ReviewStanding[];
  /** Returned, disputed, in conflict or held back: what a person has to look at. */
  needsAttention?: boolean;
  /** Only what this person recorded. */
  mine?: boolean;
  area?: string;
  /** Void records are left out unless true. */
  withVoid?: boolean;
  from?: string;
  to?: string;
  offset?: number;
  /** At most 200; 50 when not given. */
  limit?: number;
}

/** Something of a record that the server keeps and does not count. */
export interface HeldBack {
  /** Until an officer decides, for a change it depends on, or left out by an officer. */
  standing: 'quarantined' | 'waiting' | 'left';
  /** What the officer said, or the rule that holds it. */
  why: Words | null;
}

export interface RecordLine {
  id: string;
  kind: RecordKind;
  /** `yyyy-mm-dd`, or null when the record has none. */
  date: string | null;
  /** Village or panel, as a person reads it. */
  place: Words;
  commune: string;
  area: string;
  format: Words | null;
  attendances: number | null;
  /** By kind of material, all recorders. */
  material: Record<string, number>;
  /** What was found, of a panel check. */
  conditions: Words[];
  recorder: string;
  mine: boolean;
  serial: number;
  standing: Standing;
  review: ReviewStanding | null;
  /** What the officer wrote, when returned. */
  reviewComment: string | null;
  conflicts: number;
  /** Changes that wait for others. */
  waiting: number;
  void: boolean;
  /** Of what this phone made. */
  held: HeldBack | null;
  createdAtMs: number;
}

export interface RecordPage {
  rows: RecordLine[];
  /** Of all that match, not only this page. */
  total: number;
  sessions: number;
  attendances: number;
}

export interface RecordDetail {
  line: RecordLine;
  session: SessionForm | null;
  panelCheck: PanelCheckForm | null;
  /** Each kind of material with everybody's tally; the form's `material` holds only this person's. */
  material: MaterialLine[];
  voidReason: string | null;
  reviews: ReviewLine[];
  /** The oldest first. */
  history: HistoryEntry[];
  conflicts: ConflictLine[];
  /** Keys written by a newer version of the app, kept and not shown. */
  unknownFields: string[];
  /** The draft that edits this record, if one is open. */
  draft: string | null;
}

export interface MaterialLine {
  kind: string;
  label: Words;
  total: number;
  tallies: { recorder: number; name: string; mine: boolean; count: number }[];
}

export interface ReviewLine {
  id: string;
  decision: 'confirm' | 'return';
  comment: string;
  by: string;
  atMs: number;
  /** It decides on the session exactly as it stands now. */
  current: boolean;
  superseded: boolean;
  withdrawn: boolean;
}

export interface HistoryEntry {
  change: string;
  by: string;
  mine: boolean;
  atMs: number;
  fields: { field: string; label: Words; before: Words | null; after: Words | null }[];
}

/** People wrote different values without knowing of each other; one shows until a person decides. */
export interface ConflictLine {
  field: string;
  label: Words;
  /** The one that shows comes first. */
  values: { change: string; text: Words; by: string; mine: boolean; atMs: number }[];
}
