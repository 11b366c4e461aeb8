/**
 * What the screens know of the device: plain data, asynchronous calls, one subscription.
 *
 * The device itself (wasm, encrypted store, network) runs in a worker; `connectDevice()` in `./index.ts` gives the page
 * a `FieldDevice`. Nothing here names wasm, IndexedDB or HTTP, so a screen can be built and tested against any
 * implementation of this file.
 *
 * Rules that hold everywhere:
 * - Everything that crosses is structured-cloneable. Times are milliseconds since 1970 and end in `Ms`; days are
 *   `yyyy-mm-dd`; sizes are bytes; ids are lower-case hexadecimal; areas are `generation-code` (`2025-06841`).
 * - A promise that resolves means: durable on this phone. A call that fails rejects with a `DeviceProblem`, which
 *   carries texts in both languages and, for bad input, one entry for each field at fault.
 * - Names of record fields are those of the record (snake_case), so that problems, history, conflicts and forms agree.
 *
 * Changes to this file (newest first):
 * - 2: Words, FieldProblem, SessionForm, PanelCheckForm and Term are those made from the core (same shapes).
 * - 1: first version.
 */

import type { FieldProblem, PanelCheckForm, SessionForm, Term, Words } from './core/core';

/**
 * Made from the core's own types: a text in both languages; a field that does not accept what was given, to be shown
 * beside it; a session and a panel check as forms (one shape for new ones and edits; in an edit only what differs from
 * what was opened is written); a code with its words.
 */
export type { FieldProblem, PanelCheckForm, SessionForm, Term, Words };

export type Lang = 'vi' | 'en';

// ---------------------------------------------------------------------------------------------------------------
// Problems

/** What a rejected call holds. `code` is stable; screens branch on it. */
export interface Problem {
  /**
   * The server's codes (`enrolment.code-used`, `sign-in.refused`, …; docs/api.md) and the device's own:
   * `input` (see `fields`), `offline`, `server.unreachable`, `pin.wrong`, `pin.wait`, `locked`, `not-writer`,
   * `storage.full`, `storage.failed`, `record.unknown`, `draft.unknown`, `file.unknown`, `file.not-for-this-device`,
   * `recovery.waiting`, `recovery.expired`, `unsupported`, `defect`.
   */
  code: string;
  title: Words;
  /** Particulars for somebody who helps; never secret, not translated. */
  detail?: string;
  fields: FieldProblem[];
  /** Earliest time at which trying again makes sense. */
  retryAtMs?: number;
}

/** What every call of `FieldDevice` rejects with. */
export class DeviceProblem extends Error implements Problem {
  readonly code: string;
  readonly title: Words;
  readonly detail?: string;
  readonly fields: FieldProblem[];
  readonly retryAtMs?: number;

  constructor(problem: Problem) {
    super(`${problem.code}: ${problem.title.en}`);
    this.name = 'DeviceProblem';
    this.code = problem.code;
    this.title = problem.title;
    this.detail = problem.detail;
    this.fields = problem.fields;
    this.retryAtMs = problem.retryAtMs;
  }

  /** What is accepted in a field, or undefined when the field is not at fault. */
  of(field: string): Words | undefined {
    return this.fields.find((problem) => problem.field === field)?.accepted;
  }
}

// ---------------------------------------------------------------------------------------------------------------
// State

/** Everything a screen shows without asking. Sent whole at each change. */
export type DeviceState = Starting | Waiting | Unsupported | Damaged | NotEnrolled | Locked | Enrolling | Open;

interface Common {
  lang: Lang;
  /** A newer version of the app is here and waits for `applyUpdate()`. Drafts are safe. */
  updateReady: boolean;
  /** The version that runs, for people who help. */
  appVersion: string;
  storage: StorageState;
}

/** The worker is starting: less than a second. */
export interface Starting extends Common {
  phase: 'starting';
}

/** Another tab or window has the device. `takeOver()` asks it to finish and hand it here. */
export interface Waiting extends Common {
  phase: 'waiting';
  /** True when this tab had it and handed it over. */
  handedOver: boolean;
}

/** This browser lacks what the app stands on. */
export interface Unsupported extends Common {
  phase: 'unsupported';
  missing: string[];
}

/** The store is here and cannot be read. */
export interface Damaged extends Common {
  phase: 'damaged';
  problem: Problem;
}

/** No device here yet. */
export interface NotEnrolled extends Common {
  phase: 'not-enrolled';
  /**
   * There was one: the browser cleared its storage (eviction, or a person cleared it). What the server had comes back
   * after enrolling again; what was only on the phone is gone unless a file of it was exported.
   */
  storageWasCleared: boolean;
  /** When the enrolment was last seen here, if known. */
  lastSeenMs?: number;
}

