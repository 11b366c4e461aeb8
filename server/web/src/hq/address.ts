/** Addresses of headquarters: `#/hq/sessions?area=2025-06841&topic=law`. Filters stand in them, so that a view can be sent on. */

import { router } from '../ui/router.svelte';

/** Values of filters; what is empty is left out of the address. */
export type Query = Readonly<Record<string, string | number | boolean | null | undefined>>;

/** The address of a page with filters. */
export function hq(page: string, query: Query = {}, ...rest: readonly string[]): string {
  const path = ['hq', page, ...rest].map(encodeURIComponent).join('/');
  const text = search(query);
  return `#/${path}${text && `?${text}`}`;
}

/** A query's text without what is empty, in the order given; for addresses and for the API alike. */
export function search(query: Query): string {
  const kept = Object.entries(query).filter(([, value]) => value !== null && value !== undefined && value !== '' && value !== false);
  return new URLSearchParams(kept.map(([key, value]) => [key, String(value)])).toString();
}

/** Changes filters of the page that shows, in the place of its address: "back" leaves the page, not the filter. */
export function filter(change: Query): void {
  const { screen, rest, query } = router.current;
  const next = { ...Object.fromEntries(query), ...change };
  const text = search(next);
  router.swap(`#/${[screen, ...rest].map(encodeURIComponent).join('/')}${text && `?${text}`}`);
}
