/**
 * What of this phone the server keeps and does not count. A receipt says that the server has a batch, not that its changes
 * became part of their records: the person who recorded them could not know otherwise.
 */
import type { components } from '../api';
import type { HeldBack } from '../contract';
import type { OwnLog } from '../core/core';
import type { Access } from '../line/access';
import { readJson } from '../line/http';
import type { Store } from '../store/store';

type Answer = components['schemas']['OwnHeld'];

/** What the server answered, and of which logs it spoke. */
interface Known {
  /** How far the server had signed for the own logs. */
  signed: string;
  held: [record: string, HeldBack][];
}

const META = 'held';

export class Held {
  readonly #store: Store;
  readonly #access: Access;
  #known: Known;
  #of: Map<string, HeldBack>;

  private constructor(store: Store, access: Access, known: Known) {
    this.#store = store;
    this.#access = access;
    this.#known = known;
    this.#of = new Map(known.held);
  }

  static async open(store: Store, access: Access): Promise<Held> {
    return new Held(store, access, (await store.meta<Known>(META)) ?? { signed: '', held: [] });
  }

  /** Asks again when the server signed for something new, or while something was held back. */
  async fetch(logs: OwnLog[]): Promise<void> {
    const signed = logs.map(({ log, stored }) => `${log}:${stored}`).join(' ');
    if (this.#known.held.length === 0 && this.#known.signed === signed) return;
    const { held } = readJson<Answer>(await this.#access.ask({ method: 'GET', path: '/v1/quarantine/own' }));
    // Of several changes of a record the oldest is what the others may wait for.
    const lines = held.map((one): [string, HeldBack] => [one.record, line(one)]).reverse();
    this.#known = { signed, held: [...new Map(lines)] };
    this.#of = new Map(lines);
    await this.#store.keepMeta(META, this.#known);
  }

  /** Why something of this record does not count, as the server last said. */
  of(record: string): HeldBack | null {
    return this.#of.get(record) ?? null;
  }
}

function line({ standing, reason_vi: vi, reason_en: en, note }: Answer['held'][number]): HeldBack {
  const reason = vi && en ? { vi, en } : null;
  const why = note ? { vi: note, en: note } : reason;
  return { standing: standing === 'waiting' || standing === 'left' ? standing : 'quarantined', why };
}