/** The PIN is needed. Nothing of what is stored can be read before, the person's name included. */
export interface Locked extends Common {
  phase: 'locked';
  /** Wrong PINs since the last right one. */
  failures: number;
  /** Before this time `unlock` answers `pin.wait`. 0: at once. */
  retryAtMs: number;
  /** A recovery that was asked for and is not finished. */
  recovery?: RecoveryState;
}

/** A PIN and key are here, the server's answer to the enrolment is not (lost, or offline). `retryEnrolment()`. */
export interface Enrolling extends Common {
  phase: 'enrolling';
  problem?: Problem;
}

/** At work. */
export interface Open extends Common {
  phase: 'open';
  profile: Profile;
  counts: Counts;
  sync: SyncState;
  /** The newest first. */
  notices: Notice[];
  /** Bumped at each change of records, reviews, drafts or reference data: lists ask again. */
  revision: number;
  /** Version of the reference data; 0: none fetched yet (recording works, villages are typed by name). */
  referenceVersion: number;
  /** Whether the lists of villages and posts are sample data. */
  referenceIsSample: boolean;
}

export type Role = 'guard' | 'officer' | 'coordinator' | 'administrator';

export interface Profile {
  deviceId: string;
  /** The account's number: owner of tallies. */
  recorder: number;
  username: string;
  name: string;
  role: Role;
  /** Areas granted, with names; empty: all. */
  areas: AreaName[];
  serverUrl: string;
  signInExpiresAtMs: number;
  certificateExpiresAtMs: number;
  /** The private key is held by WebCrypto and cannot be exported by scripts. */
  keyNonExtractable: boolean;
}

export interface AreaName {
  area: string;
  name: string;
}

/** How far a record's changes made on this phone have come. `stored` for records of others. */
export type Standing = 'here' | 'sent' | 'stored' | 'backed_up';

/** Where a session stands in review at headquarters. */
export type ReviewStanding = 'new' | 'confirmed' | 'returned' | 'amended' | 'disputed';

/** Numbers of records (sessions and panel checks), never of changes. Void records are left out but in `void`. */
export interface Counts {
  /** Sessions that count, and their attendances (lượt người). */
  sessions: number;
  attendances: number;
  panelChecks: number;
  drafts: number;
  /** By standing; each record in exactly one. */
  here: number;
  sent: number;
  stored: number;
  backedUp: number;
  /** By review; sessions only. */
  confirmed: number;
  returned: number;
  amended: number;
  disputed: number;
  /** Records on which people disagree. */
  conflicts: number;
  /** Records with changes that wait for others which have not arrived. */
  incomplete: number;
  void: number;
}

export type SyncPhase =
  /** Nothing under way. */
  | 'idle'
  /** The line is being opened. */
  | 'connecting'
  /** Bytes flow. */
  | 'running'
  /** The last try failed; the next begins at `nextTryAtMs`, or when the connection appears. */
  | 'waiting'
  /** The password is needed: `signIn`. What is recorded was deposited and is safe. */
  | 'sign-in'
  /** The server lets this device in no more (revoked, account closed). What is recorded was deposited. */
  | 'shut-out';

export interface SyncState {
  phase: SyncPhase;
  /** What the browser says of the connection; true does not promise that the server answers. */
  online: boolean;
  /** Of the sync under way or the last one. */
  sent: number;
  received: number;
  /** Batches of which the server said that they are still to come; undefined before it said so. */
  missing?: number;
  bytesUp: number;
  bytesDown: number;
  requests: number;
  startedAtMs?: number;
  /** When both sides last held the same. */
  lastSyncedAtMs?: number;
  /** When the server last answered anything. */
  lastContactMs?: number;
  problem?: Problem;
  nextTryAtMs?: number;
  /** The phone's clock minus the server's at the last sync. Beyond some minutes worth a word. */
  clockOffMs?: number;
}

export interface StorageState {
  /** Whether the browser promised not to evict; undefined: it does not say. */
  persisted?: boolean;
  usedBytes?: number;
  quotaBytes?: number;
  /** Less than 50 MB or a tenth is left. */
  low: boolean;
  /** The app runs from its icon. */
  installed: boolean;
  /** The browser offers to install: `install()` shows its question. */
  installable: boolean;
}

export type NoticeKind =
  | 'store-copied'
  | 'server-restored'
  | 'forged-receipt'
  | 'unverifiable'
  | 'deposited'
  | 'receipts-taken'
  | 'carried-delivered'
  | 'clock-off'
  | 'unreadable';

