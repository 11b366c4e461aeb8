/**
 * A form that is open: what stands in it, what is wrong with it, and whether it is safe on the phone.
 *
 * Every change is given to the device at once; the device keeps the newest. Fields are found fault with only after they
 * were touched, and all of them once a person wants to finish.
 */

import type { Draft, FieldProblem, PanelCheckForm, RecordKind, SessionForm } from '../../device/contract';
import { capital } from '../../i18n/format';
import { t } from '../../i18n/language.svelte';
import type { Faults } from '../faults.svelte';
import { fieldProblems, phone, told } from '../phone.svelte';

export type Saving = 'saved' | 'saving' | 'failed';

/** A field as the screens name it: sets stand in the form under their plural. */
const FIELD_OF: Readonly<Record<string, string>> = {
  topics: 'topic',
  languages: 'language',
  partners: 'partner',
  difficulties: 'difficulty',
  hotlines: 'hotline',
};

export class Editor<F extends SessionForm | PanelCheckForm> {
  form = $state.raw() as F;
  saving = $state<Saving>('saved');
  savedAtMs = $state(0);
  /** What went wrong with the whole form, not with one field. */
  trouble = $state('');
  finishing = $state(false);
  #problems = $state.raw<FieldProblem[]>([]);
  #touched = $state.raw<ReadonlySet<string>>(new Set());
  #all = $state(false);
  #round = 0;

  readonly draft: Draft;
  readonly #faults: Faults;

  constructor(draft: Draft, faults: Faults) {
    this.draft = draft;
    this.form = draft.form as F;
    this.savedAtMs = draft.updatedAtMs;
    this.#faults = faults;
  }

  get kind(): RecordKind {
    return this.draft.kind;
  }

  /** Whether the form says anything else than what was opened. */
  get isChanged(): boolean {
    return this.draft.base === null || JSON.stringify(this.form) !== JSON.stringify(this.draft.base);
  }

  /** Whether nothing was ever put into this draft: leaving it leaves nothing behind. */
  get isUntouched(): boolean {
    const isFresh = this.draft.record === null ? this.draft.updatedAtMs === this.draft.createdAtMs : !this.isChanged;
    return isFresh && this.#round === 0 && this.#faults.size === 0;
  }

  /** What a field accepts, when it is at fault and the person has been there. */
  error(field: string): string {
    if (!this.#all && !this.#touched.has(field.split('/', 1)[0] ?? field)) return '';
    const problem = this.#problems.find((found) => (FIELD_OF[found.field] ?? found.field) === field);
    return problem ? capital(t(problem.accepted)) : '';
  }

  /** Writes one or more fields and has them kept. */
  set(change: Partial<F>): void {
    this.form = { ...this.form, ...change };
    this.#touched = new Set([...this.#touched, ...Object.keys(change).map((key) => FIELD_OF[key] ?? key)]);
    void this.#keep();
  }

  async #keep(): Promise<void> {
    const round = (this.#round += 1);
    this.saving = 'saving';
    try {
      await phone.device.saveDraft(this.draft.id, this.form);
      if (round !== this.#round) return;
      this.saving = 'saved';
      this.savedAtMs = Date.now();
      this.trouble = '';
    } catch (error) {
      if (round !== this.#round) return;
      this.saving = 'failed';
      this.trouble = told(error);
      return;
    }
    await this.#check();
  }

  /** Asks what would be refused; an answer about an older form counts for nothing. */
  async #check(): Promise<void> {
    const form = this.form;
    try {
      const problems = await phone.device.checkForm(this.kind, form, this.draft.record);
      if (form === this.form) this.#problems = problems;
    } catch (error) {
      if (form === this.form) this.trouble = told(error);
    }
  }

  /** The fields that keep the form from being finished. */
  get faulty(): string[] {
    const fields = this.#problems.map((problem) => FIELD_OF[problem.field] ?? problem.field);
    return [...new Set([...this.#faults.keys(), ...(this.#all ? fields : [])])];
  }

  /** Records the form; the record's id, or `undefined` when something has to be mended first. */
  async finish(): Promise<string | undefined> {
    this.#all = true;
    this.finishing = true;
    this.trouble = '';
    try {
      await this.#keep();
      if (this.saving === 'failed' || this.faulty.length > 0) return undefined;
      return await phone.device.finishDraft(this.draft.id);
    } catch (error) {
      if (Object.keys(fieldProblems(error)).length > 0) await this.#check();
      else this.trouble = told(error);
      return undefined;
    } finally {
      this.finishing = false;
    }
  }
}

/** Brings a field that is at fault into view, unfolds what hides it, and gives it the focus. */
export function showField(fields: readonly string[]): void {
  const marked = [...document.querySelectorAll<HTMLElement>('[data-field]')];
  const at = marked.find((element) => fields.includes(element.dataset['field'] ?? ''));
  if (!at) return;
  const fold = at.closest('details');
  if (fold) fold.open = true;
  at.scrollIntoView({ block: 'center' });
  at.querySelector<HTMLElement>('input, textarea, button')?.focus({ preventScroll: true });
}
