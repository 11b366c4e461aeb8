/**
 * The store: an encrypted journal of steps, rows of bytes beside it, and a checkpoint of the ledger now and then.
 *
 * A call of `persist` is one transaction, durable when it resolves. The ledger in memory follows the disk, never the
 * other way round. A crash at any point leaves what the last transaction left.
 */
import type { Bytes } from '../bytes';
import type { StoreWrite, StoredBatch, StoredChange, Summary } from '../core/core';
import type { Cipher } from '../vault/cipher';
import { plain, writing, type Database, type Table } from './database';
import { Ledger, type Held, type LedgerImage, type Pending, type Step } from './ledger';
import { packBatch, unpackBatch } from './row';

/** A journal longer than this is folded into a checkpoint when there is time. */
const JOURNAL_STEPS = 200;
const JOURNAL_BYTES = 1 << 20;
/** Rows kept opened, for records that are read one after the other. */
const OPEN_ROWS = 24;

/** What is written or deleted in the same transaction beside the store's own tables. */
export interface Beside {
  steps?: Step[];
  deleteDraft?: string;
}

/** What a store is opened from. */
export interface Sealed {
  device: string;
  image: Bytes | undefined;
  keys: number[];
  entries: Bytes[];
}

export class Store {
  ledger: Ledger;
  readonly #db: Database;
  readonly #cipher: Cipher;
  readonly #device: string;
  #nextEntry: number;
  #journal = { entries: 0, bytes: 0 };
  #turn: Promise<unknown> = Promise.resolve();
  readonly #open = new Map<number, StoredBatch | Bytes>();

  private constructor(db: Database, cipher: Cipher, device: string, ledger: Ledger, nextEntry: number) {
    this.#db = db;
    this.#cipher = cipher;
    this.#device = device;
    this.ledger = ledger;
    this.#nextEntry = nextEntry;
  }

  /** Reads the checkpoint and what was written since, still sealed: that needs no key, so it goes on while one is made. */
  static async read(db: Database): Promise<Sealed> {
    const device = (await plain(db, 'device')) ?? '';
    const tx = db.transaction(['checkpoint', 'journal']);
    const [image, keys, entries] = await Promise.all([
      tx.objectStore('checkpoint').get(0),
      tx.objectStore('journal').getAllKeys(),
      tx.objectStore('journal').getAll(),
    ]);
    return { device, image, keys, entries };
  }

  /** Opens what was read; nothing may have been written since. */
  static async open(db: Database, cipher: Cipher, sealed?: Promise<Sealed>): Promise<Store> {
    const { device, image, keys, entries } = await (sealed ?? Store.read(db));
    const ledger = image ? Ledger.of(await cipher.openJson<LedgerImage>('checkpoint', image)) : new Ledger();
    const opened = await Promise.all(
      entries.map((entry, at) => cipher.openJson<Step[]>(`journal/${keys[at] ?? 0}`, entry)),
    );
    for (const steps of opened) for (const step of steps) ledger.apply(step);
    const store = new Store(db, cipher, device, ledger, (keys.at(-1) ?? 0) + 1);
    store.#journal = { entries: entries.length, bytes: entries.reduce((sum, entry) => sum + entry.length, 0) };
    return store;
  }

  /** Carries out the writes of one effect. */
  async persist(writes: StoreWrite[], beside: Beside = {}): Promise<void> {
    return this.#inTurn(async () => {
      const rows: [number, Bytes][] = [];
      let row = this.ledger.nextRow;
      const steps: Step[] = [...(beside.steps ?? [])];
      for (const write of writes) {
        const [step, bytes] = await this.#step(write, row);
        steps.push(step);
        if (!bytes) continue;
        rows.push([row, await this.#cipher.seal(`body/${row}`, bytes)]);
        row += 1;
      }
      await this.#write(steps, rows, beside.deleteDraft);
    });
  }

