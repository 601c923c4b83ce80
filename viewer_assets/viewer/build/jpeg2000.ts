import type { Plugin } from 'vite';

const FILE = /dicom-image-loader[\\/]dist[\\/]esm[\\/]shared[\\/]decoders[\\/]decodeJPEG2000\.js$/;
const KEPT = 'const decoder = local.decoder;';

/**
 * Gives each JPEG 2000 frame a decoder of its own.
 *
 * The loader keeps one, whose `decode` returns without a word when a stream is damaged; the picture of
 * the frame before then stands in its buffer and is taken for this one. A new decoder's buffer is empty,
 * which the engine tells as a picture of a wrong size.
 *
 * Throws, and so fails the build, when the loader's code is no longer the code that this knows.
 */
export function decodeAfresh(code: string): string {
  if (code.split(KEPT).length !== 2) throw new Error("jpeg2000: the loader's decoder is no longer the known one");
  return code.replace(KEPT, 'local.decoder.delete(); local.decoder = new local.codec.J2KDecoder(); const decoder = local.decoder;');
}

/** Applies this wherever the decoder is bundled; fails a build of it that was not changed. */
export function jpeg2000(): Plugin {
  let patched = false;
  return {
    name: 'yunying:jpeg2000',
    enforce: 'pre',
    transform(code, id) {
      if (!FILE.test(id.split('?')[0] ?? '')) return null;
      patched = true;
      return { code: decodeAfresh(code), map: null };
    },
    buildEnd(error) {
      const used = [...this.getModuleIds()].some((id) => FILE.test(id.split('?')[0] ?? ''));
      if (!error && used && !patched) this.error('jpeg2000: the decoder was bundled unchanged');
    },
  };
}
