/**
 * Carries out what the state machine asks for: writes, reads, signatures in order; the network beside them, so that a
 * person can record while a sync waits for a slow link.
 */
import { Core, type CoreEffect, type CoreNotice, type DeviceIdentity, type Made } from '../core/core';
import { hex, random, type Bytes } from '../bytes';
import { problem } from '../problem';
import { identityOf, type Access } from '../line/access';
import type { Beside, Store } from '../store/store';
import type { DeviceKey } from '../vault/key';

/** A page is what an interruption costs: small ones suit slow links. Before compression. */
const RECEIVE_BYTES = 256 << 10;
const SEND_BYTES = 64 << 10;

/** What is kept of how far own logs have come: lists show it. */
const STANDING = new Set(['sent', 'stored', 'backed_up']);

const SYNC = 'application/vnd.banlang.sync';

export class Driver {
  readonly store: Store;
  readonly #access: Access;
  readonly #key: DeviceKey;
  readonly #core: Core;
  /** The actor of this opening; one actor never numbers two changes alike. */
  actor: string;
  onNotice: (notice: CoreNotice) => void = () => undefined;
  /** Records were written or came. */
  onChanged: () => void = () => undefined;
  #turn: Promise<unknown> = Promise.resolve();
  #beside = new Map<string, Beside>();
  #written = new Map<string, boolean>();
  #error: unknown;
  #exported: { file: Bytes; changes: number } | undefined;
  #ended: ((notice: CoreNotice & { notice: 'synced' | 'stopped' }) => void) | undefined;
  #cancel: AbortController | undefined;

  constructor(store: Store, access: Access, key: DeviceKey) {
    this.store = store;
    this.#access = access;
    this.#key = key;
    this.#core = new Core(identityOf(access.profile), store.ledger.state(), RECEIVE_BYTES, SEND_BYTES);
    this.actor = access.profile.device + hex(random(8));
  }

