import { getShouldUseCPURendering, type Types } from '@cornerstonejs/core';
import { toWorld } from '../tools/target';
import type { FrameInfo } from './frames';
import { place, type Affine, type Area, type ImagePresentation, type Place } from './presentation';

/** Where the picture's pixels lie on the pane now, in CSS pixels from its corner. */
export function toScreen(viewport: Types.IStackViewport, info: FrameInfo): Affine {
  const at = (column: number, row: number) => viewport.worldToCanvas(toWorld(info, [column - 0.5, row - 0.5]));
  const far = 256;
  const [zero, right, down] = [at(0, 0), at(far, 0), at(0, far)];
  return [(right[0] - zero[0]) / far, (right[1] - zero[1]) / far, (down[0] - zero[0]) / far, (down[1] - zero[1]) / far, zero[0], zero[1]];
}

export type FlipAxis = 'flipHorizontal' | 'flipVertical';

/** The renderer without WebGL mirrors the picture before it turns it. */
export function ownAxis(viewport: Types.IStackViewport, axis: FlipAxis): FlipAxis {
  const { rotation = 0 } = viewport.getViewPresentation();
  if (!getShouldUseCPURendering() || rotation % 180 === 0) return axis;
  return axis === 'flipHorizontal' ? 'flipVertical' : 'flipHorizontal';
}

/** Lays a picture on the pane as a presentation state says; without one whole and upright. Returns how it lies. */
export function layOut(viewport: Types.IStackViewport, info: FrameInfo, presentation: ImagePresentation | undefined): Types.ViewPresentation {
  viewport.setCamera({ flipHorizontal: false, flipVertical: false });
  viewport.setViewPresentation({ rotation: 0 });
  viewport.resetCamera();
  const { rotation = 0, flip = false, area = null } = presentation ?? {};
  if (rotation !== 0) viewport.setViewPresentation({ rotation });
  if (flip) viewport.setCamera({ [ownAxis(viewport, 'flipHorizontal')]: true });
  if (area) showArea(viewport, info, area);
  return viewport.getViewPresentation();
}

/** Brings a part of the picture into the middle of the pane, as large as it says. */
function showArea(viewport: Types.IStackViewport, info: FrameInfo, area: Area): void {
  const { clientWidth, clientHeight } = viewport.element;
  const affine = toScreen(viewport, info);
  const [first, last] = [place(affine, area.from), place(affine, area.to)];
  const [width, height] = [Math.abs(last[0] - first[0]), Math.abs(last[1] - first[1])];
  if (width === 0 || height === 0) return;
  const now = Math.hypot(affine[0], affine[1]);
  const factor = area.magnification > 0 ? area.magnification / now : Math.min(clientWidth / width, clientHeight / height);
  viewport.setZoom(viewport.getZoom() * factor);
  centre(viewport, info, [(area.from[0] + area.to[0]) / 2, (area.from[1] + area.to[1]) / 2]);
}

/** By the camera: pan comes in other units without WebGL. */
function centre(viewport: Types.IStackViewport, info: FrameInfo, [column, row]: Place): void {
  const { focalPoint, position } = viewport.getCamera();
  if (!focalPoint || !position) return;
  const { clientWidth, clientHeight } = viewport.element;
  const [wanted, shown] = [toWorld(info, [column - 0.5, row - 0.5]), viewport.canvasToWorld([clientWidth / 2, clientHeight / 2])];
  const moved = (point: Types.Point3): Types.Point3 => [0, 1, 2].map((axis) => (point[axis] ?? 0) + (wanted[axis] ?? 0) - (shown[axis] ?? 0)) as Types.Point3;
  viewport.setCamera({ focalPoint: moved(focalPoint), position: moved(position) });
}
