/** Drafts and records as people fill them in: new ones, edits, voiding, settling, deciding. */
import type { FieldProblem, Draft, DraftLine, PanelCheckDraft, PanelCheckForm, RecordDetail, RecordKind, SessionDraft, SessionForm, Words } from '../contract';
import * as core from '../core/core';
import type { Desk } from '../desk';
import { asProblem, problem, refuseField } from '../problem';
import { detailOf } from './detail';
import type { KeptDraft } from './drafts';
import { both } from './reference';
import type { Row } from './records';

type Form = SessionForm | PanelCheckForm;

const EMPTY_SESSION: SessionForm = {
  area: null,
  date: null,
  start: null,
  duration: null,
  village: null,
  place_kind: null,
  gps: null,
  format: null,
  setting: null,
  attendances: null,
  women: null,
  under_16: null,
  minority: null,
  count_basis: null,
  households: null,
  pledges: null,
  broadcasts: null,
  broadcast_minutes: null,
  lead_unit: null,
  topics: [],
  languages: [],
  partners: [],
  difficulties: [],
  hotlines: [],
  team: {},
  material: {},
  note: '',
};
const EMPTY_CHECK: PanelCheckForm = { area: null, site: null, date: null, hotline_wrong: null, conditions: [], note: '' };

/** The day it is here. */
export function today(now = new Date()): string {
  const two = (part: number): string => String(part).padStart(2, '0');
  return `${now.getFullYear()}-${two(now.getMonth() + 1)}-${two(now.getDate())}`;
}

export class Forms {
  readonly #desk: Desk;

  constructor(desk: Desk) {
    this.#desk = desk;
  }

  /** What this person usually does stands there already: format, unit, language, kinds of material at none. */
  async newSession(village?: string): Promise<SessionDraft> {
    const usual = await this.#lastSession();
    const form: SessionForm = { ...EMPTY_SESSION, date: today(), village: village ?? null };
    if (usual) {
      const { format, setting, lead_unit, languages, count_basis } = usual;
      Object.assign(form, { format, setting, lead_unit, languages, count_basis });
      form.material = Object.fromEntries(Object.keys(usual.material).map((kind) => [kind, 0]));
    }
    const draft = await this.#desk.drafts.add<SessionDraft>({ kind: 'session', record: null, form, base: null });
    this.#desk.changed();
    return draft;
  }

  async #lastSession(): Promise<SessionForm | undefined> {
    const { recorder } = this.#desk.access.profile;
    const own = this.#desk.records.rows().filter(({ summary }) => summary.kind === 'session' && summary.recorder === recorder);
    const last = own.reduce<Row | undefined>(
      (newest, row) => (newest && newest.summary.created_at >= row.summary.created_at ? newest : row),
      undefined,
    );
    return last && (await this.#form(last) as SessionForm);
  }

  async newPanelCheck(site?: string): Promise<PanelCheckDraft> {
    const form = { ...EMPTY_CHECK, date: today(), site: site ?? null };
    const draft = await this.#desk.drafts.add<PanelCheckDraft>({ kind: 'panel_check', record: null, form, base: null });
    this.#desk.changed();
    return draft;
  }

  async editRecord(id: string): Promise<Draft> {
    const open = this.#desk.drafts.ofRecord(id);
    if (open) return this.#shown(open);
    const row = this.#row(id);
    const form = await this.#form(row);
    const kind = row.summary.kind === 'session' ? 'session' : 'panel_check';
    const draft = { kind, record: id, form, base: form } as Pick<SessionDraft, 'kind' | 'record' | 'form' | 'base'>;
    const made = await this.#desk.drafts.add<SessionDraft>(draft, row.summary.heads);
    this.#desk.changed();
    return made;
  }

  draft(id: string): Draft {
    return this.#shown(this.#desk.drafts.draft(id));
  }