  #renewActor(): void {
    this.actor = this.#access.profile.device + hex(random(8));
  }

  renewed(identity: DeviceIdentity): void {
    this.#core.renewed(identity);
  }

  /** Its core is gone: whoever waits for the end of a sync hears of it. */
  abandon(): void {
    this.#ended?.({ notice: 'stopped', reason: 'failed' });
  }

  people(): { device: string; recorder: number; name: string }[] {
    return this.#core.people();
  }

  /** How far each own log has come. */
  ownLogs(): ReturnType<Core['ownLogs']> {
    return this.#core.ownLogs();
  }

  /** Keeps a change; resolves once it is durable, together with what stands beside it. */
  async record(area: string, made: Made, beside: Beside): Promise<void> {
    await this.#feed(() => {
      this.#beside.set(made.record, beside);
      this.#core.recorded(area, made.kind, made.record, made.bytes);
    });
    const written = this.#written.get(made.record);
    this.#written.delete(made.record);
    if (written) return;
    // Whether the change reached the disk is not known, so its actor must not number another one alike.
    this.#renewActor();
    throw this.#takeError() ?? problem('storage.failed');
  }

  /** One sync from its begin to its end. */
  async sync(cancel: AbortController): Promise<CoreNotice & { notice: 'synced' }> {
    this.#error = undefined;
    this.#cancel = cancel;
    // First the token, and with it the certificate: what is pending is sealed under the rights of today.
    await this.#access.refreshIfStale(cancel.signal);
    const ended = new Promise<CoreNotice & { notice: 'synced' | 'stopped' }>((resolve) => (this.#ended = resolve));
    await this.#feed(() => this.#core.syncRequested(Date.now()));
    const notice = await ended;
    this.#ended = undefined;
    if (notice.notice === 'synced') return notice;
    const stopped = notice.reason === 'unknown_layout' ? 'sync.newer' : 'sync.stopped';
    throw this.#takeError() ?? problem(stopped, { detail: notice.reason });
  }

  get isBusy(): boolean {
    return this.#core.isBusy();
  }

  /** Everything the server has not signed for, sealed and laid out. */
  async unsent(): Promise<{ file: Bytes; changes: number }> {
    await this.#feed(() => this.#core.exportRequested(Date.now()));
    const exported = this.#exported;
    this.#exported = undefined;
    if (!exported) throw this.#takeError() ?? problem('defect', { detail: 'nothing was exported' });
    return exported;
  }

  /** Receipts that came back; false when they are not for this device. */
  async takeReceipts(file: Uint8Array): Promise<boolean> {
    let taken = false;
    const before = this.onNotice;
    this.onNotice = (notice) => {
      taken ||= notice.notice === 'receipts_taken';
      before(notice);
    };
    try {
      await this.#feed(() => this.#core.receiptsImported(new Uint8Array(file)));
    } finally {
      this.onNotice = before;
    }
    return taken;
  }

  /** Gives an input, then does all that follows but for what the network brings later. */
  async #feed(input: () => void): Promise<void> {
    const work = async (): Promise<void> => {
      input();
      for (let effect = this.#core.poll(); effect; effect = this.#core.poll()) await this.#carryOut(effect);
    };
    const turn = this.#turn.then(work);
    this.#turn = turn.catch(() => undefined);
    await turn;
  }

  async #carryOut(effect: CoreEffect): Promise<void> {
    try {
      await this.#answer(effect);
    } catch (error) {
      this.#error = error;
      if (effect.effect === 'persist') this.#core.persistFailed(effect.ticket);
      else this.#core.failed();
    }
  }

  async #answer(effect: CoreEffect): Promise<void> {
    switch (effect.effect) {
      case 'persist': {
        // Before the store forgets a change: an edit made without it must not number another one like it.
        if (effect.writes.some(({ write }) => write === 'drop_log' || write === 'unseal')) this.#renewActor();
        await this.store.persist(effect.writes, this.#besideOf(effect.writes));
        this.#core.persisted(effect.ticket);
        if (effect.writes.some((write) => write.write !== 'keep' || STANDING.has(write.key))) this.onChanged();
        break;
      }
      case 'sign':
        this.#core.signed(await this.#key.sign(effect.message));
        break;
      case 'read_pending':
        this.#core.pendingRead(await this.store.pending(effect.area, effect.at_most));
        break;
      case 'read_log':
        this.#core.logRead(await this.store.log(effect.log, effect.after, effect.about_bytes));
        break;
      case 'send': {
        const ask = { method: 'POST', path: '/v1/sync', contentType: SYNC, body: effect.request, compress: true };
        void this.#network(ask, (bytes) => this.#core.received(bytes));
        break;
      }
      case 'fetch_snapshot': {
        const ask = { method: 'GET', path: `/v1/areas/${effect.area}/snapshot?digest=${effect.digest}` };
        void this.#network(ask, (bytes) => this.#core.snapshotFetched(bytes));
        break;
      }
      case 'renew_actor':
        this.#renewActor();
        break;
      case 'export':
        this.#exported = { file: new Uint8Array(effect.file), changes: effect.changes };
        break;
      case 'notify':
        this.#heard(effect.notice);
    }
  }

  async #network(ask: Parameters<Access['ask']>[0], take: (bytes: Bytes) => void): Promise<void> {
    const signal = this.#cancel?.signal;
    try {
      const answer = await this.#access.ask({ ...ask, ...(signal && { signal }) });
      await this.#feed(() => take(answer.bytes));
    } catch (error) {
      this.#error = error;
      await this.#feed(() => this.#core.failed());
    }
  }

  #besideOf(writes: Parameters<Store['persist']>[0]): Beside {
    const record = writes.find((write) => write.write === 'add_pending')?.record;
    const beside = record === undefined ? undefined : this.#beside.get(record);
    if (record !== undefined) this.#beside.delete(record);
    return beside ?? {};
  }

  #heard(notice: CoreNotice): void {
    if (notice.notice === 'recorded' || notice.notice === 'not_recorded') {
      this.#written.set(notice.record, notice.notice === 'recorded');
    }
    if (notice.notice === 'synced' || notice.notice === 'stopped') this.#ended?.(notice);
    this.onNotice(notice);
  }

  #takeError(): unknown {
    const error = this.#error;
    this.#error = undefined;
    return error;
  }
}
