import { svelte } from '@sveltejs/vite-plugin-svelte';
import { defineConfig } from 'vitest/config';

import { serviceWorker } from './build/service-worker.ts';

// The development server hands the API to a `banlang serve` beside it.
const api = process.env['BANLANG_DEV_SERVER'] ?? 'http://127.0.0.1:8420';

export default defineConfig({
  plugins: [svelte(), serviceWorker()],
  // The app is served from the root of its server and asks nobody else.
  base: '/',
  build: {
    target: 'es2022',
    outDir: 'dist',
    assetsInlineLimit: 0,
    sourcemap: false,
    modulePreload: { polyfill: false },
  },
  worker: { format: 'es' },
  server: { proxy: { '/v1': api } },
  test: { include: ['src/**/*.test.ts'], environment: 'node', setupFiles: ['build/test-setup.ts'] },
});
