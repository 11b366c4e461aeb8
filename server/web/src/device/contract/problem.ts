/** Why a call was not done. */
import type { FieldProblem, Words } from '../core/core';

/** What a rejected call holds. `code` is stable; screens branch on it. */
export interface Problem {
  /**
   * The server's codes (`enrolment.code-used`, `sign-in.refused`, …; docs/api.md) and the device's own:
   * `input` (see `fields`), `offline`, `server.unreachable`, `pin.wrong`, `pin.wait`, `locked`, `not-writer`,
   * `storage.full`, `storage.failed`, `record.unknown`, `review.moved-on`, `draft.unknown`, `file.unknown`, `file.not-for-this-device`,
   * `recovery.waiting`, `recovery.expired`, `unsupported`, `defect`.
   */
  code: string;
  title: Words;
  /** Particulars for somebody who helps; never secret, not translated. */
  detail?: string;
  fields: FieldProblem[];
  /** Earliest time at which trying again makes sense. */
  retryAtMs?: number;
}

/** What every call of `FieldDevice` rejects with. */
export class DeviceProblem extends Error implements Problem {
  readonly code: string;
  readonly title: Words;
  readonly detail?: string;
  readonly fields: FieldProblem[];
  readonly retryAtMs?: number;

  constructor(problem: Problem) {
    super(`${problem.code}: ${problem.title.en}`);
    this.name = 'DeviceProblem';
    this.code = problem.code;
    this.title = problem.title;
    this.detail = problem.detail;
    this.fields = problem.fields;
    this.retryAtMs = problem.retryAtMs;
  }

  /** What is accepted in a field, or undefined when the field is not at fault. */
  of(field: string): Words | undefined {
    return this.fields.find((problem) => problem.field === field)?.accepted;
  }
}
