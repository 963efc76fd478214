// Builds the offline verifier into one file that needs Node and nothing else: .cache/verifier/sortition-verify.mjs.
import { fileURLToPath } from 'node:url';
import { build } from 'vite';

const root = fileURLToPath(new URL('../..', import.meta.url));

await build({
  root,
  configFile: false,
  logLevel: 'error',
  publicDir: false,
  ssr: { noExternal: true, target: 'node' },
  build: {
    ssr: 'runtime/archive/verify-main.ts',
    outDir: '.cache/verifier',
    emptyOutDir: false,
    minify: true,
    target: 'node24',
    rollupOptions: { output: { entryFileNames: 'sortition-verify.mjs', banner: '#!/usr/bin/env node' } },
  },
});
