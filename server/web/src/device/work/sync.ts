/** When to sync, how often to try again, and what a person sees of it. */
import { DeviceProblem, type NoticeKind, type SyncState, type Words } from '../contract';
import { depositPages, type CoreNotice } from '../core/core';
import type { Access } from '../line/access';
import { asProblem, plain } from '../problem';
import type { Driver } from './driver';

/** What came of failure number n in a row; the last holds for all further ones. */
const RETRY_S = [5, 10, 20, 40, 80, 160, 300, 600];
/** After something was recorded: so that several edits go out together. */
const AFTER_RECORD_MS = 2_000;
/** While the app is open and nothing else gives a reason. */
const EVERY_MS = 5 * 60_000;
const CLOCK_OFF_MS = 5 * 60_000;
const DEPOSIT_BYTES = 256 << 10;
const PAGE = 'application/vnd.banlang.page';

/** Nothing but the password, headquarters or a new enrolment lets this device in again. */
const SHUT_OUT = new Set(['sign-in.expired', 'device.revoked', 'account.deactivated', 'certificate.refused']);

export type Tell = (kind: NoticeKind, text: Words) => void;

export class Sync {
  readonly state: SyncState;
  readonly #driver: () => Driver;
  readonly #access: Access;
  readonly #tell: Tell;
  readonly #onState: () => void;
  /** Before the exchange: what a phone needs more than others' records. A failure there does not keep the sync from running. */
  beforehand: (signal: AbortSignal) => Promise<void> = () => Promise.resolve();
  /** After both sides agree: reference data, carried files. Failures there do not undo the sync. */
  afterwards: () => Promise<void> = () => Promise.resolve();
  /** Brings colleagues' files to the server, which needs no sign-in. */
  deliver: () => Promise<void> = () => Promise.resolve();
  #running: Promise<void> | undefined;
  #cancel: AbortController | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #failures = 0;
  #closed = false;

  constructor(driver: () => Driver, access: Access, tell: Tell, onState: () => void, times: Pick<SyncState, 'lastSyncedAtMs' | 'lastContactMs'>) {
    this.#driver = driver;
    this.#access = access;
    this.#tell = tell;
    this.#onState = onState;
    const none = { sent: 0, received: 0, bytesUp: 0, bytesDown: 0, requests: 0 };
    this.state = { phase: 'idle', online: navigator.onLine, ...none, ...times };
    access.line.onTraffic = () => this.#onTraffic();
    access.line.onAnswer = () => this.#set({ lastContactMs: Date.now() });
  }

  /** What went over the line before the sync under way. */
  #before = { requests: 0, bytesUp: 0, bytesDown: 0 };

