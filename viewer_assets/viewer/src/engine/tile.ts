import type { DicomWeb } from '../dicomweb/client';
import { number, TAG, text } from '../dicomweb/dataset';
import type { StackImage } from '../dicomweb/stack';
import type { Frame } from '../dicomweb/types';
import { colourAt, greyValues } from '../tools/target';
import { frameInfo, registerFrames, voiFunction } from './frames';
import { brightness } from './lens';
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
  const data = new ImageData(decoded.columns, decoded.rows);
  const grey = greyValues(decoded);
  // All tiles of a slide have one window: the file's, or the whole range of its bits.
  const most = 2 ** (number(dataset, TAG.bitsStored) ?? 8);
  const [width, center] = [number(dataset, TAG.windowWidth) ?? most, number(dataset, TAG.windowCenter) ?? most / 2];
  const shading = { ...windowToRange({ width, center }), invert: text(dataset, TAG.photometric) === 'MONOCHROME1', voi: voiFunction(dataset) };
  for (let row = 0, at = 0; row < decoded.rows; row++) {
    for (let column = 0; column < decoded.columns; column++, at += 4) {
      const share = grey && 255 * brightness(grey.at(column, row), shading);
      const [red = 0, green = 0, blue = 0] = share === undefined ? colourAt(decoded, column, row) : [share, share, share];
      data.data[at] = red;
      data.data[at + 1] = green;
      data.data[at + 2] = blue;
      data.data[at + 3] = 255;
    }
  }
  return data;
}
