import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

import { svelte } from '@sveltejs/vite-plugin-svelte';
import { defineConfig } from 'vitest/config';

import { headquartersApart, scriptNames, smallLoader, workerNames } from './build/headquarters.ts';
import { serviceWorker } from './build/service-worker.ts';

const { version: packaged } = JSON.parse(readFileSync(new URL('./package.json', import.meta.url), 'utf8')) as { version: string };
// Tests of updates build a version of their own.
const version = process.env['BANLANG_WEB_VERSION'] ?? packaged;

const unused = fileURLToPath(new URL('./build/unused.ts', import.meta.url));

// The development server hands the API to a `banlang serve` beside it.
const api = process.env['BANLANG_DEV_SERVER'] ?? 'http://127.0.0.1:8420';

export default defineConfig({
  plugins: [svelte(), headquartersApart(), smallLoader(), serviceWorker()],
  define: { __APP_VERSION__: JSON.stringify(version) },
  resolve: {
    alias: [
      // What age-encryption carries for recipients of other kinds: the server's key is X25519, in every version of it.
      { find: /^@noble\/post-quantum\/.*$/, replacement: unused },
      { find: '@noble/curves/nist.js', replacement: unused },
      { find: '@noble/hashes/scrypt.js', replacement: unused },
    ],
  },
  // The app is served from the root of its server and asks nobody else.
  base: '/',
  build: {
    target: 'es2022',
    outDir: 'dist',
    assetsInlineLimit: 0,
    sourcemap: false,
    modulePreload: { polyfill: false },
    rolldownOptions: { output: scriptNames },
  },
  worker: { format: 'es', rolldownOptions: { output: workerNames } },
  server: { proxy: { '/v1': api } },
  test: { include: ['src/**/*.test.ts'], environment: 'node', testTimeout: 60_000, setupFiles: ['build/test-setup.ts'] },
});
