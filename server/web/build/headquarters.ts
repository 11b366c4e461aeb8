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
