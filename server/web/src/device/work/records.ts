/** Records in memory: lines, counts, lists, one record whole. Documents are read only for the record that is opened. */
import { both, type Reference } from './reference';
import { fold } from './names';
import type { Driver } from './driver';
import type { Counts, ListQuery, RecordLine, RecordPage, ReviewStanding, Standing } from '../contract';
import { isTrap } from '../core-loader';
import { reviewStanding, summarise, type ReviewSummary, type Summary } from '../core/core';
import type { Known } from '../store/ledger';
import type { Held } from './held';

/** Lines computed and kept in one go. */
const CHUNK = 250;
const RANK: Standing[] = ['here', 'sent', 'stored', 'backed_up'];

export interface Row {
  id: string;
  known: Known;
  summary: Summary;
}

interface Review {
  state: ReviewStanding;
  live: Set<string>;
  reviews: ReviewSummary[];
}

export class Records {
  readonly #driver: Driver;
  readonly #me: { device: string; recorder: number };
  reference: Reference;
  readonly #held: Held;
  /** Called when the core trapped while it read a record; resolves with a new core. */
  readonly #onTrap: () => Promise<void>;
  #sorted: Row[] | undefined;
  #reviews: Map<string, ReviewSummary[]> | undefined;
  #standings = new Map<string, Review>();
  /** What is searched of each record, folded. */
  readonly #hays = new Map<string, string>();
  #people: Map<string, string> | undefined;
  #own: Map<string, { sent: number; stored: number; backed_up: number }> | undefined;

  constructor(driver: Driver, me: { device: string; recorder: number }, reference: Reference, held: Held, onTrap: () => Promise<void>) {
    this.#driver = driver;
    this.#me = me;
    this.reference = reference;
    this.#held = held;
    this.#onTrap = onTrap;
  }

