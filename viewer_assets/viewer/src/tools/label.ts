import type { Types } from '@cornerstonejs/core';
import type { Types as ToolTypes } from '@cornerstonejs/tools';

const GAP = 10;
const LINE_HEIGHT = 17;
/** Cornerstone draws the text this far right of and below the position it is given. */
const DRAWN_OFFSET = 25;
const WIDE = /[\u2e80-\uffff]/;
const WIDE_WIDTH = 14.5;
const NARROW_WIDTH = 8.2;
const MARGIN = 8;

export interface LabelOptions {
  enabledElement: Types.IEnabledElement;
  annotation: ToolTypes.Annotation;
  textLines: string[];
  canvasCoordinates: Types.Point2[];
}

/** Beside the rightmost point, or to the left of the leftmost where there is no room; never outside the element. */
export function labelPosition(points: readonly Types.Point2[], lines: string[], width: number, height: number): Types.Point2 {
  const sorted = [...points].sort((a, b) => a[0] - b[0]);
  const left = sorted[0] ?? [0, 0];
  const right = sorted[sorted.length - 1] ?? left;
  const boxWidth = Math.max(...lines.map(textWidth), 0) + MARGIN;
  const boxHeight = lines.length * LINE_HEIGHT + MARGIN;
  const fits = right[0] + GAP + boxWidth <= width;
  const x = fits ? right[0] + GAP : left[0] - GAP - boxWidth;
  const y = (fits ? right[1] : left[1]) - boxHeight / 2;
  const clamp = (value: number, most: number) => Math.max(0, Math.min(value, most));
  return [clamp(x, width - boxWidth), clamp(y, height - boxHeight)];
}

function textWidth(line: string): number {
  return Array.from(line).reduce((sum, character) => sum + (WIDE.test(character) ? WIDE_WIDTH : NARROW_WIDTH), 0);
}

/**
 * Puts the label beside the mark and draws it by `draw`. Cornerstone's own placement moves labels far
 * away as soon as two come near each other; a label that the user moved stays where it is.
 */
export function withLabelBeside(options: LabelOptions, draw: () => boolean): boolean {
  const textBox = options.annotation.data.handles?.textBox;
  if (!textBox || textBox.hasMoved === true) return draw();
  const { viewport } = options.enabledElement;
  const { clientWidth, clientHeight } = viewport.element;
  const [x, y] = labelPosition(options.canvasCoordinates, options.textLines, clientWidth, clientHeight);
  textBox.worldPosition = viewport.canvasToWorld([x - DRAWN_OFFSET, y - DRAWN_OFFSET]);
  textBox.hasMoved = true;
  try {
    return draw();
  } finally {
    textBox.hasMoved = false;
  }
}
