import type { Types } from '@cornerstonejs/core';
import { colourAt, greyValues } from '../tools/target';
import { colourOf, type ColourName } from './colours';
import { brightness, type Shading } from './lens';

/** A picture's values as colours, one pixel for each: through a window and a colour map, or as the file has them. */
export function drawValues(image: Types.IImage, shading: Shading, map: ColourName | null): ImageData {
  const drawn = new ImageData(image.columns, image.rows);
  const rgba = drawn.data.fill(255);
  const grey = greyValues(image);
  for (let row = 0, at = 0; row < image.rows; row++) {
    for (let column = 0; column < image.columns; column++, at += 4) {
      if (!grey) {
        rgba.set(colourAt(image, column, row), at);
        continue;
      }
      const share = brightness(grey.at(column, row), shading);
      rgba.set(map === null ? [share * 255, share * 255, share * 255] : colourOf(map, share), at);
    }
  }
  return drawn;
}
