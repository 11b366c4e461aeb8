/** The device in its worker: the phases from start to work, and every call of the contract that is made there. */
import type { Bytes } from './bytes';
import type { DeviceState, EnrolRequest, Problem, RecoveryState } from './contract';
import { loadCore } from './core-loader';
import { readCode } from './core/core';
import { Access, type Profile } from './line/access';
import { Line } from './line/http';
import { asProblem, plain, problem, refuseField } from './problem';
import { keepPlain, openDatabase, plain as plainValue, type Database, type StoredRecovery } from './store/database';
import { Store, type Sealed } from './store/store';
import { Cipher } from './vault/cipher';
import { makeKey, openKey, type DeviceKey } from './vault/key';
import { checkPin, lockWith, unlockWith } from './vault/pin';
import * as recovery from './vault/recovery';
import { Desk } from './desk';

/** What the worker says of itself; the page adds what only it knows. */
export type PageState = Pick<DeviceState, 'lang' | 'updateReady' | 'appVersion' | 'storage'>;
type Without<S> = S extends DeviceState ? Omit<S, keyof PageState> : never;
export type WorkerState = Without<DeviceState>;

const AUTO_LOCK_MINUTES = 15;
/** The first sync after an opening: a person sees the list first. */
const AFTER_OPENING_MS = 1_000;

export interface Remembered {
  lastSeenMs?: number;
}

interface Enrolling {
  code: string;
  label: string;
}

export class Service {
  readonly #db: Database;
  readonly #emit: (state: WorkerState) => void;
  /** What the page remembers of an enrolment that is not here any more. */
  readonly #remembered: Remembered | undefined;
  readonly #line = new Line();
  #desk: Desk | undefined;
  /** The data key, only while an enrolment is under way. */
  #data: Bytes | undefined;
  #enrolling: { key: DeviceKey; cipher: Cipher; problem?: Problem } | undefined;
  #autoLock: ReturnType<typeof setTimeout> | undefined;
  #hiddenAtMs = 0;

  private constructor(db: Database, emit: (state: WorkerState) => void, remembered: Remembered | undefined) {
    this.#db = db;
    this.#emit = emit;
    this.#remembered = remembered;
  }

  static async start(emit: (state: WorkerState) => void, remembered?: Remembered): Promise<Service> {
    // The core is fetched and compiled while the PIN is typed.
    const core = loadCore();
    const service = new Service(await openDatabase(), emit, remembered);
    await service.#show();
    await core;
    return service;
  }

