import { cache, type Types } from '@cornerstonejs/core';
import { toPixel } from '../tools/target';
import { frameInfo, voiFunction } from './frames';
import type { Shading } from './arrangement';
import type { Look } from './look';
import { drawValues } from './drawn';

export interface PictureOptions {
  /** One pixel of the file is one of the picture; else the screen's pixels. */
  original: boolean;
  /** Lines and numbers that the reader drew. */
  marks: boolean;
}

export interface Picture {
  canvas: HTMLCanvasElement;
  /** Pixels of the picture for one CSS pixel of the screen. */
  scale: number;
}

/** Which end of the values is bright, and what lies between. */
interface Shown extends Shading {
  inverted: boolean;
}

const LARGEST = 8192;

/** The picture as it is shown, with its marks, on a canvas of its own; undefined while nothing is shown. */
export async function drawPicture(viewport: Types.IStackViewport, look: Look, shown: Shown, options: PictureOptions): Promise<Picture | undefined> {
  const drawn = options.original ? fromFile(viewport, look, shown) : fromScreen(viewport);
  // What a presentation state draws belongs to the picture.
  const layers = [viewport.element.parentElement?.querySelector('.presentation'), options.marks ? viewport.element.querySelector('.svg-layer') : null];
  for (const svg of layers) if (drawn && svg) await drawMarks(drawn, svg as SVGElement, viewport.element);
  return drawn && { canvas: drawn.context.canvas, scale: drawn.scale };
}

interface Drawn {
  context: CanvasRenderingContext2D;
  scale: number;
  /** Where the screen's corner lies in the picture. */
  origin: readonly [number, number];
}

function newCanvas(width: number, height: number): CanvasRenderingContext2D | undefined {
  const canvas = document.createElement('canvas');
  [canvas.width, canvas.height] = [Math.round(width), Math.round(height)];
  const context = canvas.getContext('2d');
  if (!context) return undefined;
  context.fillStyle = '#000';
  context.fillRect(0, 0, canvas.width, canvas.height);
  return context;
}

function fromScreen({ element }: Types.IStackViewport): Drawn | undefined {
  const shown = element.querySelector('canvas');
  const context = shown ? newCanvas(shown.width, shown.height) : undefined;
  if (!shown || !context) return undefined;
  context.drawImage(shown, 0, 0);
  return { context, scale: shown.width / element.clientWidth, origin: [0, 0] };
}

/** From the file's pixels, turned and mirrored as on the screen; the whole picture, whatever the screen shows of it. */
function fromFile(viewport: Types.IStackViewport, look: Look, shown: Shown): Drawn | undefined {
  const imageId = viewport.getCurrentImageId();
  const [info, image] = [frameInfo(imageId), cache.getImage(imageId)];
  const range = viewport.getProperties().voiRange;
  if (!info || !image || !range) return undefined;
  const pixels = newCanvas(image.columns, image.rows);
  if (!pixels) return undefined;
  const shading = { ...range, invert: shown.natural !== shown.inverted, voi: voiFunction(info.dataset), curve: shown.curve };
  pixels.putImageData(drawValues(image, shading, look.colour), 0, 0);
  // The screen's CSS pixels as columns and rows, and the way back.
  const at = (x: number, y: number) => toPixel(info, viewport.canvasToWorld([x, y]));
  const [zero, right, down] = [at(0, 0), at(100, 0), at(0, 100)];
  const [a, b] = [(right[0] - zero[0]) / 100, (right[1] - zero[1]) / 100];
  const [c, d] = [(down[0] - zero[0]) / 100, (down[1] - zero[1]) / 100];
  const determinant = a * d - b * c;
  if (determinant === 0) return undefined;
  const [along, across] = [{ x: d / determinant, y: -b / determinant }, { x: -c / determinant, y: a / determinant }];
  const toScreen = (column: number, row: number) => {
    const [dx, dy] = [column - 0.5 - zero[0], row - 0.5 - zero[1]];
    return [dx * along.x + dy * across.x, dx * along.y + dy * across.y] as const;
  };
  const corners = [toScreen(0, 0), toScreen(image.columns, 0), toScreen(0, image.rows), toScreen(image.columns, image.rows)];
  const [left, top] = [Math.min(...corners.map(([x]) => x)), Math.min(...corners.map(([, y]) => y))];
  const [width, height] = [Math.max(...corners.map(([x]) => x)) - left, Math.max(...corners.map(([, y]) => y)) - top];
  const fine = 1 / Math.min(Math.hypot(along.x, along.y), Math.hypot(across.x, across.y));
  const scale = Math.min(fine, LARGEST / width, LARGEST / height);
  const context = newCanvas(width * scale, height * scale);
  if (!context) return undefined;
  const [x0, y0] = toScreen(0, 0);
  context.setTransform(along.x * scale, along.y * scale, across.x * scale, across.y * scale, (x0 - left) * scale, (y0 - top) * scale);
  const straight = Math.abs(along.x * along.y) < 1e-9 && Math.abs(scale - fine) < 1e-9;
  context.imageSmoothingEnabled = !straight;
  context.drawImage(pixels.canvas, 0, 0);
  context.resetTransform();
  return { context, scale, origin: [-left * scale, -top * scale] };
}

/** Cornerstone's marks are SVG over the canvas: they are drawn from a copy of their own. */
async function drawMarks({ context, scale, origin }: Drawn, svg: SVGElement, { clientWidth, clientHeight }: HTMLElement): Promise<void> {
  const copy = svg.cloneNode(true) as SVGElement;
  copy.setAttribute('xmlns', 'http://www.w3.org/2000/svg');
  copy.setAttribute('width', String(clientWidth * scale));
  copy.setAttribute('height', String(clientHeight * scale));
  copy.setAttribute('viewBox', `0 0 ${clientWidth} ${clientHeight}`);
  const url = URL.createObjectURL(new Blob([new XMLSerializer().serializeToString(copy)], { type: 'image/svg+xml' }));
  try {
    const image = new Image();
    image.src = url;
    await image.decode();
    context.drawImage(image, origin[0], origin[1], clientWidth * scale, clientHeight * scale);
  } finally {
    URL.revokeObjectURL(url);
  }
}
