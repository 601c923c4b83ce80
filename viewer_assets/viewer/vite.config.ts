import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';
import { dicomNames } from './build/dictionary.ts';
import { jpeg12 } from './build/jpeg12.ts';
import { jpeg2000 } from './build/jpeg2000.ts';
import { jpegColour } from './build/jpegcolour.ts';
import { omit } from './build/omit.ts';
import { pdf } from './build/pdf.ts';
import { precompress } from './build/precompress.ts';
import { preload } from './build/preload.ts';

const local = (path: string) => fileURLToPath(new URL(path, import.meta.url));
const LOADER = './node_modules/@cornerstonejs/dicom-image-loader/dist/esm';

export default defineConfig({
  base: './',
  plugins: [omit(), jpeg12(), jpeg2000(), jpegColour(), dicomNames(), pdf(), preload('/src/shell.tsx'), precompress()],
  resolve: {
    alias: {
      // The package's entry carries every decoder and two more loaders into the page.
      'dicom-image-loader/createImage': local(`${LOADER}/imageLoader/createImage.js`),
      'dicom-image-loader/worker': local(`${LOADER}/decodeImageFrameWorker.js`),
      dcmjs: local('./build/absent/dcmjs.ts'),
    },
  },
  worker: { format: 'es', plugins: () => [omit(), jpeg12(), jpeg2000()] },
  build: {
    outDir: process.env.VIEWER_OUT ?? local('./dist'),
    emptyOutDir: true,
    target: 'es2022',
    modulePreload: { polyfill: false },
    assetsInlineLimit: 0,
    chunkSizeWarningLimit: 6000,
    rolldownOptions: {
      output: {
        // What the entry and the shell share with later chunks, in one file each: a slow line pays for every request.
        codeSplitting: {
          groups: [
            { name: 'first', test: /[\\/]src[\\/](dicomweb[\\/](client|dataset|errors|line)|first[\\/](ahead|decode|first|picture|session)|objects[\\/]kind|ticket|jsonrpc|engine[\\/](axes|orientation|presets|values))\./ },
            { name: 'frame', test: /[\\/](node_modules[\\/]@?preact[\\/]|src[\\/](i18n[\\/](index|zh_CN)|state|panes|hanging|layout|portal|presets|dicomweb[\\/]stack|engine[\\/]cine|ui[\\/](icons|kinds|text))\.)/ },
          ],
        },
      },
    },
  },
  test: { environment: 'node', include: ['test/**/*.test.{ts,tsx}'] },
});
