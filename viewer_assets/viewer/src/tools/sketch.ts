import { getEnabledElement, type Types } from '@cornerstonejs/core';
import { annotation as annotations, AnnotationTool, drawing, Enums, utilities, type Types as ToolTypes } from '@cornerstonejs/tools';
import { frameInfo } from '../engine/frames';
import type { MeasureTool } from '../engine/view';
import { Drag, grasp } from './drag';
import { withLabelBeside } from './label';
import type { Shape } from './shapes';
import { refresh, stale } from './stats';
import { fromFlat, toFlat } from './target';

/** Where the reader is: strokes and points drawn so far; null when nothing is begun. */
export type StepHandler = (progress: { tool: MeasureTool; stroke: number; points: number } | null) => void;

export interface SketchOptions {
  onProgress: StepHandler;
  /** A mark waits for its text. */
  onText: (annotation: ToolTypes.Annotation, element: HTMLDivElement) => void;
  getTextLines: (data: ToolTypes.AnnotationData, targetId: string) => string[];
}

type Interaction = ToolTypes.EventTypes.InteractionEventType;
type Detail = ToolTypes.EventTypes.MouseDragEventDetail;

/** What is being drawn, over several presses. */
interface Pending {
  annotation: ToolTypes.Annotation;
  element: HTMLDivElement;
  stroke: number;
  /** Points of strokes that are done. */
  done: number;
  /** The first end of a segment was tapped, the second is awaited. */
  awaiting: boolean;
  /** Where the next point of a path would be. */
  hover?: Types.Point3;
}

const CLOSE = 10;
const CLOSE_TOUCH = 24;
const STEP = 3;
const HANDLE = { handleRadius: '5' };

/**
 * A mark of any shape, drawn stroke by stroke, by mouse or finger. Between strokes the picture can be
 * zoomed and moved; the last one can be taken back; cornerstone keeps and selects the marks.
 */
export abstract class Sketch extends AnnotationTool {
  abstract readonly shape: Shape;
  private pending: Pending | undefined;
  private readonly dragging = new Drag();

  constructor(toolProps: ToolTypes.PublicToolProps = {}) {
    super(toolProps, { supportedInteractionTypes: ['Mouse', 'Touch'], configuration: {} });
    const highlight = this.mouseMoveCallback.bind(this);
    this.mouseMoveCallback = (event, marks) => this.hover(event) || highlight(event, marks);
  }

  /** While a mark is being drawn every press belongs to it, also one near a mark that is there. */
  preMouseDownCallback(event: Interaction): boolean {
    if (!this.current((event.detail as Detail).element)) return false;
    this.press(event);
    event.preventDefault();
    return true;
  }

  override addNewAnnotation(event: Interaction): ToolTypes.Annotation {
    const { element } = event.detail as Detail;
    const annotation = this.createAnnotation(event, [], { data: { sketching: true } });
    annotation.highlighted = false;
    this.pending = { annotation, element: element, stroke: 0, done: 0, awaiting: false };
    annotations.state.addAnnotation(annotation, element);
    this.press(event);
    event.preventDefault();
    return annotation;
  }

  override handleSelectedCallback(event: Interaction, annotation: ToolTypes.Annotation, handle: ToolTypes.ToolHandle): void {
    this.edit(event, annotation, 'worldPosition' in handle ? 'label' : (annotation.data.handles?.points?.indexOf(handle) ?? -1));
  }

  override toolSelectedCallback(event: Interaction, annotation: ToolTypes.Annotation): void {
    this.edit(event, annotation, 'all');
  }

  override getHandleNearImagePoint(element: HTMLDivElement, annotation: ToolTypes.Annotation, at: Types.Point2, proximity: number) {
    if (this.shape.handles) return super.getHandleNearImagePoint(element, annotation, at, proximity);
    return undefined;
  }

  override isPointNearTool(element: HTMLDivElement, annotation: ToolTypes.Annotation, at: Types.Point2, proximity: number): boolean {
    return grasp(this.figures(element, annotation), at, proximity);
  }

