// An IndexedDB in memory, so that the store's own tests run without a browser.
import 'fake-indexeddb/auto';