  /** Makes the lines of records that changed, some at a time; `onSome` is called after each of those. */
  async refresh(onSome: () => void): Promise<void> {
    const { store } = this.#driver;
    while (store.ledger.stale.size > 0) {
      const lines: [string, Summary | null][] = [];
      for (const id of [...store.ledger.stale].slice(0, CHUNK)) lines.push([id, await this.#line(id)]);
      await store.keepLines(lines);
      onSome();
    }
  }

  async #line(id: string): Promise<Summary | null> {
    const known = this.#driver.store.ledger.records.get(id);
    if (!known) return null;
    try {
      return summarise(known.kind, await this.#driver.store.changes(id));
    } catch (error) {
      // A record of a newer version, or one whose first change has not arrived: it stays, and is not shown.
      if (isTrap(error)) await this.#onTrap();
      return null;
    }
  }

  /** What was derived is derived anew. */
  forget(): void {
    this.#sorted = undefined;
    this.#reviews = undefined;
    this.#standings.clear();
    this.#people = undefined;
    this.#own = undefined;
    this.#hays.clear();
  }

  /** Sessions and panel checks, the newest day first. */
  rows(): Row[] {
    if (this.#sorted) return this.#sorted;
    const rows: Row[] = [];
    for (const [id, known] of this.#driver.store.ledger.records) {
      if (known.summary && known.summary.kind !== 'review') rows.push({ id, known, summary: known.summary });
    }
    rows.sort((a, b) => compare(b.summary.date ?? '', a.summary.date ?? '') || b.summary.created_at - a.summary.created_at || compare(b.id, a.id));
    this.#sorted = rows;
    return rows;
  }

  row(id: string): Row | undefined {
    const known = this.#driver.store.ledger.records.get(id);
    return known?.summary && known.summary.kind !== 'review' ? { id, known, summary: known.summary } : undefined;
  }

  /** The line of any record, a review too. */
  summaryOf(id: string): Summary | undefined {
    return this.#driver.store.ledger.records.get(id)?.summary;
  }

  /** How many records are here that this version cannot read. */
  unreadable(): number {
    let count = 0;
    for (const known of this.#driver.store.ledger.records.values()) if (known.unreadable) count += 1;
    return count;
  }

  /** The name of the person behind a device, or the device. */
  nameOf(device: string): string {
    this.#people ??= new Map(this.#driver.people().map((person) => [person.device, person.name]));
    return this.#people.get(device) ?? device;
  }

  nameOfRecorder(recorder: number): string {
    return this.#driver.people().find((person) => person.recorder === recorder)?.name ?? `#${recorder}`;
  }

  isMine(device: string): boolean {
    return device === this.#me.device;
  }

  /** How far the least far of this device's own changes has come. */
  standing(known: Known): Standing {
    this.#own ??= new Map(this.#driver.ownLogs().map((log) => [log.log, log]));
    let least: number | undefined;
    for (const { log, seq } of known.changes) {
      let rank = 0;
      if (log !== undefined && seq !== undefined) {
        const own = this.#own.get(log);
        if (!own) continue;
        rank = seq <= own.backed_up ? 3 : seq <= own.stored ? 2 : seq <= own.sent ? 1 : 0;
      }
      least = Math.min(least ?? rank, rank);
    }
    return RANK[least ?? 2] ?? 'stored';
  }

  /** Where a session stands in review. */
  review(row: Row): Review | undefined {
    if (row.summary.kind !== 'session') return undefined;
    const known = this.#standings.get(row.id);
    if (known) return known;
    const reviews = this.#reviewsOf(row.id);
    const found = reviews.length > 0 ? reviewStanding(row.summary.heads, reviews) : { state: 'new' as const, live: [] };
    const review = { state: found.state, live: new Set(found.live), reviews };
    this.#standings.set(row.id, review);
    return review;
  }

  #reviewsOf(session: string): ReviewSummary[] {
    if (!this.#reviews) {
      this.#reviews = new Map();
      for (const { summary } of this.#driver.store.ledger.records.values()) {
        if (!summary?.review) continue;
        const of = this.#reviews.get(summary.review.session) ?? [];
        of.push(summary.review);
        this.#reviews.set(summary.review.session, of);
      }
    }
    return this.#reviews.get(session) ?? [];
  }

  line(row: Row): RecordLine {
    const { summary, known, id } = row;
    const { reference } = this;
    const session = summary.kind === 'session';
    const review = this.review(row);
    const place = summary.place ?? '';
    const panel = session ? undefined : reference.panel(place);
    const returned = review?.reviews.filter(
      ({ review: of, decision }) => decision === 'return' && review.live.has(of) && review.state !== 'confirmed',
    );
    return {
      id,
      kind: session ? 'session' : 'panel_check',
      date: summary.date ?? null,
      place: session ? reference.placeName(place) : both(panel?.name ?? place),
      commune: reference.areaName(known.area),
      area: known.area,
      format: summary.format ? reference.label('format', summary.format) : null,
      attendances: summary.attendances ?? null,
      material: summary.material,
      conditions: summary.conditions.map((code) => reference.label('condition', code)),
      recorder: this.nameOf(summary.device),
      mine: summary.recorder === this.#me.recorder,
      serial: summary.serial,
      standing: this.standing(known),
      review: review?.state ?? null,
      reviewComment: returned?.at(-1)?.comment || null,
      conflicts: summary.conflicts.length,
      waiting: summary.waiting,
      void: typeof summary.void === 'string',
      held: this.#held.of(id),
      createdAtMs: summary.created_at,
    };
  }

  list(query: ListQuery): RecordPage {
    const words = fold(query.text ?? '').split(' ').filter(Boolean);
    const matching = this.rows().filter((row) => this.#matches(row, query, words));
    let [sessions, attendances] = [0, 0];
    for (const { summary } of matching) {
      if (summary.kind !== 'session' || typeof summary.void === 'string') continue;
      sessions += 1;
      attendances += summary.attendances ?? 0;
    }
    const offset = query.offset ?? 0;
    const limit = Math.min(query.limit ?? 50, 200);
    const rows = matching.slice(offset, offset + limit).map((row) => this.line(row));
    return { rows, total: matching.length, sessions, attendances };
  }

  #matches(row: Row, query: ListQuery, words: string[]): boolean {
    const { summary, known } = row;
    if (query.kind && summary.kind !== query.kind) return false;
    if (!query.withVoid && typeof summary.void === 'string') return false;
    if (query.mine && summary.recorder !== this.#me.recorder) return false;
    if (query.area && known.area !== query.area) return false;
    if (query.from && (summary.date ?? '') < query.from) return false;
    if (query.to && (summary.date ?? '9') > query.to) return false;
    if (query.standing && !query.standing.includes(this.standing(known))) return false;
    if (query.review) {
      const state = this.review(row)?.state;
      if (!state || !query.review.includes(state)) return false;
    }
    if (query.needsAttention) {
      const state = this.review(row)?.state;
      if (state !== 'returned' && state !== 'disputed' && summary.conflicts.length === 0 && !this.#held.of(row.id)) return false;
    }
    return words.length === 0 || this.#says(row, words);
  }

  /** Each word stands in what is written of the record. */
  #says(row: Row, words: string[]): boolean {
    let hay = this.#hays.get(row.id);
    if (hay === undefined) {
      hay = this.#hay(row);
      this.#hays.set(row.id, hay);
    }
    const found = hay;
    return words.every((word) => found.includes(word));
  }

  #hay({ summary, known }: Row): string {
    const { reference } = this;
    const place = summary.place ?? '';
    const name = summary.kind === 'session' ? reference.placeName(place).vi : (reference.panel(place)?.name ?? place);
    const format = summary.format ? reference.label('format', summary.format) : both('');
    const texts = [name, reference.areaName(known.area), format.vi, format.en, this.nameOf(summary.device)];
    return texts.map(fold).join(' ');
  }

  counts(drafts: number): Counts {
    const counts: Counts = {
      sessions: 0,
      attendances: 0,
      panelChecks: 0,
      drafts,
      here: 0,
      sent: 0,
      stored: 0,
      backedUp: 0,
      confirmed: 0,
      returned: 0,
      amended: 0,
      disputed: 0,
      conflicts: 0,
      held: 0,
      incomplete: 0,
      void: 0,
    };
    const byStanding = { here: 'here', sent: 'sent', stored: 'stored', backed_up: 'backedUp' } as const;
    for (const row of this.rows()) {
      const { summary } = row;
      // Also a record that is void has to reach headquarters.
      counts[byStanding[this.standing(row.known)]] += 1;
      if (typeof summary.void === 'string') {
        counts.void += 1;
        continue;
      }
      if (summary.conflicts.length > 0) counts.conflicts += 1;
      if (this.#held.of(row.id)) counts.held += 1;
      if (summary.waiting > 0) counts.incomplete += 1;
      if (summary.kind === 'panel_check') {
        counts.panelChecks += 1;
        continue;
      }
      counts.sessions += 1;
      counts.attendances += summary.attendances ?? 0;
      const state = this.review(row)?.state ?? 'new';
      if (state !== 'new') counts[state] += 1;
    }
    return counts;
  }
}

const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);
