/** Drafts: saved at each keystroke, durably; while one save is under way the newest form waits, never a queue of them. */
import { hex, random } from '../bytes';
import type { Draft, PanelCheckDraft, PanelCheckForm, SessionDraft, SessionForm } from '../contract';
import { problem } from '../problem';
import type { Store } from '../store/store';

type Form = SessionForm | PanelCheckForm;

/** As it is kept: with the heads of the record as it was opened. */
export type KeptDraft = Draft & { heads?: string[] };

interface Saving {
  next: Form | undefined;
  done: Promise<void>;
}

export class Drafts {
  readonly #store: Store;
  readonly #known = new Map<string, KeptDraft>();
  readonly #saving = new Map<string, Saving>();

  private constructor(store: Store, drafts: KeptDraft[]) {
    this.#store = store;
    for (const draft of drafts) this.#known.set(draft.id, draft);
  }

  static async open(store: Store): Promise<Drafts> {
    return new Drafts(store, await store.everySealed<KeptDraft>('draft'));
  }

  get count(): number {
    return this.#known.size;
  }

  /** The newest first. */
  all(): KeptDraft[] {
    return [...this.#known.values()].sort((a, b) => b.updatedAtMs - a.updatedAtMs);
  }

  draft(id: string): KeptDraft {
    const draft = this.#known.get(id);
    if (!draft) throw problem('draft.unknown');
    return draft;
  }

  ofRecord(record: string): KeptDraft | undefined {
    return [...this.#known.values()].find((draft) => draft.record === record);
  }

  /** A new draft; `heads` are those of the record it edits. */
  async add<D extends SessionDraft | PanelCheckDraft>(
    draft: Pick<D, 'kind' | 'record' | 'form' | 'base'>,
    heads?: string[],
  ): Promise<D> {
    const now = Date.now();
    const times = { createdAtMs: now, updatedAtMs: now };
    const made = { ...draft, ...times, id: hex(random(8)), recordMovedOn: false, ...(heads && { heads }) } as D;
    await this.#store.keepSealed('draft', made.id, made);
    this.#known.set(made.id, made);
    return made;
  }

  /** Resolves once this form, or a newer one, is durable. */
  async save(id: string, form: Form): Promise<void> {
    this.draft(id);
    const under = this.#saving.get(id);
    if (under) {
      under.next = form;
      return under.done;
    }
    const saving: Saving = { next: form, done: Promise.resolve() };
    this.#saving.set(id, saving);
    saving.done = this.#work(id, saving);
    return saving.done;
  }

  async #work(id: string, saving: Saving): Promise<void> {
    try {
      while (saving.next) {
        const form = saving.next;
        saving.next = undefined;
        const draft = this.#known.get(id);
        if (!draft) return;
        const saved = { ...draft, form, updatedAtMs: Date.now() } as KeptDraft;
        await this.#store.keepSealed('draft', id, saved);
        if (this.#known.has(id)) this.#known.set(id, saved);
      }
    } finally {
      // In the same turn in which nothing newer was found: what is saved from now on begins anew.
      this.#saving.delete(id);
    }
  }

  /** Every save that was begun is durable. */
  async settled(id?: string): Promise<void> {
    const open = id === undefined ? [...this.#saving.values()] : [this.#saving.get(id)];
    await Promise.allSettled(open.map((saving) => saving?.done));
  }

  async discard(id: string): Promise<void> {
    await this.settled(id);
    await this.#store.forgetSealed('draft', id);
    this.#known.delete(id);
  }

  /** Its record was written and its row deleted in one transaction. */
  finished(id: string): void {
    this.#known.delete(id);
  }
}
