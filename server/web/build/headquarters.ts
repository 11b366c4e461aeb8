/**
 * Keeps headquarters out of the field app: whatever the first page does not load by itself is built under `assets/hq/`,
 * which no service worker keeps. A phone in the field never fetches a byte of it.
 */
import type { Plugin, Rolldown } from 'vite';

/** Where everything goes that a field phone never needs. */
export const HEADQUARTERS = 'assets/hq/';

/** The page's own style sheet; every other one belongs to a part that is loaded later. */
const FIELD_STYLES = 'index.css';
/** Modules whose files a field phone needs although no script of the page names them: the core, its worker. */
const FIELD_FILES = /\/src\/device\//;

/** Names of the scripts that a page loads at once, and of those loaded later. */
export const scriptNames = {
  entryFileNames: 'assets/[name]-[hash].js',
  chunkFileNames: `${HEADQUARTERS}[name]-[hash].js`,
  assetFileNames(asset: { names: readonly string[]; originalFileNames: readonly string[] }): string {
    const field = asset.names.includes(FIELD_STYLES) || asset.originalFileNames.some((file) => FIELD_FILES.test(`/${file}`));
    return `${field ? 'assets/' : HEADQUARTERS}[name]-[hash][extname]`;
  },
};

/** The same for workers: the device's is the only one a field phone starts. */
export const workerNames = {
  entryFileNames(chunk: { facadeModuleId?: string | null }): string {
    return `${FIELD_FILES.test(chunk.facadeModuleId ?? '') ? 'assets/' : HEADQUARTERS}[name]-[hash].js`;
  },
  assetFileNames: scriptNames.assetFileNames,
};

/** Ends the build when a file that the first page needs would lie where no service worker keeps it. */
export function headquartersApart(): Plugin {
  return {
    name: 'banlang-headquarters-apart',
    apply: 'build',
    generateBundle(_, bundle) {
      const chunks = Object.values(bundle).filter((file): file is Rolldown.OutputChunk => file.type === 'chunk');
      const needed = new Set(chunks.filter((chunk) => chunk.isEntry).map(({ fileName }) => fileName));
      for (const fileName of needed) {
        for (const chunk of chunks) if (chunk.fileName === fileName) for (const imported of chunk.imports) needed.add(imported);
      }
      const astray = [...needed].filter((fileName) => fileName.startsWith(HEADQUARTERS));
      if (astray.length > 0) throw new Error(`the first page needs ${astray.join(', ')}, which is kept for headquarters`);
    },
  };
}

/** How the page loads a part of itself later: its styles, then its scripts. Vite's own way preloads more and weighs more. */
const LOADER = `export const __vitePreload = (load, files = []) =>
  Promise.all(files.filter((file) => file.endsWith('.css')).map((file) => {
    const href = '/' + file;
    if (document.querySelector('link[href="' + href + '"]')) return;
    const link = document.createElement('link');
    link.rel = 'stylesheet';
    link.href = href;
    document.head.append(link);
    return new Promise((done, failed) => {
      link.onload = done;
      link.onerror = () => (link.remove(), failed(new Error(href)));
    });
  })).then(load);`;

/** Gives that to the build in the place of Vite's. */
export function smallLoader(): Plugin {
  return {
    name: 'banlang-small-loader',
    apply: 'build',
    enforce: 'pre',
    load: { filter: { id: /vite\/preload-helper\.js$/ }, handler: () => LOADER },
  };
}