export interface Notice {
  id: string;
  kind: NoticeKind;
  atMs: number;
  text: Words;
}

// ---------------------------------------------------------------------------------------------------------------
// Enrolment, PIN, recovery

export interface EnrolRequest {
  /** As typed, scanned, or taken from the address of a QR code (`…/#enrol=XXXX-XXXX-XX`). */
  code: string;
  /** What the owner calls the phone, 1 to 60 characters. */
  label: string;
  /** 6 to 64 characters; digits are fine, more are stronger. */
  pin: string;
}

/** A forgotten PIN, under way at headquarters. */
export interface RecoveryState {
  /**
   * `asked`: read `checkCode` to headquarters, who approves it; the app asks the server by itself while it is open.
   * `approved`: `finishRecovery(newPin)` sets a new PIN. `expired`: ask again.
   */
  phase: 'asked' | 'approved' | 'expired';
  /** Ten characters, shown as `XXXX-XXXX-XX`. */
  checkCode: string;
  askedAtMs: number;
  expiresAtMs: number;
}

// ---------------------------------------------------------------------------------------------------------------
// Forms and drafts

export type RecordKind = 'session' | 'panel_check';

interface DraftBase {
  id: string;
  /** The record it edits; null: a new one. */
  record: string | null;
  createdAtMs: number;
  updatedAtMs: number;
  /** In an edit: the record changed since it was opened (a sync brought something). Saving still merges. */
  recordMovedOn: boolean;
}

export interface SessionDraft extends DraftBase {
  kind: 'session';
  form: SessionForm;
  /** In an edit: what was opened. */
  base: SessionForm | null;
}

export interface PanelCheckDraft extends DraftBase {
  kind: 'panel_check';
  form: PanelCheckForm;
  base: PanelCheckForm | null;
}

export type Draft = SessionDraft | PanelCheckDraft;

/** A draft in a list. */
export interface DraftLine {
  id: string;
  kind: RecordKind;
  record: string | null;
  updatedAtMs: number;
  date: string | null;
  place: Words | null;
  attendances: number | null;
}

// ---------------------------------------------------------------------------------------------------------------
// Lists

export interface ListQuery {
  kind?: RecordKind;
  /** Words of place, commune, format, recorder; tone marks do not matter. */
  text?: string;
  standing?: Standing[];
  review?: ReviewStanding[];
  /** Returned, disputed or in conflict: what a person has to look at. */
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
  createdAtMs: number;
}

export interface RecordPage {
  rows: RecordLine[];
  /** Of all that match, not only this page. */
  total: number;
  sessions: number;
  attendances: number;
}

// ---------------------------------------------------------------------------------------------------------------
// One record

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

// ---------------------------------------------------------------------------------------------------------------
// Reference data

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

// ---------------------------------------------------------------------------------------------------------------
// Files

export interface DeviceFile {
  name: string;
  mediaType: string;
  bytes: Uint8Array;
}

export interface Exported extends DeviceFile {
  /** Changes in it: everything the server has not signed for. */
  changes: number;
}

export type Imported =
  /** Receipts for this phone: the server has what they name. */
  | { kind: 'receipts'; newlyConfirmed: number }
  /** A colleague's file: kept here and taken to the server at the next connection. */
  | { kind: 'carried'; item: CarriedItem };

/** A colleague's file on its way. Nobody on the way can read it. */
export interface CarriedItem {
  id: string;
  name: string;
  sizeBytes: number;
  takenAtMs: number;
  /** `delivered`: receipts are here to be given back with `receiptsFile(id)`. */
  phase: 'waiting' | 'delivered' | 'refused';
  deliveredAtMs?: number;
  /** Batches that wait for others or were held for a person to look at. */
  held?: number;
  problem?: Problem;
}

// ---------------------------------------------------------------------------------------------------------------
// The service

export interface FieldDevice {
  /** Calls back at once and at each change; returns the way out. */
  subscribe(listener: (state: DeviceState) => void): () => void;
  /** The state last seen. */
  state(): DeviceState;

  setLanguage(lang: Lang): Promise<void>;

  // One writer
  /** Asks the other tab to finish what it writes and hand the device over. */
  takeOver(): Promise<void>;

