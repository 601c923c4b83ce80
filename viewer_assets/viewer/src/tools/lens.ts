import { cache, getEnabledElement, type Types } from '@cornerstonejs/core';
import { BaseTool, type Types as ToolTypes } from '@cornerstonejs/tools';
import type { Shading } from '../engine/arrangement';
import { colourOf } from '../engine/colours';
import { frameInfo, voiFunction } from '../engine/frames';
import { brightness, fillLens } from '../engine/lens';
import type { Look } from '../engine/look';
import { Drag, type DragDetail } from './drag';
import { colourAt, greyValues, toPixel } from './target';

export interface LensOptions {
  /** How the picture is shown there, and how much larger the lens shows it. */
  lens: (element: HTMLDivElement) => { look: Look; inverted: boolean; shading: Shading; factor: number } | undefined;
}

const SIZE = 220;
const ABOVE_FINGER = 40;

/** A round glass over the picture while the button or the finger is down: the file's pixels, enlarged. */
export class LensTool extends BaseTool {
  static override toolName = 'magnify';
  private readonly dragging = new Drag();
  private readonly canvas = document.createElement('canvas');

  constructor(toolProps: ToolTypes.PublicToolProps = {}, defaults: ToolTypes.ToolProps = { supportedInteractionTypes: ['Mouse', 'Touch'], configuration: {} }) {
    super(toolProps, defaults);
    this.canvas.className = 'lens';
  }

  preMouseDownCallback(event: ToolTypes.EventTypes.InteractionEventType): boolean {
    const detail = event.detail as DragDetail;
    const { element } = detail;
    const touch = 'currentPointsList' in detail;
    const follow = ({ currentPoints }: DragDetail) => {
      this.look(element, currentPoints.canvas, touch);
    };
    follow(detail);
    element.append(this.canvas);
    this.dragging.start(element, { move: follow, end: () => { this.canvas.remove(); } });
    event.preventDefault();
    return true;
  }

  private look(element: HTMLDivElement, at: Types.Point2, touch: boolean): void {
    const viewport = getEnabledElement(element)?.viewport as Types.IStackViewport | undefined;
    const imageId = viewport?.getCurrentImageId();
    const info = imageId === undefined ? undefined : frameInfo(imageId);
    const image = imageId === undefined ? undefined : cache.getImage(imageId);
    const shown = (this.configuration as LensOptions).lens(element);
    const range = viewport?.getProperties().voiRange;
    if (!viewport || !info || !image || !shown || !range) return;
    const size = Math.round(SIZE * devicePixelRatio);
    const pixel = (dx: number, dy: number) => toPixel(info, viewport.canvasToWorld([at[0] + dx, at[1] + dy]));
    const centre = pixel(0, 0);
    const step = 100 * devicePixelRatio * shown.factor;
    const towards = (to: readonly [number, number]) => [(to[0] - centre[0]) / step, (to[1] - centre[1]) / step] as const;
    const { natural, curve } = shown.shading;
    const shading = { ...range, invert: natural !== shown.inverted, voi: voiFunction(info.dataset), curve };
    const grey = greyValues(image);
    const { colour } = shown.look;
    const data = new ImageData(size, size);
    fillLens(data.data, size, { centre, right: towards(pixel(100, 0)), down: towards(pixel(0, 100)) }, (column, row) => {
      if (column < 0 || row < 0 || column >= image.columns || row >= image.rows) return undefined;
      if (!grey) return colourAt(image, column, row) as [number, number, number];
      const share = brightness(grey.at(column, row), shading);
      return colour === null ? [share * 255, share * 255, share * 255] : colourOf(colour, share);
    });
    this.canvas.width = this.canvas.height = size;
    this.canvas.getContext('2d')?.putImageData(data, 0, 0);
    const above = touch ? SIZE / 2 + ABOVE_FINGER : 0;
    const top = at[1] - SIZE / 2 - above;
    Object.assign(this.canvas.style, { left: `${at[0] - SIZE / 2}px`, top: `${Math.max(touch ? 0 : -SIZE, top)}px`, width: `${SIZE}px`, height: `${SIZE}px` });
  }
}
