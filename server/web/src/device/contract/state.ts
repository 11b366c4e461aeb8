/** What a screen shows without asking: the phases of the device, counts, the sync, the storage. */
import type { Words } from '../core/core';
import type { RecoveryState } from './enrolment';
import type { Lang } from './lang';
import type { Problem } from './problem';

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
  /** Records of which the server does not count something made here. */
  held: number;
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
  | 'server-lacks'
  | 'too-large'
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
