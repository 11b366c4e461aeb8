/** What makes a PIN one that holds. */

import type { Pair } from '../i18n/language.svelte';
import { enrol } from '../i18n/words/app';

const LEAST = 6;
const MOST = 64;

/** Every digit the same, or all in one run: 111111, 123456, 987654. */
function isEasy(pin: string): boolean {
  const steps = [...pin].map((char, at, all) => (at === 0 ? 0 : char.charCodeAt(0) - (all[at - 1] ?? '').charCodeAt(0))).slice(1);
  return [0, 1, -1].some((step) => steps.every((taken) => taken === step));
}

/** What is wrong with a new PIN; `undefined` when it may be used. */
export function pinFault(pin: string): Pair | undefined {
  const length = [...pin].length;
  if (length < LEAST || length > MOST) return enrol.pinAccepted;
  return isEasy(pin) ? enrol.pinWeak : undefined;
}
