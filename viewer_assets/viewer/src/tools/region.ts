import { cache, getEnabledElement, type Types } from '@cornerstonejs/core';
import { BaseTool, type Types as ToolTypes } from '@cornerstonejs/tools';
import { frameInfo } from '../engine/frames';
import { measureRegion } from '../engine/region';
import { Drag, type DragDetail } from './drag';
import { greyValues, toPixel } from './target';

/** The least and the greatest value of a region. */
export type RegionHandler = (range: Types.VOIRange, element: HTMLDivElement) => void;

/** Sets the window from the values inside a rectangle that the reader drags. */
export class RegionTool extends BaseTool {
  static override toolName = 'region';
  private readonly dragging = new Drag();

  constructor(toolProps: ToolTypes.PublicToolProps = {}, defaults: ToolTypes.ToolProps = { supportedInteractionTypes: ['Mouse', 'Touch'], configuration: {} }) {
    super(toolProps, defaults);
  }

  preMouseDownCallback(event: ToolTypes.EventTypes.InteractionEventType): boolean {
    const { element, currentPoints } = event.detail as DragDetail;
    const from: Types.Point2 = [...currentPoints.canvas];
    let to = from;
    const box = document.createElement('div');
    box.className = 'region-box';
    element.append(box);
    this.dragging.start(element, {
      move: (detail) => {
        to = [...detail.currentPoints.canvas];
        const [left, top] = [Math.min(from[0], to[0]), Math.min(from[1], to[1])];
        Object.assign(box.style, { left: `${left}px`, top: `${top}px`, width: `${Math.abs(to[0] - from[0])}px`, height: `${Math.abs(to[1] - from[1])}px` });
      },
      end: () => {
        box.remove();
        this.take(element, from, to);
      },
    });
    event.preventDefault();
    return true;
  }

  private take(element: HTMLDivElement, from: Types.Point2, to: Types.Point2): void {
    const viewport = getEnabledElement(element)?.viewport as Types.IStackViewport | undefined;
    const imageId = viewport?.getCurrentImageId();
    const info = imageId === undefined ? undefined : frameInfo(imageId);
    const image = imageId === undefined ? undefined : cache.getImage(imageId);
    const values = image && greyValues(image);
    if (!viewport || !info || !values) return;
    const corners: Types.Point2[] = [from, [to[0], from[1]], to, [from[0], to[1]]];
    const stats = measureRegion(info.calibration, corners.map((corner) => toPixel(info, viewport.canvasToWorld(corner))), values);
    const { min, max } = stats ?? {};
    if (min === undefined || max === undefined) return;
    (this.configuration as { onRegion: RegionHandler }).onRegion({ lower: min, upper: Math.max(max, min + 1) }, element);
  }
}
