/**
 * What the screens know of the device: plain data, asynchronous calls, one subscription.
 *
 * The device itself (wasm, encrypted store, network) runs in a worker; `connectDevice()` in `./index.ts` gives the page
 * a `FieldDevice`. Nothing here names wasm, IndexedDB or HTTP, so a screen can be built and tested against any
 * implementation of this interface. The parts are in `contract/`.
 *
 * Rules that hold everywhere:
 * - Everything that crosses is structured-cloneable. Times are milliseconds since 1970 and end in `Ms`; days are
 *   `yyyy-mm-dd`; sizes are bytes; ids are lower-case hexadecimal; areas are `generation-code` (`2025-06841`).
 * - A promise that resolves means: durable on this phone. A call that fails rejects with a `DeviceProblem`, which
 *   carries texts in both languages and, for bad input, one entry for each field at fault.
 * - Names of record fields are those of the record (snake_case), so that problems, history, conflicts and forms agree.
 *
 * Changes to this file (newest first):
 * - 4: a review names the state of the session that was read; files up and down through the API.
 * - 3: split into `contract/`; imports of this file stay as they are.
 * - 2: Words, FieldProblem, SessionForm, PanelCheckForm and Term are those made from the core (same shapes).
 * - 1: first version.
 */

import type { FieldProblem, PanelCheckForm, SessionForm, Words } from './core/core';
import type { Draft, DraftLine, PanelCheckDraft, RecordKind, SessionDraft } from './contract/drafts';
import type { EnrolRequest, RecoveryState } from './contract/enrolment';
import type { CarriedItem, DeviceFile, Exported, Imported } from './contract/files';
import type { Lang } from './contract/lang';
import type { ListQuery, RecordDetail, RecordPage } from './contract/records';
import type { HotlineLine, PanelLine, VillageLine, WordLists } from './contract/reference';
import type { AreaName, DeviceState } from './contract/state';

/**
 * Made from the core's own types: a text in both languages; a field that does not accept what was given, to be shown
 * beside it; a session and a panel check as forms (one shape for new ones and edits; in an edit only what differs from
 * what was opened is written); a code with its words.
 */
export type { FieldProblem, PanelCheckForm, SessionForm, Term, Words } from './core/core';

export * from './contract/drafts';
export * from './contract/enrolment';
export * from './contract/files';
export * from './contract/lang';
export * from './contract/problem';
export * from './contract/records';
export * from './contract/reference';
export * from './contract/state';

/** The device, as the page calls it. */
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
  /**
   * An officer's decision on the session exactly as it was read, which `heads` name. What this device lacks of it is
   * fetched first. `review.moved-on`: the session is not what was read any more; nothing was recorded. Field: `comment`,
   * required for `return`.
   */
  review(session: string, decision: 'confirm' | 'return', comment: string, heads: string[]): Promise<void>;

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
  /** Starts a sync or joins the one under way; resolves when it ended well. With `anew` it is one that begins after this call, and what came is in the lists. */
  sync(anew?: boolean): Promise<void>;
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
  /** The same, answered with a file under the name the server gave it. */
  download(method: 'GET' | 'POST', path: string, body?: unknown): Promise<DeviceFile>;
  /** The same, with a file as the body. */
  upload<T>(path: string, mediaType: string, bytes: Uint8Array): Promise<T>;
}
