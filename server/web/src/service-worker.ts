/**
 * Serves the whole app from one precached version, with or without a network.
 *
 * A new version installs beside the running one and waits: a page keeps the files it was started with until a person
 * lets the new one take over, so versions never mix. Requests to the API pass by untouched.
 */
/// <reference lib="webworker" />
import { cleanupOutdatedCaches, createHandlerBoundToURL, precacheAndRoute, type PrecacheEntry } from 'workbox-precaching';

declare const self: ServiceWorkerGlobalScope & { __PRECACHE: PrecacheEntry[] };

const page = '/index.html';
const server = /^\/(v1|docs|healthz|readyz|metrics)(\/|$)/;

precacheAndRoute(self.__PRECACHE, { cleanURLs: false });
cleanupOutdatedCaches();

const showPage = createHandlerBoundToURL(page);

self.addEventListener('fetch', (event) => {
  if (event.request.mode !== 'navigate' || server.test(new URL(event.request.url).pathname)) return;
  event.respondWith(showPage({ event, request: event.request, url: new URL(event.request.url) }));
});

self.addEventListener('message', (event) => {
  if ((event.data as { type?: string } | null)?.type === 'take-over') void self.skipWaiting();
});

// The first version may serve the page that installed it: so one visit is enough to go offline.
self.addEventListener('activate', (event) => event.waitUntil(self.clients.claim()));
