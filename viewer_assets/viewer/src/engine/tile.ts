import type { DicomWeb } from '../dicomweb/client';
import { number, TAG, text } from '../dicomweb/dataset';
import type { StackImage } from '../dicomweb/stack';
import type { Frame } from '../dicomweb/types';
import { frameInfo, registerFrames, voiFunction } from './frames';
import { drawValues } from './drawn';
import { decodeFrame, registerLoader } from './loader';
import { windowToRange } from './presets';

const WORKERS = 2;

/** A frame of any transfer syntax that the engine knows, drawn. Rejects with ViewerError. */
export async function decodeTile(client: DicomWeb, image: StackImage, frame: Frame): Promise<ImageData> {
  registerLoader(client, WORKERS);
  registerFrames([image]);
  const info = frameInfo(image.imageId);
  if (!info) throw new Error('the frame was registered');
  const decoded = await decodeFrame(client, info, frame);
  const { dataset } = info;
  // All tiles of a slide have one window: the file's, or the whole range of its bits.
  const most = 2 ** (number(dataset, TAG.bitsStored) ?? 8);
  const [width, center] = [number(dataset, TAG.windowWidth) ?? most, number(dataset, TAG.windowCenter) ?? most / 2];
  const shading = { ...windowToRange({ width, center }), invert: text(dataset, TAG.photometric) === 'MONOCHROME1', voi: voiFunction(dataset) };
  return drawValues(decoded, shading, null);
}
