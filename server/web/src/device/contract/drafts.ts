/** Drafts: a form that is not finished yet. */
import type { PanelCheckForm, SessionForm, Words } from '../core/core';

export type RecordKind = 'session' | 'panel_check';

interface DraftBase {
  id: string;
  /** The record it edits; null: a new one. */
  record: string | null;
  createdAtMs: number;
  updatedAtMs: number;
  /** In an edit: the record changed since it was opened (a sync brought something). Saving still merges. */
  recordMovedOn: boolean;
}

export interface SessionDraft extends DraftBase {
  kind: 'session';
  form: SessionForm;
  /** In an edit: what was opened. */
  base: SessionForm | null;
}

export interface PanelCheckDraft extends DraftBase {
  kind: 'panel_check';
  form: PanelCheckForm;
  base: PanelCheckForm | null;
}

export type Draft = SessionDraft | PanelCheckDraft;

/** A draft in a list. */
export interface DraftLine {
  id: string;
  kind: RecordKind;
  record: string | null;
  updatedAtMs: number;
  date: string | null;
  place: Words | null;
  attendances: number | null;
}
