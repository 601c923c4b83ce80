import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';
import { dicomNames } from './build/dictionary.ts';
import { jpeg12 } from './build/jpeg12.ts';
import { jpeg2000 } from './build/jpeg2000.ts';
import { jpegColour } from './build/jpegcolour.ts';
import { omit } from './build/omit.ts';
import { pdf } from './build/pdf.ts';
import { precompress } from './build/precompress.ts';

const local = (path: string) => fileURLToPath(new URL(path, import.meta.url));
const LOADER = './node_modules/@cornerstonejs/dicom-image-loader/dist/esm';

export default defineConfig({
  base: './',
  plugins: [omit(), jpeg12(), jpeg2000(), jpegColour(), dicomNames(), pdf(), precompress()],
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
  },
  test: { environment: 'node', include: ['test/**/*.test.{ts,tsx}'] },
});
