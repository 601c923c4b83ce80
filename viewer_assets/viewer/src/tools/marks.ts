import { eventTarget } from '@cornerstonejs/core';
import { annotation as annotations, Enums, type Types as ToolTypes } from '@cornerstonejs/tools';
import { MEASURE_TOOLS, type Measurement } from '../engine/view';
import { linesOf } from './stats';

const { ANNOTATION_ADDED, ANNOTATION_COMPLETED, ANNOTATION_MODIFIED, ANNOTATION_REMOVED, ANNOTATION_SELECTION_CHANGE } = Enums.Events;

/** Keeps a list of what was measured in the open series, in step with cornerstone's annotations of all series. */
export class Marks {
  private pending = false;
  private youngest: string | undefined;

  constructor(
    private readonly indexOf: (imageId: string) => number,
    private readonly onChange: (measurements: Measurement[]) => void,
  ) {
    eventTarget.addEventListener(ANNOTATION_ADDED, (event: CustomEvent<{ annotation: ToolTypes.Annotation }>) => {
      this.youngest = event.detail.annotation.annotationUID;
    });
    for (const name of [ANNOTATION_ADDED, ANNOTATION_COMPLETED, ANNOTATION_MODIFIED, ANNOTATION_REMOVED, ANNOTATION_SELECTION_CHANGE]) {
      eventTarget.addEventListener(name, this.changed);
    }
  }

  list(): Measurement[] {
    return annotations.state.getAllAnnotations().flatMap((mark) => this.describe(mark) ?? []);
  }

  remove(id: string): void {
    annotations.state.removeAnnotation(id);
    this.changed();
  }

  removeSelected(): void {
    for (const { id, selected } of this.list()) if (selected) this.remove(id);
  }

  /** Takes away all marks of the open series. */
  removeAll(): void {
    for (const mark of annotations.state.getAllAnnotations()) {
      if (mark.annotationUID !== undefined && this.indexOf(mark.metadata?.referencedImageId ?? '') >= 0) this.remove(mark.annotationUID);
    }
  }

  /** A finger that turns out to be the first of two draws nothing: what it began is taken away. */
  fingerDown(count: number): void {
    if (count >= 2 && this.youngest !== undefined) annotations.state.removeAnnotation(this.youngest);
    this.youngest = undefined;
  }

  /** Takes away what was begun and not finished. */
  dropIncomplete(): void {
    for (const mark of annotations.state.getAllAnnotations()) {
      if (mark.annotationUID !== undefined && isIncomplete(mark)) annotations.state.removeAnnotation(mark.annotationUID);
    }
  }

  private describe(mark: ToolTypes.Annotation): Measurement | undefined {
    const tool = MEASURE_TOOLS.find((name) => name === mark.metadata?.toolName);
    const imageId = mark.metadata?.referencedImageId;
    if (!tool || imageId === undefined || mark.annotationUID === undefined) return undefined;
    const imageIndex = this.indexOf(imageId);
    if (imageIndex < 0) return undefined;
    const lines = linesOf(mark.data, `imageId:${imageId}`);
    if (lines.length === 0) return undefined;
    return { id: mark.annotationUID, tool, imageIndex, lines, selected: annotations.selection.isAnnotationSelected(mark.annotationUID) };
  }

  /** Events come in bursts while a handle is dragged: one report a frame is enough. */
  readonly changed = (): void => {
    if (this.pending) return;
    this.pending = true;
    requestAnimationFrame(() => {
      this.pending = false;
      this.onChange(this.list());
    });
  };
}

function isIncomplete(mark: ToolTypes.Annotation): boolean {
  const points = mark.data.handles?.points ?? [];
  switch (mark.metadata?.toolName) {
    case 'probe':
      return false;
    case 'angle':
      return points.length < 3;
    default:
      return points.every((point) => point.every((value, axis) => value === points[0]?.[axis]));
  }
}
