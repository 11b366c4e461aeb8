/** Filters as text: in addresses of headquarters and in targets of the API. */

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
  const kept = Object.entries(query).filter(([, value]) => value !== null && value !== undefined && value !== '');
  return new URLSearchParams(kept.map(([key, value]) => [key, String(value)])).toString();
}
