import type { Types } from '@cornerstonejs/core';
import { AngleTool, EllipticalROITool, Enums, LengthTool, ProbeTool, utilities, type Types as ToolTypes } from '@cornerstonejs/tools';
import { withLabelBeside } from './label';
import { computeAngle, computeEllipse, computeLength, computeProbe, refresh } from './stats';

/** Protected in cornerstone's types, so that it is spelled out. */
interface LinkedLabel {
  enabledElement: Types.IEnabledElement;
  svgDrawingHelper: ToolTypes.SVGDrawingHelper;
  annotation: ToolTypes.Annotation;
  styleSpecifier: ToolTypes.AnnotationStyle.StyleSpecifier;
  textLines: string[];
  canvasCoordinates: Types.Point2[];
  textBoxUID?: string;
  placementPoints?: Types.Point2[];
}

/** Cornerstone keeps its drawing and handling of annotations; every number is worked out by our own code. */

export class StackLengthTool extends LengthTool {
  static override toolName = 'length';

  override _calculateCachedStats(annotation: ToolTypes.Annotation, _engine: unknown, { viewport }: Types.IEnabledElement) {
    return refresh(annotation, viewport.element, computeLength);
  }

  protected override renderLinkedTextBoxAnnotation(options: LinkedLabel) {
    return withLabelBeside(options, () => super.renderLinkedTextBoxAnnotation(options));
  }
}

export class StackAngleTool extends AngleTool {
  static override toolName = 'angle';

  /** A tap ends the second arm; cornerstone waits for a pointer that moves there, which a finger does not. */
  constructor(toolProps: ToolTypes.PublicToolProps = {}) {
    super(toolProps);
    const end = this._endCallback;
    this._endCallback = (event) => {
      const { annotation, handleIndex } = this.editData ?? {};
      const lifted = (event.detail as { eventName: string }).eventName === (Enums.Events.TOUCH_END as string);
      if (lifted && handleIndex === 2 && annotation?.data.handles?.points?.length === 2) this._dragCallback(event);
      end(event);
    };
  }

  override _calculateCachedStats(annotation: ToolTypes.Annotation, _engine: unknown, { viewport }: Types.IEnabledElement) {
    return refresh(annotation, viewport.element, computeAngle);
  }

  protected override renderLinkedTextBoxAnnotation(options: LinkedLabel) {
    return withLabelBeside(options, () => super.renderLinkedTextBoxAnnotation(options));
  }
}

/** Cornerstone's own probe reads slice `index` of a one-slice picture and finds nothing (finding G2). */
export class StackProbeTool extends ProbeTool {
  static override toolName = 'probe';

  /** A touch is answered where it touches; cornerstone would take a point 40 pixels above. */
  constructor(toolProps: ToolTypes.PublicToolProps = {}) {
    super(toolProps, { configuration: { touchCanvasOffset: { x: 0, y: 0 } } });
  }

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

  protected override renderLinkedTextBoxAnnotation(options: LinkedLabel) {
    return withLabelBeside(options, () => super.renderLinkedTextBoxAnnotation(options));
  }
}
