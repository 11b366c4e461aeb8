/**
 * What the store holds, in memory: logs, records, pending changes, without their bytes. It is the fold of the journal's
 * steps: the same `apply` runs when something is written and when the store is opened.
 */
import type { StoredState, Summary } from '../core/core';

/** Where the bytes of a change are: a row, and its place in the batch of that row; -1: the row is the change. */
export interface Spot {
  row: number;
  at: number;
}

export interface Pending extends Spot {
  area: string;
  record: string;
  kind: number;
  change: string;
}

export interface Held extends Spot {
  /** The log and place it is sealed at; none while it is pending. */
  log?: string;
  seq?: number;
  change?: string;
}

export interface Known {
  kind: number;
  area: string;
  changes: Held[];
  /** Undefined until computed, and after something came. */
  summary?: Summary;
  /** The changes cannot be read by this version. */
  unreadable?: boolean;
}

export interface Log {
  hashes: string[];
  rows: number[];
  bytes: number[];
}

/** One entry of a batch: record, kind, change, whether its bytes are here. */
export type Entry = [record: string, kind: number, change: string, here: boolean];

export type Step =
  | { do: 'pending'; pending: Pending }
  | { do: 'batch'; log: string; seq: number; hash: string; row: number; bytes: number; entries: Entry[]; own: boolean }
  | { do: 'drop'; log: string }
  | { do: 'unseal'; log: string }
  | { do: 'keep'; key: string; value: string }
  | { do: 'serial'; serial: number }
  | { do: 'summary'; record: string; summary: Summary | null };

/** The whole ledger as plain data. */
export interface LedgerImage {
  nextRow: number;
  serial: number;
  logs: [string, Log][];
  records: [string, Known][];
  pending: Pending[];
  kept: [string, string][];
}

/** The first change of a record: the record's id is made of its hash. */
const isFirst = (record: string, change: string): boolean => change.startsWith(record);

export class Ledger {
  nextRow = 1;
  serial = 0;
  readonly logs = new Map<string, Log>();
  readonly records = new Map<string, Known>();
  readonly kept = new Map<string, string>();
  pending: Pending[] = [];
  /** Records whose line is to be made anew. */
  readonly stale = new Set<string>();
  /** Rows nothing points to any more; they may be deleted. */
  readonly loose = new Set<number>();

  static of(image: LedgerImage): Ledger {
    const ledger = new Ledger();
    ledger.nextRow = image.nextRow;
    ledger.serial = image.serial;
    for (const [name, log] of image.logs) ledger.logs.set(name, log);
    for (const [id, known] of image.records) {
      ledger.records.set(id, known);
      if (!known.summary && !known.unreadable) ledger.stale.add(id);
    }
    for (const [key, value] of image.kept) ledger.kept.set(key, value);
    ledger.pending = image.pending;
    return ledger;
  }

  image(): LedgerImage {
    return {
      nextRow: this.nextRow,
      serial: this.serial,
      logs: [...this.logs],
      records: [...this.records],
      pending: this.pending,
      kept: [...this.kept],
    };
  }

  /** What the state machine is built from. */
  state(): StoredState {
    const kept = (key: string): string | undefined => this.kept.get(key);
    return {
      chains: [...this.logs].map(([log, { hashes }]) => ({ log, hashes })),
      withheld: this.#withheld(),
      pending: [...new Set(this.pending.map(({ area }) => area))],
      sent: kept('sent'),
      stored: kept('stored'),
      backed_up: kept('backed_up'),
      agreement: kept('agreement'),
      refetch: kept('refetch'),
      outside: kept('outside'),
      directory: [...this.kept].filter(([key]) => key.startsWith('directory/')).map(([, value]) => value),
    };
  }

