/**
 * The page's security policy names the server of the ground map. An installed page is the one that was kept, with the
 * policy of its day: a ground map that was set later stays refused until the page is fetched anew.
 */

/**
 * Puts the page with the policy of now where the installed one is kept. Another version of the app is left to its
 * update: files of two versions never mix.
 */
export async function renewPage(): Promise<void> {
  for (const name of await caches.keys()) {
    const cache = await caches.open(name);
    for (const kept of await cache.keys()) {
      if (!['/', '/index.html'].includes(new URL(kept.url).pathname)) continue;
      // A query the service worker does not know goes to the server.
      const fresh = await fetch(`/?renewed=${Date.now()}`, { cache: 'reload' });
      const [now, before] = await Promise.all([fresh.clone().text(), cache.match(kept).then((response) => response?.text())]);
      if (fresh.ok && now === before) await cache.put(kept, fresh);
    }
  }
}