  async #show(): Promise<void> {
    if (this.#desk) return this.#emit(this.#desk.state());
    if (this.#enrolling) {
      const { problem: found } = this.#enrolling;
      return this.#emit({ phase: 'enrolling', ...(found && { problem: found }) });
    }
    const [lock, asked] = await Promise.all([plainValue(this.#db, 'lock'), plainValue(this.#db, 'recovery')]);
    if (lock) {
      const { failures, retryAtMs } = lock;
      const under = asked && { recovery: recovery.stateOf(asked, Date.now()) };
      return this.#emit({ phase: 'locked', failures, retryAtMs, ...under });
    }
    const seen = this.#remembered;
    this.#emit({
      phase: 'not-enrolled',
      storageWasCleared: seen !== undefined,
      ...(seen?.lastSeenMs !== undefined && { lastSeenMs: seen.lastSeenMs }),
    });
  }

  // -- enrolment

  async enrol({ code: typed, label: named, pin }: EnrolRequest): Promise<void> {
    const code = readCode(typed);
    const label = named.trim();
    if (label.length < 1 || label.length > 60) {
      throw refuseField('label', { vi: 'từ 1 đến 60 ký tự', en: '1 to 60 characters' });
    }
    checkPin(pin);
    if (await plainValue(this.#db, 'lock')) throw problem('enrolment.exists');
    const data = crypto.getRandomValues(new Uint8Array(32));
    const cipher = await Cipher.of(data);
    const [lock, key] = [await lockWith(pin, data), await makeKey(cipher)];
    const enrolling = await cipher.sealJson('enrolling', { code, label } satisfies Enrolling);
    // The key is durable before the server hears of it: when the answer is lost, the same request gives the same device.
    await keepPlain(this.#db, { lock, key, enrolling });
    this.#data = data;
    this.#enrolling = { key: await openKey(cipher, key), cipher };
    try {
      await this.#enrolNow({ code, label });
    } catch (error) {
      const found = asProblem(error);
      // A refusal is an answer: nothing was made of it, and the person may try another code.
      if (!/^(offline|server\.|http\.5)/.test(found.code)) await this.abandonEnrolment();
      throw found;
    }
  }

  async #enrolNow({ code, label }: Enrolling): Promise<void> {
    const { key, cipher } = this.#enrolling ?? {};
    const data = this.#data;
    if (!key || !cipher || !data) throw problem('locked');
    await this.#show();
    const access = new Access(this.#line, key);
    try {
      const profile = await access.enrol(code, label);
      const envelope = await recovery.sealEnvelope(profile.carryRecipient, profile.device, data);
      await keepPlain(this.#db, { envelope, device: profile.device });
      const store = await Store.open(this.#db, cipher);
      await store.keepMeta('profile', profile);
      await keepPlain(this.#db, { enrolling: undefined });
      data.fill(0);
      this.#data = undefined;
      this.#enrolling = undefined;
      await this.#work(store, access, key);
      // The village list is what a phone needs most once it is out of reach.
      this.#desk?.soon();
    } catch (error) {
      const found = asProblem(error);
      if (this.#enrolling) this.#enrolling.problem = plain(found);
      await this.#show();
      throw found;
    }
  }

  async retryEnrolment(): Promise<void> {
    const { cipher } = this.#enrolling ?? {};
    const sealed = await plainValue(this.#db, 'enrolling');
    if (!cipher || !sealed) throw problem('locked');
    await this.#enrolNow(await cipher.openJson<Enrolling>('enrolling', sealed));
  }

  async abandonEnrolment(): Promise<void> {
    if (!(await plainValue(this.#db, 'enrolling'))) throw problem('enrolment.exists');
    this.#enrolling = undefined;
    this.#data = undefined;
    await keepPlain(this.#db, { lock: undefined, key: undefined, enrolling: undefined, recovery: undefined });
    await this.#show();
  }

  // -- the PIN

  async unlock(pin: string): Promise<void> {
    if (this.#desk) return;
    const lock = await plainValue(this.#db, 'lock');
    if (!lock) throw problem('locked');
    const sealed = Store.read(this.#db);
    sealed.catch(() => undefined);
    let data: Bytes;
    try {
      data = await unlockWith(pin, lock, Date.now(), (counted) => keepPlain(this.#db, { lock: counted }));
    } catch (error) {
      await this.#show();
      throw error;
    }
    await this.#open(data, sealed);
  }

  /** Opens everything with the data key. */
  async #open(data: Bytes, sealed?: Promise<Sealed>): Promise<void> {
    const cipher = await Cipher.of(data);
    const stored = await plainValue(this.#db, 'key');
    if (!stored) return this.#damaged('the device key is missing');
    await loadCore();
    const key = await openKey(cipher, stored);
    if (await plainValue(this.#db, 'enrolling')) {
      this.#data = data;
      this.#enrolling = { key, cipher };
      return this.#show();
    }
    data.fill(0);
    try {
      const store = await Store.open(this.#db, cipher, sealed);
      const profile = await store.meta<Profile>('profile');
      if (!profile) return this.#damaged('the profile is missing');
      await this.#work(store, new Access(this.#line, key, profile), key);
      this.#desk?.soon(AFTER_OPENING_MS);
    } catch (error) {
      this.#damaged(String(error));
    }
  }

  #damaged(detail: string): void {
    this.#emit({ phase: 'damaged', problem: plain(problem('damaged', { detail })) });
  }

  async #work(store: Store, access: Access, key: DeviceKey): Promise<void> {
    this.#desk = await Desk.open(store, access, key, () => void this.#show());
    await this.#show();
  }

  async lock(): Promise<void> {
    const desk = this.#desk;
    if (!desk) return;
    await desk.close();
    this.#desk = undefined;
    await this.#show();
  }

  async changePin(oldPin: string, newPin: string): Promise<void> {
    checkPin(newPin, 'newPin');
    const lock = await plainValue(this.#db, 'lock');
    if (!lock) throw problem('locked');
    const data = await unlockWith(oldPin, lock, Date.now(), (counted) => keepPlain(this.#db, { lock: counted }));
    await keepPlain(this.#db, { lock: await lockWith(newPin, data) });
    data.fill(0);
  }

  async setAutoLockMinutes(minutes: number): Promise<void> {
    await keepPlain(this.#db, { autoLockMinutes: Math.min(Math.max(Math.round(minutes), 0), 24 * 60) });
  }

  async autoLockMinutes(): Promise<number> {
    return (await plainValue(this.#db, 'autoLockMinutes')) ?? AUTO_LOCK_MINUTES;
  }

  // -- a forgotten PIN

  async askRecovery(): Promise<RecoveryState> {
    const [envelope, device] = await Promise.all([plainValue(this.#db, 'envelope'), plainValue(this.#db, 'device')]);
    if (!envelope || !device) throw problem('recovery.none');
    const asked = await recovery.ask(this.#line, device, envelope);
    return this.#keepRecovery(asked);
  }

  async checkRecovery(): Promise<RecoveryState> {
    const asked = await plainValue(this.#db, 'recovery');
    if (!asked) throw problem('recovery.none');
    if (asked.approved !== undefined) return recovery.stateOf(asked, Date.now());
    return this.#keepRecovery(await recovery.check(this.#line, asked));
  }

  async #keepRecovery(asked: StoredRecovery): Promise<RecoveryState> {
    await keepPlain(this.#db, { recovery: asked });
    await this.#show();
    return recovery.stateOf(asked, Date.now());
  }

  async finishRecovery(newPin: string): Promise<void> {
    checkPin(newPin, 'newPin');
    const [asked, device] = await Promise.all([plainValue(this.#db, 'recovery'), plainValue(this.#db, 'device')]);
    if (!asked || !device) throw problem('recovery.none');
    const data = await recovery.open(asked, device);
    await keepPlain(this.#db, { lock: await lockWith(newPin, data), recovery: undefined });
    await this.#open(data);
  }

  async cancelRecovery(): Promise<void> {
    await keepPlain(this.#db, { recovery: undefined });
    await this.#show();
  }

  // -- what the page tells

  online(online: boolean): void {
    this.#desk?.sync.online(online);
  }

  /** Locks when the app was out of sight for long; a phone may have stopped all clocks of the page meanwhile. */
  async visible(visible: boolean): Promise<void> {
    clearTimeout(this.#autoLock);
    const lockAfterMs = (await this.autoLockMinutes()) * 60_000;
    if (!visible) {
      this.#hiddenAtMs = Date.now();
      if (lockAfterMs > 0) this.#autoLock = setTimeout(() => void this.lock(), lockAfterMs);
      return;
    }
    const hiddenMs = Date.now() - this.#hiddenAtMs;
    if (lockAfterMs > 0 && this.#hiddenAtMs > 0 && hiddenMs >= lockAfterMs) await this.lock();
    else this.#desk?.sync.nudge();
  }

  /** Finishes what is being written; nothing of the device runs afterwards. */
  async close(): Promise<void> {
    clearTimeout(this.#autoLock);
    await this.#desk?.close();
    this.#desk = undefined;
    this.#db.close();
  }

  /** The open device. */
  desk(): Desk {
    if (!this.#desk) throw problem('locked');
    return this.#desk;
  }
}
