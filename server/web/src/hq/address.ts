/** Addresses of headquarters: `#/hq/sessions?area=2025-06841&topic=law`. Filters stand in them, so that a view can be sent on. */

import { router } from '../ui/router.svelte';
import { search, type Query } from './query';

export { hq, search, type Query } from './query';

/** Changes filters of the page that shows, in the place of its address: "back" leaves the page, not the filter. */
export function filter(change: Query): void {
  const { screen, rest, query } = router.current;
  const next = { ...Object.fromEntries(query), ...change };
  const text = search(next);
  router.swap(`#/${[screen, ...rest].map(encodeURIComponent).join('/')}${text && `?${text}`}`);
}
