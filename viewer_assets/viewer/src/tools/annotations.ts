import type { Types } from '@cornerstonejs/core';
import { AngleTool, EllipticalROITool, LengthTool, ProbeTool, utilities, type Types as ToolTypes } from '@cornerstonejs/tools';
import { computeAngle, computeEllipse, computeLength, computeProbe, refresh } from './stats';

/** Cornerstone keeps its drawing and handling of annotations; every number is worked out by our own code. */

export class StackLengthTool extends LengthTool {
  static override toolName = 'length';

  override _calculateCachedStats(annotation: ToolTypes.Annotation, _engine: unknown, { viewport }: Types.IEnabledElement) {
    return refresh(annotation, viewport.element, computeLength);
  }
}

export class StackAngleTool extends AngleTool {
  static override toolName = 'angle';

  override _calculateCachedStats(annotation: ToolTypes.Annotation, _engine: unknown, { viewport }: Types.IEnabledElement) {
    return refresh(annotation, viewport.element, computeAngle);
  }
}

/** Cornerstone's own probe reads slice `index` of a one-slice picture and finds nothing (finding G2). */
export class StackProbeTool extends ProbeTool {
  static override toolName = 'probe';

  override _calculateCachedStats(annotation: ToolTypes.Annotation, _engine: unknown, { viewport }: Types.IEnabledElement) {
    return refresh(annotation, viewport.element, computeProbe);
  }
}

const THROTTLE_MS = 100;

export class StackEllipseTool extends EllipticalROITool {
  static override toolName = 'ellipse';

  // The base class sets this as a property in its constructor, so it is replaced as one.
  override _calculateCachedStats = (annotation: ToolTypes.Annotation, viewport: Types.IViewport) =>
    refresh(annotation, viewport.element, computeEllipse);

  override _throttledCalculateCachedStats = utilities.throttle(this._calculateCachedStats, THROTTLE_MS, { trailing: true });
}
