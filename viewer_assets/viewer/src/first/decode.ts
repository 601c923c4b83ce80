import type { Frame } from '../dicomweb/types';
import { nativeValues, type Sketch } from './picture';

const NATIVE = new Set(['1.2.840.10008.1.2', '1.2.840.10008.1.2.1', '1.2.840.10008.1.2.1.99']);
/** Lossless, and lossless with its resolutions in order (PS3.5 A.4.12). */
const HTJ2K = new Set(['1.2.840.10008.1.2.4.201', '1.2.840.10008.1.2.4.202']);

/**
 * A frame's values without the engine: what is stored plainly, and HTJ2K, whose decoder is small.
 * Undefined for other syntaxes, and for a frame that is not what its attributes say.
 */
export async function firstValues(sketch: Sketch, { bytes, transferSyntax }: Frame): Promise<ArrayLike<number> | undefined> {
  if (NATIVE.has(transferSyntax)) return nativeValues(sketch, bytes);
  if (!HTJ2K.has(transferSyntax)) return undefined;
  const { decodeHtj2k } = await import('./htj2k');
  return decodeHtj2k(sketch, bytes);
}

/** Begins to fetch the decoder, so that it comes beside the frame and not after it. */
export function expectHtj2k(): void {
  import('./htj2k').then(
    ({ prepare }) => prepare(),
    () => undefined,
  );
}
