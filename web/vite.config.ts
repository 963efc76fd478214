// Builds the console into web/dist: one page, its parts split by when they are needed.
import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vite';

export default defineConfig({
  root: fileURLToPath(new URL('.', import.meta.url)),
  build: {
    outDir: 'dist',
    emptyOutDir: true,
    target: 'es2023',
    // The policy of the gateway allows no data in scripts and styles.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    rolldownOptions: {
      // What the page takes of the schemas are pure functions: encoders that it never calls need not come along.
      treeshake: { moduleSideEffects: [{ test: /\/schemas\//, sideEffects: false }] },
    },
  },
});