  /** Gives up what is being drawn. */
  override cancel(element?: HTMLDivElement): string | undefined {
    this.dragging.stop();
    const pending = this.pending;
    if (!pending || (element && pending.element !== element)) return undefined;
    this.pending = undefined;
    if (pending.annotation.annotationUID !== undefined) annotations.state.removeAnnotation(pending.annotation.annotationUID);
    this.tell();
    this.draw(pending.element);
    return pending.annotation.annotationUID;
  }

  /** Takes back the last stroke, or the last point of a path; false when nothing is being drawn. */
  undoStep(): boolean {
    const pending = this.current();
    if (!pending) return false;
    const points = this.points(pending.annotation);
    if (pending.awaiting) {
      points.length = pending.done;
    } else if (this.shape.strokes[pending.stroke] === 'path' && points.length > 0) {
      points.length -= 1;
    } else {
      pending.stroke -= 1;
      points.length = this.shape.strokes[pending.stroke] === 'segment' ? points.length - 2 : points.length - 1;
      pending.done = points.length;
    }
    pending.awaiting = false;
    delete pending.hover;
    if (points.length === 0) this.cancel();
    else this.changed(pending);
    return true;
  }

  /** A finger that turns out to be the first of two draws nothing. */
  dropStroke(): void {
    const pending = this.current();
    if (!pending || !this.dragging.active) return;
    this.dragging.stop();
    this.points(pending.annotation).length = pending.done;
    if (pending.done === 0) this.cancel();
    else this.changed(pending);
  }

  /** Ends a path where it is. */
  finishPath(closed = false): void {
    const pending = this.current();
    if (!pending || this.shape.strokes[pending.stroke] !== 'path') return;
    const points = this.points(pending.annotation);
    pending.annotation.data.closed = closed && points.length >= 3;
    if (points.length < 2) this.cancel();
    else this.finish(pending);
  }

  override renderAnnotation(enabledElement: Types.IEnabledElement, svg: ToolTypes.SVGDrawingHelper): boolean {
    const { element } = enabledElement.viewport;
    const all = annotations.state.getAnnotations(this.getToolName(), element) as ToolTypes.Annotations | undefined;
    if (!all?.length) return false;
    for (const annotation of this.filterInteractableAnnotationsForElement(element, all)) this.drawOne(enabledElement, svg, annotation);
    return true;
  }

  private get options(): SketchOptions {
    return this.configuration as SketchOptions;
  }

  /** What is being drawn here; what was begun on another place, or deleted meanwhile, is given up. */
  private current(element?: HTMLElement): Pending | undefined {
    const pending = this.pending;
    const uid = pending?.annotation.annotationUID;
    if (!pending || uid === undefined) return undefined;
    if ((element && element !== pending.element) || !(annotations.state.getAnnotation(uid) as unknown)) {
      this.cancel();
      return undefined;
    }
    return pending;
  }

  private points(annotation: ToolTypes.Annotation): Types.Point3[] {
    const { handles = {} } = annotation.data;
    return (handles.points ??= []);
  }

  private press(event: Interaction): void {
    const pending = this.pending;
    const { currentPoints, element } = event.detail as Detail;
    if (!pending) return;
    const points = this.points(pending.annotation);
    const touch = event.type === (Enums.Events.TOUCH_START as string) || event.type === (Enums.Events.TOUCH_START_ACTIVATE as string);
    const world: Types.Point3 = [...currentPoints.world];
    const stroke = this.shape.strokes[pending.stroke];
    delete pending.hover;
    if (stroke === 'path' && points.length > 1 && this.endsPath(element, points, currentPoints.canvas, touch ? CLOSE_TOUCH : CLOSE)) return;
    if (pending.awaiting) this.put(pending.annotation, pending.done + 1, world, true);
    else points.push(world, ...(stroke === 'segment' ? [[...world] as Types.Point3] : []));
    this.changed(pending);
    let [travelled, last] = [false, currentPoints.canvas];
    this.dragging.start(element, {
      move: (detail) => {
        const at = detail.currentPoints.canvas;
        if (stroke === 'free' && Math.hypot(at[0] - last[0], at[1] - last[1]) < STEP) return;
        travelled = true;
        last = at;
        const to: Types.Point3 = [...detail.currentPoints.world];
        if (stroke === 'free') points.push(to);
        else this.put(pending.annotation, stroke === 'segment' ? pending.done + 1 : points.length - 1, to, true);
        this.changed(pending);
      },
      end: () => {
        this.lift(pending, stroke === 'segment' && !travelled && !pending.awaiting);
      },
    });
  }

