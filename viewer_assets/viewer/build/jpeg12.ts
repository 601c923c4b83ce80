import type { Plugin } from 'vite';

const FILE = /dicom-image-loader[\\/]dist[\\/]esm[\\/]codecs[\\/]jpeg\.js$/;
const LEVEL_SHIFT = '2056 / component.bitConversion';
const UPPER = '2024 / component.bitConversion';
const OCCURRENCES = 2;
const REFINED = 'component.blockData[offset + z] += readBit() << successive;';
const REFINEMENTS = 3;

/**
 * Corrects the level shift of the loader's JPEG decoder for 12-bit streams (.51, .53, .55).
 *
 * The decoder works on samples scaled by 16 and adds 2056 = 128 × 16 + 8 (half of the full range and
 * a half for rounding), divided by bitConversion = 255 / 4095. The rounding term must not be scaled:
 * for 12 bits the sum is 2048 × 16 + 8 = 32776, while 2056 / bitConversion is 33017, a bias of
 * about +15 in every value. For 8 bits nothing changes.
 *
 * Corrects the refinement of progressive streams (.55), too: a bit more of a coefficient takes it away
 * from zero (ITU-T T.81 G.1.2.3), and does not add to what is negative.
 *
 * Throws, and so fails the build, when the loader's code is no longer the code that this knows.
 */
export function correctJpeg(code: string): string {
  const found = code.split(LEVEL_SHIFT).length - 1;
  if (found !== OCCURRENCES || !code.includes(UPPER)) {
    throw new Error(`jpeg12: expected ${OCCURRENCES} level shifts in the loader's JPEG decoder, found ${found}`);
  }
  const refined = code.split(REFINED).length - 1;
  if (refined !== REFINEMENTS) throw new Error(`jpeg12: expected ${REFINEMENTS} refinements in the loader's JPEG decoder, found ${refined}`);
  const half = '(Math.round(255 / component.bitConversion) + 1) * 8';
  const away = 'component.blockData[offset + z] += (component.blockData[offset + z] < 0 ? -1 : 1) * (readBit() << successive);';
  return code.replaceAll(LEVEL_SHIFT, `(${half} + 8)`).replaceAll(UPPER, `(${half} - 24)`).replaceAll(REFINED, away);
}

const USER = /dicom-image-loader[\\/].*decodeJPEGBaseline12Bit/;

/** Applies the correction wherever the decoder is bundled; fails a build of it that was not corrected. */
export function jpeg12(): Plugin {
  let patched = false;
  return {
    name: 'yunying:jpeg12',
    enforce: 'pre',
    transform(code, id) {
      if (!FILE.test(id.split('?')[0] ?? '')) return null;
      patched = true;
      return { code: correctJpeg(code), map: null };
    },
    buildEnd(error) {
      const used = [...this.getModuleIds()].some((id) => USER.test(id));
      if (!error && used && !patched) {
        this.error('jpeg12: the JPEG decoder of @cornerstonejs/dicom-image-loader was bundled without the 12-bit correction');
      }
    },
  };
}
