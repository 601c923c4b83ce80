import type { DicomWeb } from '../../dicomweb/client';
import { number, TAG, text } from '../../dicomweb/dataset';
import { ViewerError } from '../../dicomweb/errors';
import { SCHEME } from '../../dicomweb/stack';
import type { Part } from './pyramid';

const JPEG_BASELINE = '1.2.840.10008.1.2.4.50';

/** One tile's picture. Rejects with ViewerError, or an AbortError. */
export async function loadTile(client: DicomWeb, part: Part, frame: number, signal: AbortSignal): Promise<ImageBitmap> {
  const { bytes, transferSyntax } = await client.frame(part.path, frame, signal);
  if (transferSyntax === JPEG_BASELINE) return decodeJpeg(part, bytes);
  const { decodeTile } = await import('../../engine/tile');
  signal.throwIfAborted();
  const imageId = `${SCHEME}:tile/${part.instance}/${frame}`;
  const image = { imageId, path: part.path, instance: part.instance, frame, frameCount: part.count, dataset: part.dataset };
  return createImageBitmap(await decodeTile(client, image, { bytes, transferSyntax }));
}

/** The browser's own decoder is as right as any for eight bits, and takes no worker's time. */
async function decodeJpeg({ dataset }: Part, bytes: Uint8Array): Promise<ImageBitmap> {
  const rgb = text(dataset, TAG.photometric) === 'RGB';
  const data = rgb ? markRgb(bytes) : bytes;
  let picture: ImageBitmap;
  try {
    picture = await createImageBitmap(new Blob([data as Uint8Array<ArrayBuffer>], { type: 'image/jpeg' }), { colorSpaceConversion: 'none' });
  } catch (error) {
    throw new ViewerError('decode_failed', error instanceof Error ? error.message : '');
  }
  const [columns, rows] = [number(dataset, TAG.columns), number(dataset, TAG.rows)];
  if (picture.width !== columns || picture.height !== rows) {
    picture.close();
    throw new ViewerError('decode_failed', `tile is ${picture.width}×${picture.height}, header says ${columns ?? '?'}×${rows ?? '?'}`);
  }
  return picture;
}

const SOI = 2;

/** Without a word of Adobe's a decoder takes three components for YCbCr (JFIF); the file says that they are RGB. */
export function markRgb(bytes: Uint8Array): Uint8Array {
  for (let at = SOI; at + 4 < bytes.length && bytes[at] === 0xff; ) {
    const [marker, length] = [bytes[at + 1] ?? 0, ((bytes[at + 2] ?? 0) << 8) | (bytes[at + 3] ?? 0)];
    if (marker === 0xee || length < 2) return bytes;
    if (marker === 0xda) break;
    at += 2 + length;
  }
  const adobe = [0xff, 0xee, 0, 14, 0x41, 0x64, 0x6f, 0x62, 0x65, 0, 100, 0, 0, 0, 0, 0];
  const marked = new Uint8Array(bytes.length + adobe.length);
  marked.set(bytes.subarray(0, SOI));
  marked.set(adobe, SOI);
  marked.set(bytes.subarray(SOI), SOI + adobe.length);
  return marked;
}