  async #step(write: StoreWrite, row: number): Promise<[Step, Bytes?]> {
    switch (write.write) {
      case 'add_pending': {
        const { area, record, kind, change } = write;
        return [{ do: 'pending', pending: { row, at: -1, area, record, kind, change } }, new Uint8Array(write.bytes)];
      }
      case 'put_batch': {
        const { log, seq, hash, entries } = write;
        const own = log.endsWith(`/${this.#device}`);
        const bodies = await Promise.all(
          // When the server withholds what it holds in quarantine, the bytes that are here stay.
          write.batch.bodies.map(async (body, at) => body ?? this.#pendingBytes(own, entries[at]?.change)),
        );
        const packed = packBatch({ ...write.batch, bodies });
        const lines = entries.map(
          ({ record, kind, change }, at): [string, number, string, boolean] => [record, kind, change, Boolean(bodies[at])],
        );
        return [{ do: 'batch', log, seq, hash, row, bytes: packed.length, entries: lines, own }, packed];
      }
      case 'drop_log':
        return [{ do: 'drop', log: write.log }];
      case 'unseal':
        return [{ do: 'unseal', log: write.log }];
      case 'keep':
        return [{ do: 'keep', key: write.key, value: write.value }];
    }
  }

  async #pendingBytes(own: boolean, change: string | undefined): Promise<Uint8Array | null> {
    const pending = own ? this.ledger.pending.find((other) => other.change === change) : undefined;
    return pending ? this.#bytes(pending) : null;
  }

  async #write(steps: Step[], rows: [number, Bytes][], deleteDraft?: string): Promise<void> {
    const entry = this.#nextEntry;
    const sealed = await this.#cipher.sealJson(`journal/${entry}`, steps);
    const tables: Table[] = deleteDraft === undefined ? ['journal', 'body'] : ['journal', 'body', 'draft'];
    const tx = writing(this.#db, tables);
    const puts: Promise<unknown>[] = [tx.objectStore('journal').put(sealed, entry)];
    for (const [row, bytes] of rows) puts.push(tx.objectStore('body').put(bytes, row));
    if (deleteDraft !== undefined) puts.push(tx.objectStore('draft').delete(deleteDraft));
    await Promise.all([...puts, tx.done]);
    this.#nextEntry += 1;
    this.#journal.entries += 1;
    this.#journal.bytes += sealed.length;
    for (const step of steps) this.ledger.apply(step);
  }

  /** Keeps lines that were computed; losing them costs computing them again. */
  async keepLines(lines: [string, Summary | null][]): Promise<void> {
    if (lines.length === 0) return;
    const steps = lines.map(([record, summary]): Step => ({ do: 'summary', record, summary }));
    await this.#inTurn(() => this.#write(steps, []));
  }

  /** Folds a long journal into a checkpoint; call it when nothing is waited for. */
  async tidy(): Promise<void> {
    if (this.#journal.entries < JOURNAL_STEPS && this.#journal.bytes < JOURNAL_BYTES) return;
    await this.#inTurn(async () => {
      const sealed = await this.#cipher.sealJson('checkpoint', this.ledger.image());
      const loose = [...this.ledger.loose];
      const tx = writing(this.#db, ['checkpoint', 'journal', 'body']);
      const bodies = tx.objectStore('body');
      await Promise.all([
        tx.objectStore('checkpoint').put(sealed, 0),
        tx.objectStore('journal').clear(),
        ...loose.map((row) => bodies.delete(row)),
        tx.done,
      ]);
      for (const row of loose) {
        this.ledger.loose.delete(row);
        this.#open.delete(row);
      }
      this.#journal = { entries: 0, bytes: 0 };
    });
  }

  /** The oldest pending changes of an area. */
  async pending(area: string, atMost: number): Promise<StoredChange[]> {
    const of = this.ledger.pending.filter((pending) => pending.area === area).slice(0, atMost);
    return Promise.all(
      of.map(async (pending) => ({ kind: pending.kind, record: pending.record, bytes: await this.#bytes(pending) })),
    );
  }

  /** Batches of a log after a place, until they take about so many bytes; at least one. */
  async log(name: string, after: number, aboutBytes: number): Promise<StoredBatch[]> {
    const log = this.ledger.logs.get(name);
    const batches: StoredBatch[] = [];
    let bytes = 0;
    for (let at = after; log && at < log.rows.length; at += 1) {
      if (batches.length > 0 && bytes >= aboutBytes) break;
      batches.push(await this.#batch(log.rows[at] ?? 0));
      bytes += log.bytes[at] ?? 0;
    }
    return batches;
  }

  /** The bytes of every change of a record that is here. */
  async changes(record: string): Promise<Bytes[]> {
    const held = this.ledger.records.get(record)?.changes.filter(({ row }) => row > 0) ?? [];
    const unique = new Map(held.map((one) => [`${one.row}/${one.at}`, one]));
    const out: Bytes[] = [];
    for (const one of unique.values()) out.push(await this.#bytes(one));
    return out;
  }

  async #bytes(spot: Pick<Held | Pending, 'row' | 'at'>): Promise<Bytes> {
    if (spot.at < 0) {
      const bytes = await this.#row(spot.row);
      if (bytes instanceof Uint8Array) return bytes;
    }
    const body = (await this.#batch(spot.row)).bodies[spot.at];
    if (!body) throw new Error(`row ${spot.row} lacks the change at ${spot.at}`);
    return body as Bytes;
  }

  async #batch(row: number): Promise<StoredBatch> {
    const open = await this.#row(row);
    if (!(open instanceof Uint8Array)) return open;
    const batch = unpackBatch(open);
    this.#open.set(row, batch);
    return batch;
  }

  async #row(row: number): Promise<StoredBatch | Bytes> {
    const open = this.#open.get(row);
    if (open) return open;
    const sealed = await this.#db.get('body', row);
    if (!sealed) throw new Error(`row ${row} of the store is missing`);
    const bytes = await this.#cipher.open(`body/${row}`, sealed);
    this.#open.set(row, bytes);
    for (const oldest of this.#open.keys()) {
      if (this.#open.size <= OPEN_ROWS) break;
      this.#open.delete(oldest);
    }
    return bytes;
  }

  /** A value of its own, under a key that says nothing of what it holds. */
  async meta<T>(key: string): Promise<T | undefined> {
    const sealed = await this.#db.get('meta', key);
    return sealed && this.#cipher.openJson<T>(`meta/${key}`, sealed);
  }

  async keepMeta(key: string, value: unknown): Promise<void> {
    await this.keepSealed('meta', key, value);
  }

  async keepSealed(table: 'meta' | 'draft' | 'carried', key: string, value: unknown): Promise<void> {
    const sealed = await this.#cipher.sealJson(`${table}/${key}`, value);
    const tx = writing(this.#db, [table]);
    await Promise.all([tx.objectStore(table).put(sealed, key), tx.done]);
  }

  async sealed<T>(table: 'draft' | 'carried', key: string): Promise<T | undefined> {
    const sealed = await this.#db.get(table, key);
    return sealed && this.#cipher.openJson<T>(`${table}/${key}`, sealed);
  }

  async everySealed<T>(table: 'draft' | 'carried'): Promise<T[]> {
    const tx = this.#db.transaction(table);
    const [keys, values] = await Promise.all([tx.store.getAllKeys(), tx.store.getAll()]);
    const whole = keys.flatMap((key, at) => (key.includes('/') ? [] : [[key, values[at] as Bytes] as const]));
    return Promise.all(whole.map(([key, value]) => this.#cipher.openJson<T>(`${table}/${key}`, value)));
  }

  /** A carried file: what is known of it, and its bytes. */
  async keepCarried(key: string, item: unknown, bytes?: Uint8Array): Promise<void> {
    const sealed = await this.#cipher.sealJson(`carried/${key}`, item);
    const body = bytes && (await this.#cipher.seal(`carried/${key}/bytes`, bytes));
    const tx = writing(this.#db, ['carried']);
    const table = tx.objectStore('carried');
    const puts: Promise<unknown>[] = [table.put(sealed, key)];
    if (body) puts.push(table.put(body, `${key}/bytes`));
    await Promise.all([...puts, tx.done]);
  }

  async carriedBytes(key: string): Promise<Bytes | undefined> {
    const sealed = await this.#db.get('carried', `${key}/bytes`);
    return sealed && this.#cipher.open(`carried/${key}/bytes`, sealed);
  }

  async forgetSealed(table: 'draft' | 'carried', key: string): Promise<void> {
    const tx = writing(this.#db, [table]);
    await Promise.all([tx.objectStore(table).delete(key), tx.objectStore(table).delete(`${key}/bytes`), tx.done]);
  }

  /** One after the other: a step builds on the rows of the one before. */
  async #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const turn = this.#turn.then(work, work);
    this.#turn = turn.catch(() => undefined);
    return turn;
  }
}
