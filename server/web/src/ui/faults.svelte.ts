/**
 * What stands in a form's controls and is not accepted, by field. A control that shows such text reports it here, so
 * that a form is never finished over the head of what a person still sees in it.
 */

import { getContext, setContext } from 'svelte';
import { SvelteMap } from 'svelte/reactivity';

const KEY = Symbol('faults');

export type Faults = SvelteMap<string, string>;

/** Gives the controls below a place to report to. */
export function provideFaults(): Faults {
  return setContext(KEY, new SvelteMap<string, string>());
}

/** Where this control reports; outside a form it reports to nobody. */
export function faultsAbove(): Faults {
  return getContext<Faults | undefined>(KEY) ?? new SvelteMap<string, string>();
}
