/** What somebody reads who has the phone's storage and not its PIN. */
import { readFile, readdir } from 'node:fs/promises';
import { join } from 'node:path';

/** Every file of a browser's profile whose bytes hold one of the words, in the encodings browsers store text in. */
export async function filesWith(profile, words) {
  const needles = words.flatMap((word) => [
    { word, bytes: Buffer.from(word, 'utf8') },
    { word, bytes: Buffer.from(word, 'utf16le') },
    { word, bytes: Buffer.from(encodeURIComponent(word), 'ascii') },
  ]);
  const found = [];
  for (const entry of await readdir(profile, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue;
    const path = join(entry.parentPath, entry.name);
    const content = await readFile(path).catch(() => Buffer.alloc(0));
    for (const { word, bytes } of needles) if (content.includes(bytes)) found.push(`${entry.name}: ${word}`);
  }
  return found;
}

/**
 * Everything an origin can read of itself, as one text: databases (binary values byte by byte), local storage,
 * cookies, caches. Runs in the page.
 */
export function dumpOrigin(page) {
  return page.evaluate(async () => {
    const out = [];
    const say = (value) => {
      if (value instanceof ArrayBuffer) value = new Uint8Array(value);
      if (ArrayBuffer.isView(value)) {
        out.push(new TextDecoder('utf-8', { fatal: false }).decode(value));
        out.push(new TextDecoder('utf-16le', { fatal: false }).decode(value));
      } else if (value instanceof CryptoKey) {
        out.push(`key ${value.extractable}`);
      } else if (typeof value === 'object' && value !== null) {
        for (const [key, part] of Object.entries(value)) {
          out.push(key);
          say(part);
        }
      } else out.push(String(value));
    };
    const done = (request) =>
      new Promise((resolve, reject) => {
        request.onsuccess = () => resolve(request.result);
        request.onerror = () => reject(request.error);
      });
    let rows = 0;
    for (const { name } of await indexedDB.databases()) {
      const db = await done(indexedDB.open(name));
      for (const table of db.objectStoreNames) {
        const store = db.transaction(table).objectStore(table);
        const [keys, values] = [await done(store.getAllKeys()), await done(db.transaction(table).objectStore(table).getAll())];
        rows += values.length;
        keys.forEach(say);
        values.forEach(say);
      }
      db.close();
    }
    for (const [key, value] of Object.entries({ ...localStorage, ...sessionStorage })) say([key, value]);
    say(document.cookie);
    for (const name of await caches.keys()) {
      const cache = await caches.open(name);
      for (const request of await cache.keys()) say([name, request.url]);
    }
    return { text: out.join('\n'), rows };
  });
}
