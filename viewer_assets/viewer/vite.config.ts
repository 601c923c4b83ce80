import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';
import { jpeg12 } from './build/jpeg12.ts';
import { precompress } from './build/precompress.ts';

const local = (path: string) => fileURLToPath(new URL(path, import.meta.url));

export default defineConfig({
  base: './',
  plugins: [jpeg12(), precompress()],
  resolve: {
    alias: { xmlbuilder2: local('./build/absent/xmlbuilder2.ts') },
  },
  worker: { format: 'es', plugins: () => [jpeg12()] },
  build: {
    outDir: process.env.VIEWER_OUT ?? local('./dist'),
    emptyOutDir: true,
    target: 'es2022',
    modulePreload: { polyfill: false },
    assetsInlineLimit: 0,
    chunkSizeWarningLimit: 6000,
  },
  test: { environment: 'node', include: ['test/**/*.test.{ts,tsx}'] },
});
