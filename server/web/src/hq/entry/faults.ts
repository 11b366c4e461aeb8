/** What the fields of a form do not accept: what the server said, and what is clear before it is asked. */

import type { Pair } from '../../i18n/language.svelte';
import { t } from '../../i18n/language.svelte';
import { DeviceProblem } from '../../device/contract';
import { fieldProblems, told } from '../../ui/phone.svelte';

export type Faults = Readonly<Record<string, string>>;

/** Thrown by a form that sees for itself that a field cannot be sent. */
export class FormFault extends Error {
  readonly faults: Faults;

  constructor(faults: Readonly<Record<string, Pair>>) {
    super('the form is not filled in');
    this.faults = Object.fromEntries(Object.entries(faults).map(([field, pair]) => [field, t(pair)]));
  }
}

/** Faults by field; `shown` are the fields the form has a place for. What has none stands in `rest`. */
export function faultsOf(error: unknown, shown: readonly string[]): { faults: Faults; rest: string } {
  if (error instanceof FormFault) return { faults: error.faults, rest: '' };
  const faults = fieldProblems(error);
  const placed = Object.keys(faults).some((field) => shown.includes(field));
  const elsewhere = Object.entries(faults).filter(([field]) => !shown.includes(field));
  const rest = placed ? '' : [told(error), ...elsewhere.map(([field, accepted]) => `${field}: ${accepted}`)].join(' · ');
  const detail = error instanceof DeviceProblem && !placed && elsewhere.length === 0 ? error.detail : undefined;
  return { faults, rest: detail ? `${rest} (${detail})` : rest };
}
