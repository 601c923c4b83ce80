import { fileURLToPath } from 'node:url';
import type { Plugin } from 'vite';

const FILE = /dicom-image-loader[\\/]dist[\\/]esm[\\/]imageLoader[\\/]decodeJPEGBaseline8BitColor\.js$/;
const OWN = fileURLToPath(new URL('../src/engine/jpeg_colour.ts', import.meta.url));

/** Puts the viewer's own decoder of baseline JPEG in colour in the place of the loader's; fails a build without. */
export function jpegColour(): Plugin {
  let replaced = false;
  return {
    name: 'yunying:jpegcolour',
    enforce: 'pre',
    transform(code, id) {
      if (!FILE.test(id.split('?')[0] ?? '')) return null;
      if (!code.includes('export default decodeJPEGBaseline8BitColor;')) this.error("jpegcolour: the loader's decoder is no longer the known one");
      replaced = true;
      return { code: `export { decodeJpegColour as default } from ${JSON.stringify(OWN)};`, map: null };
    },
    buildEnd(error) {
      if (!error && !replaced) this.error("jpegcolour: the loader's decoder was not found");
    },
  };
}
