/** Shapes of answers, by the names pages use. */

export interface PostLine {
  id: string;
  name: string;
  kind: 'post' | 'station' | 'team';
  part_of: string | null;
  areas: { area: string; name: string }[];
  sample: boolean;
  people: number;
}

/** What every row that was entered by hand carries. */
export interface Entered {
  id: number;
  note?: string;
  entered_by: number;
  entered_by_name: string | null;
  entered_at_ms: number;
  /** The reason, when it was taken out of the sums. */
  void: string | null;
}

export interface PlanLine {
  id: number | string;
  scope: { village: { id: string; name: string } } | { area: { id: string; name: string } } | { rule: 'all' | 'land-border' };
  name: string;
  sessions: number;
  per: 'month' | 'quarter' | 'year';
}

export interface StockKind {
  kind: string;
  issued: number;
  handed_out: number;
  left: number;
}

export interface Stock {
  to: string;
  posts: { post: string; name: string; kinds: StockKind[] }[];
  unassigned: { kind: string; handed_out: number }[];
}

export interface Issue extends Entered {
  post: string;
  post_name: string;
  kind: string;
  quantity: number;
  issued_on: string;
}

export interface PanelRow {
  id: string;
  name: string;
  area: string;
  area_name: string;
  unit: string | null;
  unit_name: string | null;
  candidates?: string[];
  village: string | null;
  sample: boolean;
  last_check: { record: string; day: string; conditions: string[]; hotline_wrong: boolean | null; recorder_name: string; days: number } | null;
  overdue: boolean;
}

export interface Panels {
  overdue_days: number;
  panels: PanelRow[];
  counts: { all: number; checked: number; overdue: number; damaged: number; hotline_wrong: number; unchecked: number };
}

export interface Club {
  id: string;
  name: string;
  area: string;
  area_name: string;
  unit: string | null;
  unit_name: string | null;
  sample: boolean;
  meetings: number;
  entries: number;
}

export interface ClubMeeting extends Entered {
  club: string;
  club_name: string;
  held_on: string;
  meetings: number;
}

export interface Clubs {
  clubs: Club[];
  meetings: ClubMeeting[];
}

export type MediaKind = 'news_item' | 'article' | 'broadcast';

export interface MediaRow extends Entered {
  kind: MediaKind;
  published_on: string;
  quantity: number;
  minutes: number | null;
  unit: string | null;
  unit_name: string | null;
}

export interface Media {
  media: MediaRow[];
  totals: { news_item: number; article: number; broadcast: number; minutes: number };
}

export interface ContextFigure extends Entered {
  code: string;
  from: string;
  to: string;
  quantity: number;
  source: string;
}

export interface Figures {
  codes: { code: string; vi: string; en: string }[];
  figures: ContextFigure[];
}

export interface TrendPeriod {
  from: string;
  to: string;
  sessions: number;
  confirmed: number;
  attendances: number;
  planned: number | null;
  villages: number;
  reached: number;
  unheard: number;
}

export interface Trend {
  periods: TrendPeriod[];
  year_before: TrendPeriod[];
}

export interface AuditRow {
  id: number;
  at_ms: number;
  account?: number | null;
  account_name?: string | null;
  device?: string | null;
  device_label?: string | null;
  action: string;
  subject: string;
  detail: Record<string, unknown>;
}

export interface Settings {
  closing_day: number;
  panel_check_days: number;
  unreached_days: number;
  small_count: number;
  basemap_style_url: string | null;
  report_issuer: string;
}

export interface ImportReport {
  kind: string;
  version: number | null;
  dry_run: boolean;
  rows: number;
  counts: Record<'added' | 'changed' | 'renamed' | 'merged' | 'moved' | 'split' | 'unchanged' | 'kept' | 'choices', number>;
  added: { id: string; name: string }[];
  changed: { id: string; name: string; fields: { field: string; from: unknown; to: unknown }[] }[];
  renamed: { id: string; from: string; to: string }[];
  merged: { id: string; name: string; into: string; into_name: string }[];
  moved: { id: string; name: string; from: string; to: string }[];
  split: { id: string; name: string; into: { area: string; name: string }[] }[];
  choices: { village: string; name: string; known: string; candidates: string[]; suggested: string | null; is_new: boolean }[];
  listed_at_most: number;
  faults: { line: number; column: string; got: string; accepted_vi: string; accepted_en: string }[];
  more_faults: number;
}