  /** Without what only this device needs; whether the record moved on is seen now. */
  #shown(draft: KeptDraft): Draft {
    const { heads, ...rest } = draft;
    const now = draft.record === null ? undefined : this.#desk.records.row(draft.record)?.summary.heads;
    return { ...rest, recordMovedOn: heads !== undefined && now !== undefined && heads.join() !== now.join() };
  }

  lines(): DraftLine[] {
    return this.#desk.drafts.all().map((draft) => ({
      id: draft.id,
      kind: draft.kind,
      record: draft.record,
      updatedAtMs: draft.updatedAtMs,
      date: draft.form.date,
      place: this.#place(draft),
      attendances: draft.kind === 'session' ? draft.form.attendances : null,
    }));
  }

  #place(draft: Draft): Words | null {
    const { reference } = this.#desk;
    if (draft.kind === 'session') return draft.form.village === null ? null : reference.placeName(draft.form.village);
    return draft.form.site === null ? null : both(reference.panel(draft.form.site)?.name ?? draft.form.site);
  }

  async discard(id: string): Promise<void> {
    await this.#desk.drafts.discard(id);
    this.#desk.changed();
  }

  /** Every field at fault, of the form and of where it belongs. */
  async check(kind: RecordKind, form: Form, record?: string | null): Promise<FieldProblem[]> {
    const faults: FieldProblem[] = [];
    if (!record) {
      try {
        this.#area(kind, form);
      } catch (error) {
        faults.push(...asProblem(error).fields);
      }
    }
    const changes = record ? await this.#desk.store.changes(record) : [];
    const open = record ? this.#desk.drafts.ofRecord(record) : undefined;
    const base = open?.base ?? (record ? await this.#form(this.#row(record)) : undefined);
    try {
      if (kind === 'session') core.checkSession(changes, (base as SessionForm | undefined) ?? EMPTY_SESSION, form as SessionForm);
      else core.checkPanelCheck(changes, (base as PanelCheckForm | undefined) ?? EMPTY_CHECK, form as PanelCheckForm);
    } catch (error) {
      const found = asProblem(error);
      if (found.code !== 'input') throw found;
      faults.unshift(...found.fields);
    }
    // Without a place nobody can say which area it is in.
    const placeless = faults.some(({ field }) => field === 'village' || field === 'site');
    return placeless ? faults.filter(({ field }) => field !== 'area') : faults;
  }

  /** Records the draft; the record and the end of the draft are one transaction. */
  async finish(id: string): Promise<string> {
    const { drafts, driver } = this.#desk;
    await drafts.settled(id);
    const draft = drafts.draft(id);
    const faults = await this.check(draft.kind, draft.form, draft.record);
    if (faults.length > 0) throw problem('input', { fields: faults });
    if (draft.record !== null) return this.#finishEdit(draft, draft.record);
    const serial = this.#desk.store.ledger.serial + 1;
    const made =
      draft.kind === 'session'
        ? core.createSession(withoutZeros(draft.form), this.#author(), BigInt(serial))
        : core.createPanelCheck(draft.form, this.#author(), BigInt(serial));
    const area = this.#area(draft.kind, draft.form);
    await driver.record(area, made, { steps: [{ do: 'serial', serial }], deleteDraft: id });
    drafts.finished(id);
    await this.#desk.recorded();
    return made.record;
  }

  async #finishEdit(draft: Draft, record: string): Promise<string> {
    const changes = await this.#desk.store.changes(record);
    const author = this.#author();
    const made =
      draft.kind === 'session'
        ? core.editSession(record, changes, draft.base ?? EMPTY_SESSION, draft.form, author)
        : core.editPanelCheck(record, changes, draft.base ?? EMPTY_CHECK, draft.form, author);
    if (!made) {
      await this.discard(draft.id);
      return record;
    }
    await this.#desk.driver.record(this.#row(record).known.area, made, { deleteDraft: draft.id });
    this.#desk.drafts.finished(draft.id);
    await this.#desk.recorded();
    return record;
  }

  async voidRecord(id: string, reason: string | undefined): Promise<void> {
    if (reason !== undefined && reason.trim() === '') {
      throw refuseField('void', { vi: 'lý do hủy, từ 1 đến 200 ký tự', en: 'the reason, 1 to 200 characters' });
    }
    const { known } = this.#row(id);
    const changes = await this.#desk.store.changes(id);
    await this.#keep(id, core.voidRecord(known.kind, id, changes, reason, this.#author()));
  }

  async resolve(id: string, field: string, change: string): Promise<void> {
    const { known } = this.#row(id);
    const changes = await this.#desk.store.changes(id);
    await this.#keep(id, core.resolve(known.kind, id, changes, field, change, this.#author()));
  }

  /** Bound to exactly what was read of the session; takes the place of every review of it that is here. */
  async review(session: string, decision: 'confirm' | 'return', comment: string, heads: string[]): Promise<void> {
    // What came in the meantime is fetched first, and what was read may be newer than what is here. Without a connection
    // the decision is made on what is here.
    const failed = await this.#desk.sync.run().then(() => undefined, (error: unknown) => error);
    await this.#desk.refreshed();
    if (failed && !this.#desk.records.row(session)) throw failed;
    const row = this.#row(session);
    if (!this.#stands(session, heads)) throw problem('review.moved-on');
    const live = [...(this.#desk.records.review(row)?.live ?? [])];
    const serial = this.#desk.store.ledger.serial + 1;
    const made = core.review(session, row.summary.heads, decision, comment, live, this.#author(), BigInt(serial));
    await this.#desk.driver.record(row.known.area, made, { steps: [{ do: 'serial', serial }] });
    await this.#desk.recorded();
  }

  /** Whether the record is here exactly as these changes left it. */
  #stands(id: string, heads: string[]): boolean {
    const here = this.#desk.records.row(id)?.summary.heads;
    return here !== undefined && [...here].sort().join() === [...heads].sort().join();
  }

  async #keep(id: string, made: core.Made | undefined): Promise<void> {
    if (!made) return;
    await this.#desk.driver.record(this.#row(id).known.area, made, {});
    await this.#desk.recorded();
  }

  /** Everything one screen shows of a record. */
  async detail(id: string): Promise<RecordDetail> {
    const row = this.#row(id);
    const { recorder } = this.#desk.access.profile;
    const whole = core.detail(row.known.kind, await this.#desk.store.changes(id), row.known.area, recorder);
    return detailOf(row, whole, this.#desk.records, recorder, this.#desk.drafts.ofRecord(id)?.id ?? null);
  }

  async #form(row: Row): Promise<Form> {
    const { recorder } = this.#desk.access.profile;
    const whole = core.detail(row.known.kind, await this.#desk.store.changes(row.id), row.known.area, recorder);
    const form = whole.session ?? whole.panel_check;
    if (!form) throw problem('record.unreadable');
    return form;
  }

  #row(id: string): Row {
    const row = this.#desk.records.row(id);
    if (!row) throw problem('record.unknown');
    return row;
  }

  #author(): core.ChangeAuthor {
    return { actor: this.#desk.driver.actor, recorder: this.#desk.access.profile.recorder, at: Date.now() };
  }

  /** The log a new record belongs to: as chosen, else that of its place, else the only one granted. */
  #area(kind: RecordKind, form: Form): string {
    if (form.area !== null) return form.area;
    const { reference } = this.#desk;
    const { areas } = this.#desk.access.profile;
    const of =
      kind === 'session'
        ? reference.place((form as SessionForm).village ?? '')?.area
        : reference.panel((form as PanelCheckForm).site ?? '')?.recordArea;
    const granted = of && (areas.length === 0 || areas.includes(of)) ? of : undefined;
    const only = of ? undefined : areas.length === 1 ? areas[0] : undefined;
    const area = granted ?? only;
    if (area !== undefined) return area;
    const names = reference.ownAreas().map(({ name }) => name).join(', ');
    throw refuseField('area', { vi: `một địa bàn được giao: ${names}`, en: `an area granted: ${names}` });
  }
}

/** A kind of material of which none was handed out is not written. */
function withoutZeros(form: SessionForm): SessionForm {
  const some = (counts: Record<string, number>): Record<string, number> =>
    Object.fromEntries(Object.entries(counts).filter(([, count]) => count !== 0));
  return { ...form, material: some(form.material), team: some(form.team) };
}
