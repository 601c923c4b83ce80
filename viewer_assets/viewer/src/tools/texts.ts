import { getEnabledElement } from '@cornerstonejs/core';
import { annotation as annotations, type Types as ToolTypes } from '@cornerstonejs/tools';
import type { Typing } from '../engine/view';
import { computeText, refresh } from './stats';

/** Characters of a text in a picture. */
export const MOST_CHARACTERS = 200;

const TYPED = new Set(['text', 'arrow']);

/** Texts of marks, typed in a field of the page: asked for when a mark is new, and by a double click. */
export class Texts {
  private readonly elements = new WeakMap<ToolTypes.Annotation, HTMLDivElement>();

  constructor(
    private readonly onTyping: (typing: Typing | null) => void,
    private readonly onChange: () => void,
  ) {
    // Before cornerstone, which swallows a double click after `clickAtOnce` has moved the pointer.
    addEventListener(
      'dblclick',
      (event) => {
        const element = (event.target as Element).closest<HTMLDivElement>('.canvas');
        const uid = element ? labelAt(event, element) : undefined;
        if (uid !== undefined && this.again(uid, element ?? undefined)) event.stopPropagation();
      },
      { capture: true },
    );
  }

  ask(annotation: ToolTypes.Annotation, element: HTMLDivElement): void {
    const point = annotation.data.handles?.points?.at(-1);
    const canvas = point && getEnabledElement(element)?.viewport.worldToCanvas(point);
    if (!canvas || annotation.annotationUID === undefined) return;
    this.elements.set(annotation, element);
    const { left, top } = element.getBoundingClientRect();
    this.onTyping({ id: annotation.annotationUID, text: annotation.data.label ?? '', at: [left + canvas[0], top + canvas[1]] });
  }

  /** Asks for the text of a mark that has one already; false when it is no such mark. */
  again(id: string, element: HTMLDivElement | undefined): boolean {
    const annotation = annotations.state.getAnnotation(id) as ToolTypes.Annotation | undefined;
    if (!annotation || annotation.data.author !== undefined || !element || !TYPED.has(annotation.metadata?.toolName ?? '')) return false;
    this.ask(annotation, element);
    return true;
  }

  set(id: string, typed: string): void {
    this.onTyping(null);
    const annotation = annotations.state.getAnnotation(id) as ToolTypes.Annotation | undefined;
    const element = annotation && this.elements.get(annotation);
    if (!element) return;
    const text = Array.from(typed.trim()).slice(0, MOST_CHARACTERS).join('');
    const isNew = (annotation.data.label ?? '') === '';
    if (text === '') {
      if (isNew) annotations.state.removeAnnotation(id);
    } else {
      annotation.data.label = text;
      refresh(annotation, element, computeText);
      if (isNew) annotations.state.triggerAnnotationCompleted(annotation);
    }
    this.onChange();
  }
}

/** The mark whose label lies at a place; labels themselves take no pointer. */
function labelAt({ clientX, clientY }: MouseEvent, element: HTMLElement): string | undefined {
  const labels = [...element.querySelectorAll('g[data-annotation-uid]')].filter((label) => {
    const { left, right, top, bottom } = label.getBoundingClientRect();
    return clientX >= left && clientX <= right && clientY >= top && clientY <= bottom;
  });
  return labels.at(-1)?.getAttribute('data-annotation-uid') ?? undefined;
}