  #onTraffic(): void {
    if (!this.#running) return;
    const now = this.#access.line.traffic;
    this.#set({
      requests: now.requests - this.#before.requests,
      bytesUp: now.bytesUp - this.#before.bytesUp,
      bytesDown: now.bytesDown - this.#before.bytesDown,
      ...(now.bytesDown > this.#before.bytesDown && { phase: 'running' as const }),
    });
  }

  #set(change: Partial<SyncState>): void {
    Object.assign(this.state, change);
    this.#onState();
  }

  /** Begins one, or joins the one under way. */
  run(): Promise<void> {
    this.#running ??= this.#once().finally(() => {
      this.#running = undefined;
      this.#onState();
    });
    return this.#running;
  }

  /** One that carries everything recorded up to this call: the one under way may have begun before. */
  async anew(): Promise<void> {
    await this.#running?.catch(() => undefined);
    return this.run();
  }

  async #once(): Promise<void> {
    clearTimeout(this.#timer);
    this.#before = { ...this.#access.line.traffic };
    const fresh = { sent: 0, received: 0, bytesUp: 0, bytesDown: 0, requests: 0, missing: undefined };
    this.#set({ phase: 'connecting', startedAtMs: Date.now(), problem: undefined, nextTryAtMs: undefined, ...fresh });
    this.#cancel = new AbortController();
    try {
      await this.beforehand(this.#cancel.signal).catch(() => undefined);
      const { server_time } = await this.#level(this.#cancel);
      const now = Date.now();
      const clockOffMs = now - server_time;
      this.#failures = 0;
      await this.afterwards().catch(() => undefined);
      this.#set({ phase: 'idle', lastSyncedAtMs: now, lastContactMs: now, clockOffMs });
      if (Math.abs(clockOffMs) > CLOCK_OFF_MS) this.#tellClock(clockOffMs);
      this.#schedule(EVERY_MS);
    } catch (thrown) {
      await this.#failed(asProblem(thrown));
    }
  }

  /** Brings both sides level, and says what a person should hear of. */
  async #level(cancel: AbortController): Promise<CoreNotice & { notice: 'synced' }> {
    let heard: CoreNotice[] = (this.#heard = []);
    try {
      const synced = await this.#driver().sync(cancel);
      if (!heard.some(({ notice }) => notice === 'unverifiable')) return synced;
      // The server may seal with a key that is newer than this phone's list: it comes with the next token. The second
      // sync's word counts on what could not be verified.
      heard = this.#heard = heard.filter(({ notice }) => notice !== 'unverifiable');
      await this.#access.refresh(cancel.signal);
      return await this.#driver().sync(cancel);
    } finally {
      this.#heard = undefined;
      this.#tellAll(heard);
    }
  }

  async #failed(found: DeviceProblem): Promise<never> {
    if (SHUT_OUT.has(found.code)) {
      const phase = found.code === 'sign-in.expired' ? 'sign-in' : 'shut-out';
      await this.#deposit().catch(() => undefined);
      await this.deliver().catch(() => undefined);
      this.#set({ phase, problem: plain(found) });
      throw found;
    }
    if (found.code === 'sync.cancelled') {
      this.#set({ phase: 'idle' });
      this.#schedule(EVERY_MS);
      throw found;
    }
    const delay = (RETRY_S[Math.min(this.#failures, RETRY_S.length - 1)] ?? 600) * 1000;
    this.#failures += 1;
    this.#set({ phase: 'waiting', problem: plain(found), nextTryAtMs: Date.now() + delay });
    this.#schedule(delay);
    throw found;
  }

  /** What only this phone holds goes to the endpoint that needs no sign-in: batches stand on their own signatures. */
  async #deposit(): Promise<void> {
    const driver = this.#driver();
    const { file, changes } = await driver.unsent();
    if (changes === 0) return;
    for (const page of depositPages(file, DEPOSIT_BYTES)) {
      const ask = { method: 'POST', path: '/v1/deposits', contentType: PAGE, body: page, compress: true };
      const answer = await this.#access.line.ask(ask);
      await driver.takeReceipts(answer.bytes);
    }
    this.#tell('deposited', {
      vi: 'Máy này không đăng nhập được. Bản ghi trên máy đã được gửi lên máy chủ giữ, không mất.',
      en: 'This phone is not let in. What was recorded was deposited at the server; nothing is lost.',
    });
  }

  /** Begins one soon, when there is a connection and no reason against it. */
  nudge(delayMs = AFTER_RECORD_MS): void {
    if (this.#running || this.state.phase === 'sign-in' || this.state.phase === 'shut-out') return;
    if (navigator.onLine) this.#schedule(delayMs);
  }

  online(online: boolean): void {
    this.#set({ online });
    if (online) {
      this.#failures = 0;
      this.nudge(0);
    }
  }

  /** After the password was right. */
  signedIn(): void {
    this.#set({ phase: 'idle', problem: undefined });
    this.nudge(0);
  }

  cancel(): void {
    this.#cancel?.abort();
  }

  /** Ends everything that is under way; no sync begins any more. */
  async close(): Promise<void> {
    this.#closed = true;
    clearTimeout(this.#timer);
    this.#cancel?.abort();
    await this.#running?.catch(() => undefined);
  }

  #schedule(delayMs: number): void {
    clearTimeout(this.#timer);
    if (this.#closed) return;
    this.#timer = setTimeout(() => void this.run().catch(() => undefined), delayMs);
  }

  #tellClock(offMs: number): void {
    const minutes = Math.round(Math.abs(offMs) / 60_000).toLocaleString('vi-VN');
    const [vi, en] = offMs > 0 ? ['nhanh', 'fast'] : ['chậm', 'slow'];
    this.#tell('clock-off', {
      vi: `Đồng hồ máy ${vi} ${minutes} phút so với máy chủ. Hãy chỉnh lại giờ.`,
      en: `This phone's clock is ${minutes} minutes ${en}. Please set it right.`,
    });
  }

  /** What the state machine says along the way. */
  heard(notice: CoreNotice): void {
    if (notice.notice === 'progress') {
      this.#set({ phase: 'running', sent: notice.sent, received: notice.received, missing: notice.missing });
    } else if (this.#heard) {
      this.#heard.push(notice);
    } else {
      this.#tellOf(notice);
    }
  }

  /** What was said during the sync under way. */
  #heard: CoreNotice[] | undefined;

  #tellAll(heard: CoreNotice[]): void {
    const lacking = new Set(heard.flatMap((notice) => (notice.notice === 'server_lacks' ? [notice.log] : [])));
    for (const notice of heard) {
      // What the server does not take was not given back.
      if (notice.notice !== 'server_was_behind' || !lacking.has(notice.log)) this.#tellOf(notice);
    }
  }

  #tellOf(notice: CoreNotice): void {
    switch (notice.notice) {
      case 'store_copied':
        this.#tell('store-copied', {
          vi: 'Dữ liệu trên máy này từng bị sao chép hoặc khôi phục từ bản cũ. Không mất gì: phần máy chủ có đã được tải lại.',
          en: "This phone's data were copied or put back to an older state. Nothing is lost: what the server has came back.",
        });
        break;
      case 'server_was_behind':
        this.#tell('server-restored', {
          vi: 'Máy chủ vừa được khôi phục; máy này đã gửi lại những gì máy chủ thiếu.',
          en: 'The server had been restored; this phone gave back what it lacked.',
        });
        break;
      case 'server_lacks':
        this.#tell('server-lacks', {
          vi: 'Máy chủ chưa nhận lại dữ liệu của một máy khác đang có trên máy này. Dữ liệu được giữ ở đây và sẽ gửi lại lần sau. Hãy báo cho cấp trên.',
          en: "The server does not take back another phone's records that are here. They are kept and offered again at the next sync. Tell headquarters.",
        });
        break;
      case 'too_large':
        this.#tell('too-large', {
          vi: 'Một bản ghi quá lớn nên không gửi được; bản ghi vẫn còn trên máy này. Hãy báo cho cấp trên.',
          en: 'A record is too large to be sent; it stays on this phone. Tell headquarters.',
        });
        break;
      case 'unverifiable':
        this.#tell('unverifiable', {
          vi: 'Có dữ liệu không xác minh được chữ ký, đã bỏ qua. Hãy báo cho cấp trên.',
          en: 'Data whose signature cannot be verified were left out. Tell headquarters.',
        });
        break;
      case 'forged_receipt':
        this.#tell('forged-receipt', {
          vi: 'Có biên nhận giả, đã bỏ qua. Hãy báo cho cấp trên.',
          en: 'A forged receipt was ignored. Tell headquarters.',
        });
    }
  }
}
