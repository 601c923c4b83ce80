import type { Camera } from '../camera';
import type { Operation, Picture, PlaneScene, RenderingScene } from '../drawing';
import type { Frame } from './protocol';
import type { Asked } from './questions';
import type { View } from './views';

/** What the node takes of a picture's sides, in pixels, and of its scale. */
const LEAST_SIDE = 16;
const MOST_SIDE = 2048;
const LEAST_PIXEL_MM = 0.01;
const MOST_POINTS = 2000;

/** A pane of CSS pixels in the node's: whole numbers within its bounds; `pixel` in millimetres of one of them. */
export function raster(width: number, height: number, pixel: number, density: number): { size: [number, number]; pixel: number } {
  const most = Math.min(density, MOST_SIDE / Math.max(width, height), pixel / LEAST_PIXEL_MM);
  const columns = side(width * most);
  return { size: [columns, side((height * columns) / width)], pixel: (pixel * width) / columns };
}

function side(pixels: number): number {
  return Math.min(MOST_SIDE, Math.max(LEAST_SIDE, Math.round(pixels)));
}

export function planeView({ plane, width, height, pixel, slab, window, inverted }: PlaneScene, density: number, lossless: boolean): View {
  return {
    mode: 'mpr',
    ...raster(width, height, pixel, density),
    orientation: { right: plane.right, down: plane.down },
    centre: plane.centre,
    slab,
    window: { center: window.center, width: window.width },
    inverted,
    lossless,
  };
}

export function renderingView({ camera, preset, shift, crop, width, height }: RenderingScene, density: number): View {
  return {
    mode: 'vr',
    ...raster(width, height, camera.pixel, density),
    orientation: { right: camera.right, down: camera.down },
    centre: camera.centre,
    preset,
    shift,
    crop,
  };
}

/** What a frame shows in a pane that is `width` CSS pixels wide. */
export function pictureOf({ right, down, centre, pixel, width: columns, edges, slicing, format, sharp }: Frame, width: number): Picture {
  return { plane: { right, down, centre }, pixel: (pixel * columns) / Math.max(1, width), edges, slicing, lossy: sharp && format === 'jpeg' };
}

export function asked(operation: Operation): Asked {
  if (operation.kind === 'background') return { type: 'background', content: {} };
  const { outline, size, camera, take } = operation;
  return { type: 'cut', content: { ...outlineOn(outline, size, camera), take } };
}

/** The outline about the same middle, on a picture of whole pixels that the node takes. */
function outlineOn(outline: readonly (readonly [number, number])[], [width, height]: readonly [number, number], { right, down, centre, pixel }: Camera): object {
  const placed = raster(width, height, pixel, 1);
  const scale = pixel / placed.pixel;
  const every = Math.ceil(outline.length / MOST_POINTS);
  const [columns, rows] = placed.size;
  const held = (value: number) => Math.min(2 * MOST_SIDE, Math.max(-MOST_SIDE, Math.round(value * 100) / 100));
  const points = outline
    .filter((_, at) => at % every === 0)
    .map(([x, y]) => [held((x - width / 2) * scale + columns / 2), held((y - height / 2) * scale + rows / 2)]);
  return { outline: points, ...placed, orientation: { right, down }, centre };
}