  // Enrolment and PIN
  /** Makes the key, protects it with the PIN, proves it to the server. Fields: `code`, `label`, `pin`. */
  enrol(request: EnrolRequest): Promise<void>;
  /** The same enrolment again: the same device comes of it. */
  retryEnrolment(): Promise<void>;
  /** Gives up an enrolment that the server never answered; nothing was recorded yet. */
  abandonEnrolment(): Promise<void>;
  /** `pin.wrong` (with `retryAtMs`), `pin.wait`. */
  unlock(pin: string): Promise<void>;
  lock(): Promise<void>;
  changePin(oldPin: string, newPin: string): Promise<void>;
  /** Locks by itself when the app was out of sight so long; 0: never. Default 15. */
  setAutoLockMinutes(minutes: number): Promise<void>;
  autoLockMinutes(): Promise<number>;
  /** The password, after a long silence (sync phase `sign-in`). Field: `password`. */
  signIn(password: string): Promise<void>;

  // A forgotten PIN
  /** Needs a connection. */
  askRecovery(): Promise<RecoveryState>;
  /** Asks the server whether headquarters approved. */
  checkRecovery(): Promise<RecoveryState>;
  /** After `approved`: sets the new PIN and opens. Every record is still there. */
  finishRecovery(newPin: string): Promise<void>;
  cancelRecovery(): Promise<void>;

  // Drafts: each keystroke may be saved; the newest wins, calls never queue up behind each other
  /** Today's date, format, material, language and unit of the last session filled in. */
  newSession(village?: string): Promise<SessionDraft>;
  newPanelCheck(site?: string): Promise<PanelCheckDraft>;
  /** The open draft of the record, or a new one. */
  editRecord(id: string): Promise<Draft>;
  drafts(): Promise<DraftLine[]>;
  draft(id: string): Promise<Draft>;
  saveDraft(id: string, form: SessionForm | PanelCheckForm): Promise<void>;
  discardDraft(id: string): Promise<void>;
  /** What would be refused by `finishDraft`, all fields at once; empty: it can be finished. */
  checkForm(kind: RecordKind, form: SessionForm | PanelCheckForm, record?: string | null): Promise<FieldProblem[]>;
  /** Records it; rejects with `input` and every field at fault. Returns the record's id. */
  finishDraft(id: string): Promise<string>;

  // Records
  list(query: ListQuery): Promise<RecordPage>;
  record(id: string): Promise<RecordDetail>;
  /** Keeps it on file and takes it out of every count. Field: `void`. */
  voidRecord(id: string, reason: string): Promise<void>;
  restoreRecord(id: string): Promise<void>;
  /** Ends a conflict: the value of `change` replaces the others. */
  resolve(id: string, field: string, change: string): Promise<void>;
  /** An officer's decision. Field: `comment`, required for `return`. */
  review(session: string, decision: 'confirm' | 'return', comment: string): Promise<void>;

  // Reference
  words(): Promise<WordLists>;
  /** Folded search; without words: recent ones, then the own areas. */
  villages(text: string, limit?: number): Promise<VillageLine[]>;
  panels(text: string, limit?: number): Promise<PanelLine[]>;
  /** Areas the person may record in, for a place that is not on the list. */
  areas(): Promise<AreaName[]>;
  hotlines(): Promise<HotlineLine[]>;
  /** Text of a `village` value (`id:…`, `name:…`). */
  placeName(village: string): Promise<Words>;
  /** Whether a text looks as if it held a phone or identity number: a warning, never a refusal. */
  looksLikeIdentity(text: string): Promise<boolean>;
  /** A position to about a kilometre. */
  coarsePosition(latitude: number, longitude: number): Promise<string>;

  // Sync
  /** Starts a sync or joins the one under way; resolves when it ended well. */
  sync(): Promise<void>;
  cancelSync(): Promise<void>;
  dismissNotice(id: string): Promise<void>;

  // Files
  exportFile(): Promise<Exported>;
  /** `file.unknown`, `file.not-for-this-device`. */
  importFile(name: string, bytes: Uint8Array): Promise<Imported>;
  carried(): Promise<CarriedItem[]>;
  receiptsFile(id: string): Promise<DeviceFile>;
  /** Only after it was delivered or refused. */
  forgetCarried(id: string): Promise<void>;

  // Storage and the app
  /** Asks the browser for persistent storage (call it in a click). */
  persist(): Promise<boolean>;
  /** Shows the browser's question to install; false when it was declined or is not offered. */
  install(): Promise<boolean>;
  /** Looks for a newer version now. */
  checkForUpdate(): Promise<void>;
  /** Starts the version that waits: the page reloads, drafts are as they were, the PIN is asked for. */
  applyUpdate(): Promise<void>;

  /** A signed request to the server's API, for officers' screens. */
  request<T>(method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE', path: string, body?: unknown): Promise<T>;
}
