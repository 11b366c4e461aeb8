/** The open device: what it is made of, what it says of itself, and what happens when something changed. */
import { fromUtf8, hex, random } from './bytes';
import type { Counts, Imported, Notice, NoticeKind, Open, Words } from './contract';
import { restartCore } from './core-loader';
import { identityOf, type Access, type Profile } from './line/access';
import type { Store } from './store/store';
import type { DeviceKey } from './vault/key';
import { Drafts } from './work/drafts';
import { Driver } from './work/driver';
import { Files } from './work/files';
import { Held } from './work/held';
import { Forms } from './work/forms';
import { Records } from './work/records';
import { Reference, type Bundle } from './work/reference';
import { Sync } from './work/sync';

/** Reference data are asked for again after so long. */
const REFERENCE_STALE_MS = 6 * 3600_000;
/** Progress is shown at most so often. */
const SHOW_EVERY_MS = 100;
/** Notices kept; what a person did not read by then is in the history of the server. */
const MOST_NOTICES = 20;

interface Times {
  lastSyncedAtMs?: number;
  lastContactMs?: number;
  referenceAtMs?: number;
  referenceTag?: string;
}

type OpenState = Omit<Open, 'lang' | 'updateReady' | 'appVersion' | 'storage'>;

export class Desk {
  readonly store: Store;
  readonly access: Access;
  readonly drafts: Drafts;
  readonly sync: Sync;
  readonly forms: Forms;
  readonly #key: DeviceKey;
  readonly #onState: () => void;
  readonly #held: Held;
  driver!: Driver;
  records!: Records;
  reference!: Reference;
  files!: Files;
  #bundle: Bundle | undefined;
  #times: Times;
  #notices: Notice[];
  #revision = 1;
  #counts: Counts | undefined;
  #refreshing: Promise<void> | undefined;
  #again = false;
  #shown: ReturnType<typeof setTimeout> | undefined;

