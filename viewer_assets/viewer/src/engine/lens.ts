import type { VoiFunction } from './frames';
import { greyAt, type Grey } from './grey';
import type { Pixel } from './measure';

type Colour = readonly [red: number, green: number, blue: number];

/** How grey values become brightness. */
export interface Shading {
  lower: number;
  upper: number;
  invert: boolean;
  voi: VoiFunction;
  /** In place of the straight way. */
  curve?: Grey['curve'];
}

/** Brightness 0 to 1 of a value (PS3.3 C.11.2.1.2, C.11.2.1.3). */
export function brightness(value: number, { lower, upper, invert, voi, curve }: Shading): number {
  if (curve) {
    const grey = greyAt({ lower, upper, curve }, value);
    return invert ? 1 - grey : grey;
  }
  const width = upper - lower;
  const linear = voi === 'SIGMOID' ? 1 / (1 + Math.exp((-4 * (value - (lower + upper) / 2)) / width)) : (value - lower) / width;
  const share = Number.isNaN(linear) ? 0 : Math.max(0, Math.min(1, linear));
  return invert ? 1 - share : share;
}

/** Where the lens looks: the picture's column and row at its middle, and the steps for one lens pixel right and down. */
export interface Sight {
  centre: Pixel;
  right: Pixel;
  down: Pixel;
}

/**
 * Fills a round lens of `size` × `size` pixels (RGBA). Each shows the one pixel of the file that lies
 * beneath it, as it is: nothing is interpolated. Outside of the picture the lens is black.
 */
export function fillLens(rgba: Uint8ClampedArray, size: number, { centre, right, down }: Sight, colourAt: (column: number, row: number) => Colour | undefined): void {
  const half = size / 2;
  for (let y = 0; y < size; y++) {
    for (let x = 0; x < size; x++) {
      const [dx, dy] = [x + 0.5 - half, y + 0.5 - half];
      const at = (y * size + x) * 4;
      if (dx * dx + dy * dy > half * half) {
        rgba[at + 3] = 0;
        continue;
      }
      const column = Math.round(centre[0] + dx * right[0] + dy * down[0]);
      const row = Math.round(centre[1] + dx * right[1] + dy * down[1]);
      const [red, green, blue] = colourAt(column, row) ?? [0, 0, 0];
      rgba[at] = red;
      rgba[at + 1] = green;
      rgba[at + 2] = blue;
      rgba[at + 3] = 255;
    }
  }
}
