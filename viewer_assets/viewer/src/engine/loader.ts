import { cache, getShouldUseCPURendering, getWebWorkerManager, imageLoader, metaData, type Types } from '@cornerstonejs/core';
import createImage from 'dicom-image-loader/createImage';
import type { DicomWeb } from '../dicomweb/client';
import { number, TAG, text } from '../dicomweb/dataset';
import type { Dataset, Frame } from '../dicomweb/types';
import { asViewerError, isAbort, ViewerError } from '../dicomweb/errors';
import { SCHEME } from '../dicomweb/stack';
import { frameInfo, metadataProvider, type FrameInfo } from './frames';
import { readPalette } from './palette';

/** Frames stored without compression; Deflated arrives inflated (PS3.5 A.5 deflates the data set, not the frame). */
const BIG_ENDIAN = '1.2.840.10008.1.2.2';
const NATIVE = new Set(['1.2.840.10008.1.2', '1.2.840.10008.1.2.1', '1.2.840.10008.1.2.1.99', BIG_ENDIAN]);

const DECODABLE = new Set([
  ...NATIVE,
  '1.2.840.10008.1.2.5',
  ...['50', '51', '53', '55', '57', '70', '80', '81', '90', '91', '201', '202', '203'].map((leaf) => `1.2.840.10008.1.2.4.${leaf}`),
]);

let registered = false;

/** Registers the frame loader, the metadata and the decode workers with cornerstone, once. */
export function registerLoader(client: DicomWeb, maxWorkerInstances: number): void {
  if (registered) return;
  registered = true;
  // The name is the one that the loader asks for.
  getWebWorkerManager().registerWorker(
    'dicomImageLoader',
    () => new Worker(new URL('./decode.worker.ts', import.meta.url), { type: 'module' }),
    { maxWorkerInstances },
  );
  metaData.addProvider(metadataProvider, 10_000);
  imageLoader.registerImageLoader(SCHEME, (imageId: string) => startLoad(client, imageId));
}

/** The decoded picture, from the cache when it is there. Rejects with ViewerError or an AbortError. */
export function fetchImage(client: DicomWeb, imageId: string): Promise<unknown> {
  const known = cache.getImageLoadObject(imageId);
  if (known) return known.promise;
  const started = startLoad(client, imageId);
  // The cache repeats the rejection; the caller hears of it through `promise`.
  cache.putImageLoadObject(imageId, started).catch(() => undefined);
  return started.promise;
}

function startLoad(client: DicomWeb, imageId: string): Types.IImageLoadObject {
  const controller = new AbortController();
  return {
    promise: load(client, imageId, controller.signal),
    cancelFn: () => {
      controller.abort();
    },
  };
}

async function load(client: DicomWeb, imageId: string, signal: AbortSignal): Promise<Types.IImage> {
  const info = frameInfo(imageId);
  if (!info) throw new ViewerError('not_found', `no metadata for ${imageId}`);
  return decodeFrame(client, info, await client.frame(info.image.path, info.image.frame, signal));
}

/** Rejects with ViewerError. */
export async function decodeFrame(client: DicomWeb, info: FrameInfo, frame: Frame): Promise<Types.IImage> {
  info.transferSyntax = frame.transferSyntax;
  if (!DECODABLE.has(frame.transferSyntax)) {
    throw new ViewerError('unsupported_transfer_syntax', frame.transferSyntax);
  }
  if (text(info.dataset, TAG.photometric) === 'PALETTE COLOR') {
    info.palette ??= await readPalette(info.dataset, client, info.image.path);
  }
  return decode(info, frame.bytes, frame.transferSyntax);
}

async function decode(info: FrameInfo, bytes: Uint8Array, transferSyntax: string): Promise<Types.IImage> {
  const { dataset, image } = info;
  const rows = number(dataset, TAG.rows) ?? 0;
  const columns = number(dataset, TAG.columns) ?? 0;
  const samples = number(dataset, TAG.samplesPerPixel) ?? 1;
  const stored = NATIVE.has(transferSyntax) ? nativeFrame(dataset, bytes, rows * columns * samples, transferSyntax) : bytes;
  try {
    const decoded = (await createImage(image.imageId, stored, transferSyntax, {
      useRGBA: getShouldUseCPURendering(),
    })) as Types.IImage;
    if (decoded.rows !== rows || decoded.columns !== columns) {
      throw new ViewerError('decode_failed', `picture is ${decoded.columns}×${decoded.rows}, header says ${columns}×${rows}`);
    }
    if (decoded.voxelManager?.getScalarDataLength() !== rows * columns * decoded.numberOfComponents) {
      throw new ViewerError('decode_failed', 'decoded picture has a wrong number of values');
    }
    return decoded;
  } catch (error) {
    if (isAbort(error)) throw error;
    throw asViewerError(error, 'decode_failed');
  }
}

/**
 * An uncompressed frame without padding behind it.
 *
 * Throws ViewerError `decode_failed` when bytes are missing: half a picture is no picture.
 */
function nativeFrame(dataset: Dataset, bytes: Uint8Array, values: number, transferSyntax: string): Uint8Array {
  const bits = number(dataset, TAG.bitsAllocated) ?? 0;
  const subsampled = text(dataset, TAG.photometric) === 'YBR_FULL_422';
  const needed = Math.ceil((values * bits) / 8) * (subsampled ? 2 / 3 : 1);
  if (bytes.length < needed) throw new ViewerError('decode_failed', `frame has ${bytes.length} bytes of ${needed}`);
  const frame = bytes.subarray(0, needed);
  maskUnusedBits(dataset, frame, transferSyntax);
  return frame;
}

/** Bits above Bits Stored may hold an overlay (PS3.5 8.1.1); the decoder does not clear them for unsigned values. */
function maskUnusedBits(dataset: Dataset, bytes: Uint8Array, transferSyntax: string): void {
  const stored = number(dataset, TAG.bitsStored) ?? 16;
  const allocated = number(dataset, TAG.bitsAllocated);
  const signed = number(dataset, TAG.pixelRepresentation) === 1;
  if (allocated !== 16 || stored >= 16 || stored < 8 || signed || number(dataset, TAG.highBit) !== stored - 1) return;
  const high = (1 << (stored - 8)) - 1;
  for (let i = transferSyntax === BIG_ENDIAN ? 0 : 1; i < bytes.length; i += 2) {
    bytes[i] = (bytes[i] ?? 0) & high;
  }
}
