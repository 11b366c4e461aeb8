/**
 * Builds the service worker with the list of every file of this build that the field app needs; its bytes change exactly
 * when that app does. What is made for headquarters works with a connection and is not kept.
 */
import { readFile, rm, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';

import { build as bundle, type Plugin, type ResolvedConfig } from 'vite';
import { getManifest } from 'workbox-build';

import { HEADQUARTERS } from './headquarters.ts';
import { precompress } from './precompress.ts';

export function serviceWorker(): Plugin {
  let config: ResolvedConfig;
  return {
    name: 'banlang-service-worker',
    apply: 'build',
    configResolved(resolved) {
      config = resolved;
    },
    async closeBundle() {
      if (config.build.ssr || config.isWorker) return;
      const outDir = resolve(config.root, config.build.outDir);
      const { manifestEntries, warnings } = await getManifest({
        globDirectory: outDir,
        globPatterns: ['**/*'],
        globIgnores: ['sw.js', '**/*.br', '**/*.gz', '**/*.map', `${HEADQUARTERS}**`],
        maximumFileSizeToCacheInBytes: 4 << 20,
        // Names under assets/ carry a hash of their content: they need no revision of their own.
        dontCacheBustURLsMatching: /^assets\//,
      });
      if (warnings.length > 0) throw new Error(warnings.join('\n'));
      await bundle({
        configFile: false,
        root: config.root,
        logLevel: 'warn',
        publicDir: false,
        define: { 'process.env.NODE_ENV': '"production"', 'self.__PRECACHE': JSON.stringify(manifestEntries) },
        build: {
          outDir: join(outDir, '.sw'),
          emptyOutDir: true,
          target: 'es2022',
          lib: { entry: join(config.root, 'src/service-worker.ts'), formats: ['es'], fileName: () => 'sw.js' },
        },
      });
      await writeFile(join(outDir, 'sw.js'), await readFile(join(outDir, '.sw', 'sw.js')));
      await rm(join(outDir, '.sw'), { recursive: true });
      await precompress(outDir);
    },
  };
}