  /** A press near the last point ends a path, one near the first closes it. */
  private endsPath(element: HTMLDivElement, points: readonly Types.Point3[], at: Types.Point2, reach: number): boolean {
    const near = (point: Types.Point3 | undefined) => {
      const canvas = point && getEnabledElement(element)?.viewport.worldToCanvas(point);
      return canvas !== undefined && Math.hypot(canvas[0] - at[0], canvas[1] - at[1]) < reach;
    };
    const closes = points.length > 2 && near(points[0]);
    if (!closes && !near(points[points.length - 1])) return false;
    this.finishPath(closes);
    return true;
  }

  private lift(pending: Pending, awaiting: boolean): void {
    const points = this.points(pending.annotation);
    pending.awaiting = awaiting;
    if (!awaiting && this.shape.strokes[pending.stroke] !== 'path') {
      pending.stroke += 1;
      pending.done = points.length;
    }
    if (pending.stroke === this.shape.strokes.length) this.finish(pending);
    else this.changed(pending);
  }

  private finish(pending: Pending): void {
    const { annotation, element } = pending;
    const points = this.points(annotation);
    const single = this.shape.strokes[0] === 'point' && this.shape.strokes.length === 1;
    if (!single && points.every((point) => point.every((value, axis) => value === points[0]?.[axis]))) {
      this.cancel();
      return;
    }
    this.pending = undefined;
    annotation.data.sketching = false;
    annotation.invalidated = true;
    this.tell();
    if (this.shape.texts) this.options.onText(annotation, element);
    else this.complete(annotation, element);
    this.draw(element);
  }

  /** Tells that a mark is done. */
  complete(annotation: ToolTypes.Annotation, element: HTMLDivElement): void {
    refresh(annotation, element, this.shape.compute);
    annotations.state.triggerAnnotationCompleted(annotation);
  }

  private hover(event: ToolTypes.EventTypes.MouseMoveEventType): boolean {
    const { element, currentPoints } = event.detail;
    const pending = this.pending?.element === element ? this.pending : undefined;
    if (!pending) return false;
    const world: Types.Point3 = [...currentPoints.world];
    if (pending.awaiting) this.put(pending.annotation, pending.done + 1, world, true);
    else if (this.shape.strokes[pending.stroke] === 'path') pending.hover = world;
    else return false;
    this.changed(pending);
    return true;
  }

  private edit(event: Interaction, annotation: ToolTypes.Annotation, what: number | 'all' | 'label'): void {
    const { element } = event.detail as Detail;
    annotation.highlighted = true;
    event.preventDefault();
    this.dragging.start(element, {
      move: ({ deltaPoints, currentPoints }) => {
        const shift = (point: Types.Point3) => {
          for (const axis of [0, 1, 2] as const) point[axis] += deltaPoints.world[axis];
        };
        const { textBox } = annotation.data.handles ?? {};
        if (what === 'label') {
          if (textBox?.worldPosition) shift(textBox.worldPosition);
          if (textBox) textBox.hasMoved = true;
        } else if (what === 'all') {
          this.points(annotation).forEach(shift);
        } else {
          this.put(annotation, what, [...currentPoints.world], false);
        }
        annotation.invalidated = what !== 'label';
        this.draw(element);
      },
      end: () => {
        if (annotation.invalidated) refresh(annotation, element, this.shape.compute);
        this.draw(element);
      },
    });
  }

  /** Puts a point elsewhere, and keeps what must hold of the figure. */
  private put(annotation: ToolTypes.Annotation, index: number, world: Types.Point3, drawing: boolean): void {
    const info = frameInfo(annotation.metadata?.referencedImageId ?? '');
    const points = this.points(annotation);
    if (!info || index < 0) return;
    const flat = points.map((point) => toFlat(info, point));
    const next = this.shape.constrain(flat, index, toFlat(info, world), this.screenRight(annotation), drawing);
    next.forEach((point, at) => {
      points[at] = fromFlat(info, point);
    });
  }