  /** The changes whose batches are here without their bytes, in the order of the logs. */
  #withheld(): StoredState['withheld'] {
    const gaps = new Map<string, [number, number][]>();
    for (const { changes } of this.records.values()) {
      for (const { log, seq, row, at } of changes) {
        if (log === undefined || seq === undefined || row > 0) continue;
        const of = gaps.get(log) ?? [];
        gaps.set(log, of);
        of.push([seq, at]);
      }
    }
    return [...gaps].map(([log, entries]) => ({ log, entries }));
  }

  apply(step: Step): void {
    switch (step.do) {
      case 'pending': {
        const { row, at, area, record, kind, change } = step.pending;
        if (this.pending.some((other) => other.change === change)) return;
        this.pending.push(step.pending);
        this.#add(record, kind, area, isFirst(record, change), { row, at, change });
        break;
      }
      case 'batch':
        this.#batch(step);
        break;
      case 'drop':
        this.#drop(step.log);
        break;
      case 'unseal':
        this.#unseal(step.log);
        break;
      case 'keep':
        this.kept.set(step.key, step.value);
        break;
      case 'serial':
        this.serial = step.serial;
        break;
      case 'summary': {
        const known = this.records.get(step.record);
        this.stale.delete(step.record);
        if (!known) return;
        if (step.summary) {
          known.summary = step.summary;
          delete known.unreadable;
        } else {
          delete known.summary;
          known.unreadable = true;
        }
      }
    }
    const rows = 'row' in step ? step.row : step.do === 'pending' ? step.pending.row : 0;
    this.nextRow = Math.max(this.nextRow, rows + 1);
  }

  #batch(step: Step & { do: 'batch' }): void {
    const { log, seq, hash, row, bytes, own } = step;
    const of = this.logs.get(log) ?? { hashes: [], rows: [], bytes: [] };
    this.logs.set(log, of);
    const replaced = of.rows[seq - 1];
    if (replaced !== undefined && replaced !== row) {
      this.#forget((held) => held.log === log && held.seq === seq);
      this.loose.add(replaced);
    }
    of.hashes[seq - 1] = hash;
    of.rows[seq - 1] = row;
    of.bytes[seq - 1] = bytes;
    const area = log.slice(0, log.indexOf('/'));
    const sealed = own ? new Set(step.entries.map(([, , change]) => change)) : undefined;
    if (sealed) {
      const done = this.pending.filter(({ change }) => sealed.has(change));
      this.pending = this.pending.filter(({ change }) => !sealed.has(change));
      for (const pending of done) {
        this.loose.add(pending.row);
        const known = this.records.get(pending.record);
        if (known) known.changes = known.changes.filter(({ change }) => change !== pending.change);
      }
    }
    step.entries.forEach(([record, kind, change, here], at) => {
      const held: Held = { row: here ? row : 0, at, log, seq, ...(own && { change }) };
      this.#add(record, kind, area, isFirst(record, change), held);
    });
    this.#settleLoose();
  }

  #add(record: string, kind: number, area: string, first: boolean, held: Held): void {
    const known = this.records.get(record);
    if (!known) {
      this.records.set(record, { kind, area, changes: [held] });
    } else {
      known.changes.push(held);
      if (first) Object.assign(known, { area, kind });
      delete known.unreadable;
    }
    this.stale.add(record);
  }

  #drop(log: string): void {
    for (const row of this.logs.get(log)?.rows ?? []) this.loose.add(row);
    this.logs.delete(log);
    this.#forget((held) => held.log === log);
    this.#settleLoose();
  }

  /** The log's changes become pending again, in their order and before what is pending; their bytes stay in place. */
  #unseal(log: string): void {
    const area = log.slice(0, log.indexOf('/'));
    const again: (Pending & { seq: number })[] = [];
    for (const [record, known] of this.records) {
      for (const held of known.changes) {
        if (held.log !== log || held.row === 0 || held.change === undefined) continue;
        again.push({ row: held.row, at: held.at, area, record, kind: known.kind, change: held.change, seq: held.seq ?? 0 });
      }
    }
    again.sort((a, b) => a.seq - b.seq || a.at - b.at);
    this.#drop(log);
    const rest = this.pending;
    this.pending = [];
    const already = new Set(rest.map(({ change }) => change));
    for (const { seq: _, ...pending } of again) {
      if (!already.has(pending.change)) this.apply({ do: 'pending', pending });
    }
    this.pending.push(...rest);
    this.#settleLoose();
  }

  #forget(gone: (held: Held) => boolean): void {
    for (const [record, known] of this.records) {
      const left = known.changes.filter((held) => !gone(held));
      if (left.length === known.changes.length) continue;
      if (left.length === 0) {
        this.records.delete(record);
        this.stale.delete(record);
      } else {
        known.changes = left;
        this.stale.add(record);
      }
    }
  }

  /** A row that a pending change or a batch points to is not loose. */
  #settleLoose(): void {
    if (this.loose.size === 0) return;
    for (const { row } of this.pending) this.loose.delete(row);
  }
}
