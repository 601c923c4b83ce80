/** What the loader asks of its decoder, and what it takes back. */
interface ImageFrame {
  rows: number;
  columns: number;
  pixelData?: Uint8Array;
  pixelDataLength?: number;
  imageData?: ImageData;
  smallestPixelValue?: number;
  largestPixelValue?: number;
  decodeTimeInMS?: number;
}

let canvas: OffscreenCanvas | undefined;

/**
 * Decodes a baseline JPEG in colour to RGBA. The browser decodes on threads of its own; the canvas lies
 * in main memory, since reading a picture back from the graphics card takes longer than all the rest
 * and stops the page meanwhile.
 */
export async function decodeJpegColour(imageFrame: ImageFrame, pixelData: Uint8Array<ArrayBuffer>): Promise<ImageFrame> {
  const start = performance.now();
  const picture = await createImageBitmap(new Blob([pixelData], { type: 'image/jpeg' }), { colorSpaceConversion: 'none', imageOrientation: 'none' });
  const { width, height } = picture;
  canvas ??= new OffscreenCanvas(width, height);
  if (canvas.width !== width || canvas.height !== height) [canvas.width, canvas.height] = [width, height];
  const context = canvas.getContext('2d', { willReadFrequently: true });
  if (!context) throw new Error('no canvas to decode on');
  context.drawImage(picture, 0, 0);
  picture.close();
  const imageData = context.getImageData(0, 0, width, height);
  const data = new Uint8Array(imageData.data.buffer);
  Object.assign(imageFrame, { rows: height, columns: width, pixelData: data, pixelDataLength: data.length, imageData, smallestPixelValue: 0, largestPixelValue: 255, decodeTimeInMS: performance.now() - start });
  return imageFrame;
}
