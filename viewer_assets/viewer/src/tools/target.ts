import { cache, getShouldUseCPURendering, type Types } from '@cornerstonejs/core';
import type { Flat } from '../engine/flat';
import { frameInfo, gridOf, type FrameInfo } from '../engine/frames';
import type { Pixel, Values } from '../engine/measure';

const PREFIX = 'imageId:';

/** The picture that an annotation was drawn on. */
export interface Target {
  info: FrameInfo;
  image: Types.IImage;
}

/** Undefined when the target is no picture of a stack, or the cache has let it go. */
export function targetOf(targetId: string): Target | undefined {
  if (!targetId.startsWith(PREFIX)) return undefined;
  const imageId = targetId.slice(PREFIX.length);
  const info = frameInfo(imageId);
  const image = cache.getImage(imageId);
  return info && image ? { info, image } : undefined;
}

/**
 * Without WebGL cornerstone counts a picture's pixels from their edge, with WebGL from their middle;
 * half a pixel decides which pixel a probe reads.
 */
const EDGE_TO_MIDDLE = 0.5;

/** A point of the patient's space as column and row of the picture; the first pixel's middle is [0, 0]. */
export function toPixel(info: FrameInfo, point: readonly number[]): Pixel {
  const grid = gridOf(info);
  const offset = grid.position.map((origin, axis) => (point[axis] ?? 0) - origin);
  const along = (axis: readonly number[]) => offset.reduce((sum, value, i) => sum + value * (axis[i] ?? 0), 0);
  const [columnSpacing, rowSpacing] = info.calibration.spacing;
  const shift = getShouldUseCPURendering() ? EDGE_TO_MIDDLE : 0;
  return [along(grid.row) / columnSpacing - shift, along(grid.column) / rowSpacing - shift];
}

/** Of a pixel; single precision, which is what is stored, holds them exactly up to column 65536. */
const STEPS = 256;

/** As it is kept with the study (PS3.3 C.18.6.1): numbers are worked out from what will be there again. */
export function storedPixel([column, row]: Pixel): Pixel {
  const stored = (value: number) => Math.fround(Math.round((value + EDGE_TO_MIDDLE) * STEPS) / STEPS) - EDGE_TO_MIDDLE;
  return [stored(column), stored(row)];
}

/** The point of the patient's space at a place of the picture: the way back from `toPixel`. */
export function toWorld(info: FrameInfo, [column, row]: Pixel): Types.Point3 {
  const grid = gridOf(info);
  const [columnSpacing, rowSpacing] = info.calibration.spacing;
  const shift = getShouldUseCPURendering() ? EDGE_TO_MIDDLE : 0;
  const [along, down] = [(column + shift) * columnSpacing, (row + shift) * rowSpacing];
  // Cosines of files are rounded: their axes are neither quite of length 1 nor quite at right angles.
  const [rr, cc, rc] = [dot(grid.row, grid.row), dot(grid.column, grid.column), dot(grid.row, grid.column)];
  const determinant = rr * cc - rc * rc;
  const [x, y] = [(along * cc - down * rc) / determinant, (down * rr - along * rc) / determinant];
  const at = (axis: number) => (grid.position[axis] ?? 0) + x * (grid.row[axis] ?? 0) + y * (grid.column[axis] ?? 0);
  return [at(0), at(1), at(2)];
}

function dot(a: readonly number[], b: readonly number[]): number {
  return a.reduce((sum, value, axis) => sum + value * (b[axis] ?? 0), 0);
}

/** In the picture's own plane, where right angles are right. */
export function toFlat(info: FrameInfo, point: readonly number[]): Flat {
  const [column, row] = toPixel(info, point);
  return [column * info.calibration.spacing[0], row * info.calibration.spacing[1]];
}

export function fromFlat(info: FrameInfo, [x, y]: Flat): Types.Point3 {
  return toWorld(info, [x / info.calibration.spacing[0], y / info.calibration.spacing[1]]);
}

/** Values of a grey picture after rescaling; undefined for a picture in colour. */
export function greyValues(image: Types.IImage): Values | undefined {
  if (image.color) return undefined;
  const data = image.voxelManager?.getScalarData();
  if (!data) return undefined;
  const scaled = image.preScale?.scaled === true;
  const { slope, intercept, columns, rows } = image;
  return {
    columns,
    rows,
    at: (column, row) => {
      const value = Number(data[row * columns + column]);
      return scaled ? value : value * slope + intercept;
    },
  };
}

/** Red, green and blue at a pixel of a picture in colour. */
export function colourAt(image: Types.IImage, column: number, row: number): number[] {
  const data = image.voxelManager?.getScalarData();
  const at = (row * image.columns + column) * image.numberOfComponents;
  return [0, 1, 2].map((channel) => data?.[at + channel] ?? 0);
}