  private constructor(
    store: Store,
    access: Access,
    key: DeviceKey,
    drafts: Drafts,
    kept: { held: Held; bundle?: Bundle; times?: Times; notices?: Notice[] },
    onState: () => void,
  ) {
    this.store = store;
    this.access = access;
    this.drafts = drafts;
    this.#key = key;
    this.#onState = onState;
    this.#held = kept.held;
    this.#bundle = kept.bundle;
    this.#times = kept.times ?? {};
    this.#notices = kept.notices ?? [];
    this.#assemble();
    this.forms = new Forms(this);
    const tell = (kind: NoticeKind, text: Words): void => void this.#tell(kind, text);
    this.sync = new Sync(() => this.driver, access, tell, () => this.#showSoon(), this.#times);
    this.sync.beforehand = (signal) => this.#fetchMissingReference(signal);
    this.sync.afterwards = () => this.#afterSync();
    this.sync.deliver = () => this.files.deliver();
    access.onProfile = (profile) => this.#renewed(profile);
  }

  static async open(store: Store, access: Access, key: DeviceKey, onState: () => void): Promise<Desk> {
    const [drafts, held, bundle, times, notices] = await Promise.all([
      Drafts.open(store),
      Held.open(store, access),
      store.meta<Bundle>('reference'),
      store.meta<Times>('times'),
      store.meta<Notice[]>('notices'),
    ]);
    const kept = { held, ...(bundle && { bundle }), ...(times && { times }), ...(notices && { notices }) };
    const desk = new Desk(store, access, key, drafts, kept, onState);
    desk.files = await Files.open(store, access, () => desk.driver, (kind, text) => void desk.#tell(kind, text));
    return desk;
  }

  /** Everything that is made of the core. */
  #assemble(): void {
    const { profile } = this.access;
    this.reference = new Reference(this.#bundle, profile.areas);
    this.driver = new Driver(this.store, this.access, this.#key);
    this.driver.onNotice = (notice) => this.sync.heard(notice);
    this.driver.onChanged = () => void this.refreshed();
    this.records = new Records(this.driver, profile, this.reference, this.#held, () => this.#restart());
  }

  /** The core ended in a trap: a new one goes on from the store. */
  async #restart(): Promise<void> {
    const trapped = this.driver;
    await restartCore();
    this.#assemble();
    trapped.abandon();
  }

  /** What was not done yet from the last opening, and a first sync. */
  soon(syncInMs = 0): void {
    // Lists that are being shown are not asked for anew when nothing changed.
    const made = this.store.ledger.stale.size > 0 ? this.refreshed() : Promise.resolve();
    void made.then(() => this.store.tidy());
    this.sync.nudge(syncInMs);
  }

  /** Resolves once every line is made and shown. */
  refreshed(): Promise<void> {
    if (this.#refreshing) this.#again = true;
    this.#refreshing ??= this.#refresh().finally(() => (this.#refreshing = undefined));
    return this.#refreshing;
  }

  async #refresh(): Promise<void> {
    do {
      this.#again = false;
      const { records } = this;
      await records.refresh(() => this.changed());
      this.changed();
    } while (this.#again);
  }

  /** Lists ask again. */
  changed(): void {
    this.#revision += 1;
    this.#counts = undefined;
    this.records.forget();
    this.#showSoon();
  }

  /** Something was recorded here. */
  async recorded(): Promise<void> {
    await this.refreshed();
    this.sync.nudge();
  }

  #showSoon(): void {
    if (this.#shown) return;
    this.#shown = setTimeout(() => {
      this.#shown = undefined;
      this.#onState();
    }, SHOW_EVERY_MS);
  }

  state(): OpenState {
    const { profile } = this.access;
    this.#counts ??= this.records.counts(this.drafts.count);
    return {
      phase: 'open',
      profile: {
        deviceId: profile.device,
        recorder: profile.recorder,
        username: profile.username,
        name: profile.name,
        role: profile.role,
        areas: profile.areas.map((area) => ({ area, name: this.reference.areaName(area) })),
        serverUrl: location.origin,
        signInExpiresAtMs: profile.signInExpiresAtMs,
        certificateExpiresAtMs: profile.certificateExpiresAtMs,
        keyNonExtractable: this.#key.nonExtractable,
      },
      counts: { ...this.#counts, drafts: this.drafts.count },
      sync: { ...this.sync.state },
      notices: this.#notices,
      revision: this.#revision,
      referenceVersion: this.reference.version,
      referenceIsSample: this.reference.isSample,
    };
  }

  async #tell(kind: NoticeKind, text: Words): Promise<void> {
    // The same once more is no news.
    const rest = this.#notices.filter((notice) => notice.kind !== kind || notice.text.vi !== text.vi);
    this.#notices = [{ id: hex(random(6)), kind, atMs: Date.now(), text }, ...rest].slice(0, MOST_NOTICES);
    await this.store.keepMeta('notices', this.#notices);
    this.#showSoon();
  }

  async dismissNotice(id: string): Promise<void> {
    this.#notices = this.#notices.filter((notice) => notice.id !== id);
    await this.store.keepMeta('notices', this.#notices);
    this.#showSoon();
  }

  async #afterSync(): Promise<void> {
    const { state } = this.sync;
    const [now, before] = [Date.now(), this.#times.referenceAtMs ?? 0];
    this.#times = { ...this.#times, lastSyncedAtMs: now, ...(state.lastContactMs && { lastContactMs: state.lastContactMs }) };
    if (now - before > REFERENCE_STALE_MS || now < before) await this.#fetchReference();
    await this.store.keepMeta('times', this.#times);
    await this.#held.fetch(this.driver.ownLogs());
    await this.files.deliver();
    await this.store.tidy();
    this.changed();
  }

  /** The village list comes first when there is none: out of reach a phone needs it more than others' records. */
  async #fetchMissingReference(signal: AbortSignal): Promise<void> {
    if (this.#bundle) return;
    await this.#fetchReference(signal);
    await this.store.keepMeta('times', this.#times);
  }

  /** Reference data of the own areas; unchanged ones cost no body. */
  async #fetchReference(signal?: AbortSignal): Promise<void> {
    const { referenceTag: tag } = this.#times;
    const known = tag !== undefined && this.#bundle && { tag };
    const ask = { method: 'GET', path: '/v1/reference/bundle', ...known, ...(signal && { signal }) };
    const answer = await this.access.ask(ask);
    if (answer.status !== 304) {
      const bundle = JSON.parse(fromUtf8(answer.bytes)) as Bundle;
      await this.store.keepMeta('reference', bundle);
      this.#bundle = bundle;
      this.#referenceChanged();
    }
    this.#times = { ...this.#times, referenceAtMs: Date.now(), ...(answer.tag !== null && { referenceTag: answer.tag }) };
  }

  #referenceChanged(): void {
    this.reference = new Reference(this.#bundle, this.access.profile.areas);
    this.records.reference = this.reference;
    this.changed();
  }

  async #renewed(profile: Profile): Promise<void> {
    await this.store.keepMeta('profile', profile);
    this.driver.renewed(identityOf(profile));
    // Other areas see other villages: the bundle is asked for anew.
    this.#times = { ...this.#times, referenceAtMs: 0 };
    queueMicrotask(() => this.#referenceChanged());
  }

  async signIn(password: string): Promise<void> {
    await this.access.signIn(password);
    this.sync.signedIn();
  }

  /** A file that came: receipts, or a colleague's to be taken along. */
  async import(name: string, bytes: Uint8Array): Promise<Imported> {
    const imported = await this.files.import(name, bytes);
    this.changed();
    if (imported.kind === 'carried') this.sync.nudge(0);
    return imported;
  }

  /** Finishes what is being written. */
  async close(): Promise<void> {
    await this.sync.close();
    await this.drafts.settled();
    await this.#refreshing?.catch(() => undefined);
    clearTimeout(this.#shown);
    await this.store.keepMeta('times', this.#times);
  }
}