  /** Which way is right on the screen, in the picture's plane. */
  private screenRight(annotation: ToolTypes.Annotation): readonly [number, number] {
    const info = frameInfo(annotation.metadata?.referencedImageId ?? '');
    const viewport = this.pending && getEnabledElement(this.pending.element)?.viewport;
    if (!info || !viewport) return [1, 0];
    const [from, to] = [toFlat(info, viewport.canvasToWorld([0, 0])), toFlat(info, viewport.canvasToWorld([100, 0]))];
    const length = Math.hypot(to[0] - from[0], to[1] - from[1]);
    return [(to[0] - from[0]) / length, (to[1] - from[1]) / length];
  }

  private changed(pending: Pending): void {
    pending.annotation.invalidated = true;
    this.tell();
    this.draw(pending.element);
  }

  private tell(): void {
    const { pending } = this;
    this.options.onProgress(pending ? { tool: this.shape.name, stroke: pending.stroke, points: this.points(pending.annotation).length } : null);
  }

  private draw(element: HTMLDivElement): void {
    utilities.triggerAnnotationRenderForViewportIds(utilities.viewportFilters.getViewportIdsWithToolToRender(element, this.getToolName()));
  }

  private figures(element: HTMLDivElement, annotation: ToolTypes.Annotation) {
    const info = frameInfo(annotation.metadata?.referencedImageId ?? '');
    const viewport = getEnabledElement(element)?.viewport;
    if (!info || !viewport) return [];
    const points = this.points(annotation).map((point) => toFlat(info, point));
    const hover = this.pending?.annotation === annotation ? this.pending.hover : undefined;
    const done = annotation.data.sketching !== true;
    return this.shape
      .figures(hover ? [...points, toFlat(info, hover)] : points, done && annotation.data.closed !== false)
      .map((figure) => ({ ...figure, points: figure.points.map((point) => viewport.worldToCanvas(fromFlat(info, point))) }));
  }

  private drawOne(enabledElement: Types.IEnabledElement, svg: ToolTypes.SVGDrawingHelper, annotation: ToolTypes.Annotation): void {
    const { viewport } = enabledElement;
    const { element } = viewport;
    const uid = annotation.annotationUID;
    const imageId = annotation.metadata?.referencedImageId;
    if (uid === undefined || imageId === undefined) return;
    const targetId = `imageId:${imageId}`;
    if (stale(annotation, targetId)) refresh(annotation, element, this.shape.compute);
    const styleSpecifier = { toolGroupId: this.toolGroupId, toolName: this.getToolName(), viewportId: viewport.id, annotationUID: uid };
    const { color, lineWidth, lineDash } = this.getAnnotationStyle({ annotation, styleSpecifier }) as { color: string; lineWidth: number; lineDash?: string };
    this.figures(element, annotation).forEach(({ points, closed, dashed }, at) => {
      const options = { color, lineWidth, closePath: closed ?? false, ...(dashed ? { lineDash: '5,4' } : lineDash ? { lineDash } : {}) };
      drawing.drawPolyline(svg, uid, `figure-${at}`, points, options);
    });
    const canvasCoordinates = this.points(annotation).map((point) => viewport.worldToCanvas(point));
    const held = annotation.highlighted === true || annotations.selection.isAnnotationSelected(uid) || annotation.data.sketching === true;
    if (held && (this.shape.handles || annotation.data.sketching === true) && this.shape.strokes[0] !== 'free') {
      drawing.drawHandles(svg, uid, '0', canvasCoordinates, { color, lineWidth, ...HANDLE });
    }
    const textLines = this.options.getTextLines(annotation.data, targetId);
    if (textLines.length === 0 || canvasCoordinates.length === 0) return;
    const options = { enabledElement, svgDrawingHelper: svg, annotation, styleSpecifier, textLines, canvasCoordinates };
    withLabelBeside(options, () => this.renderLinkedTextBoxAnnotation(options));
  }
}
