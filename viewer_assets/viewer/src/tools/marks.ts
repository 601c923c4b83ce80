import { eventTarget } from '@cornerstonejs/core';
import { annotation as annotations, Enums, type Types as ToolTypes } from '@cornerstonejs/tools';
import { MEASURE_TOOLS, type Measurement } from '../engine/view';
import type { LiveMark, MarkRecord } from '../measurements/record';
import { annotationOf, isForeign, isIncomplete, recordOf } from './record';
import { linesOf } from './stats';

const { ANNOTATION_ADDED, ANNOTATION_COMPLETED, ANNOTATION_MODIFIED, ANNOTATION_REMOVED, ANNOTATION_SELECTION_CHANGE } = Enums.Events;

/** Marks that were drawn, or deleted, at one go. */
interface Deed {
  deleted: boolean;
  marks: ToolTypes.Annotation[];
}

const DEEDS = 50;
const FOREIGN = 'rgb(140, 220, 150)';
/** What another reader drew is not the reader's own, and looks so. */
const FOREIGN_STYLE = {
  color: FOREIGN,
  colorLocked: FOREIGN,
  colorHighlighted: FOREIGN,
  colorSelected: FOREIGN,
  lineDash: '4,3',
  textBoxColor: FOREIGN,
  textBoxColorLocked: FOREIGN,
  textBoxColorHighlighted: FOREIGN,
  textBoxColorSelected: FOREIGN,
};

/** Keeps a list of what was measured in the open series, in step with cornerstone's annotations of all series. */
export class Marks {
  private pending = false;
  private history: Deed[] = [];
  private youngest: string | undefined;

  constructor(
    private readonly indexOf: (imageId: string) => number,
    private readonly onChange: (measurements: Measurement[], undoable: boolean) => void,
  ) {
    eventTarget.addEventListener(ANNOTATION_ADDED, (event: CustomEvent<{ annotation: ToolTypes.Annotation }>) => {
      this.youngest = event.detail.annotation.annotationUID;
    });
    eventTarget.addEventListener(ANNOTATION_COMPLETED, ({ detail: { annotation } }: CustomEvent<{ annotation: ToolTypes.Annotation }>) => {
      const known = this.history.some((entry) => entry.marks.includes(annotation));
      if (!known && !isIncomplete(annotation)) this.remember({ deleted: false, marks: [annotation] });
    });
    for (const name of [ANNOTATION_ADDED, ANNOTATION_COMPLETED, ANNOTATION_MODIFIED, ANNOTATION_REMOVED, ANNOTATION_SELECTION_CHANGE]) {
      eventTarget.addEventListener(name, this.changed);
    }
  }

  list(): Measurement[] {
    return annotations.state.getAllAnnotations().flatMap((mark) => this.describe(mark) ?? []);
  }

  remove(id: string): void {
    this.takeAway([id]);
  }

  removeSelected(): void {
    this.takeAway(this.list().flatMap(({ id, selected }) => (selected ? [id] : [])));
  }

  /** Takes away all marks of the open series. */
  removeAll(): void {
    const here = annotations.state.getAllAnnotations().filter((mark) => !isForeign(mark) && this.indexOf(mark.metadata?.referencedImageId ?? '') >= 0);
    this.takeAway(here.flatMap(({ annotationUID }) => annotationUID ?? []));
  }

  /** Takes back the last mark that was drawn, or brings back those that were last deleted. */
  undo(): void {
    const last = this.history.pop();
    if (!last) return;
    if (last.deleted) for (const mark of last.marks) annotations.state.addAnnotation(mark, mark.metadata?.FrameOfReferenceUID ?? '');
    else for (const { annotationUID } of last.marks) if (annotationUID !== undefined) annotations.state.removeAnnotation(annotationUID);
    this.changed();
  }

  /** All finished marks of the reader, of whatever series. */
  records(): LiveMark[] {
    return annotations.state.getAllAnnotations().flatMap((mark) => recordOf(mark) ?? []);
  }

  /** Draws what was saved, by another reader if there is an author; its id, or undefined while its picture was not open. */
  place(record: MarkRecord, author?: string): string | undefined {
    const mark = annotationOf(record, author);
    const id = mark?.annotationUID;
    if (!mark || id === undefined) return undefined;
    if (annotations.state.getAnnotation(id) as unknown) return id;
    annotations.state.addAnnotation(mark, mark.metadata?.FrameOfReferenceUID ?? '');
    if (author !== undefined) {
      annotations.locking.setAnnotationLocked(id, true);
      annotations.config.style.setAnnotationStyles(id, FOREIGN_STYLE);
    }
    this.youngest = undefined;
    return id;
  }

  /** Draws a mark no more that was placed. */
  withdraw(id: string): void {
    annotations.state.removeAnnotation(id);
  }

  private takeAway(ids: readonly string[]): void {
    const marks = ids.flatMap((id) => (annotations.state.getAnnotation(id) as ToolTypes.Annotation | undefined) ?? []);
    // What was drawn and is deleted comes back as deleted, not as drawn.
    this.history = this.history.filter((entry) => entry.deleted || !entry.marks.some((mark) => marks.includes(mark)));
    for (const id of ids) annotations.state.removeAnnotation(id);
    if (marks.length > 0) this.remember({ deleted: true, marks });
    this.changed();
  }

  private remember(entry: Deed): void {
    this.history = [...this.history.slice(1 - DEEDS), entry];
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
    const selected = annotations.selection.isAnnotationSelected(mark.annotationUID);
    const foreign = isForeign(mark);
    return { id: mark.annotationUID, tool, imageIndex, lines, selected, typed: !foreign && (tool === 'text' || tool === 'arrow'), foreign };
  }

  /** Events come in bursts while a handle is dragged: one report a frame is enough. */
  readonly changed = (): void => {
    if (this.pending) return;
    this.pending = true;
    requestAnimationFrame(() => {
      this.pending = false;
      this.onChange(this.list(), this.history.length > 0);
    });
  };
}
