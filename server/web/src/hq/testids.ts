/** `data-testid`s of headquarters that tests hold on to; see `../testids.ts`. */
export const hqTestid = {
  shell: 'hq',
  nav: 'hq-nav',
  page: 'hq-page', // data-page: the page's path
  keys: 'hq-keys',
  loading: 'hq-loading',
  error: 'hq-error',
  empty: 'hq-empty',
  retry: 'hq-retry',
  tableRow: 'hq-row', // data-id: the row's key
  language: 'hq-language',
  toField: 'hq-to-field',
} as const;
