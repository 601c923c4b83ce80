import { annotation as annotations, type Types as ToolTypes } from '@cornerstonejs/tools';
import { measureAngle, measureEllipse, measureLength, type Pixel } from '../engine/measure';
import { valueUnit } from '../engine/values';
import { angleLines, ellipseLines, lengthLines, outsideLines, probeLines } from './format';
import { colourAt, greyValues, targetOf, toPixel, type Target } from './target';

/** What is kept with an annotation: the tool's own numbers and the lines shown to the user. */
export type Stats = Record<string, unknown> & { lines: string[] };

export type Compute = (target: Target, pixels: Pixel[]) => Stats | undefined;

export const computeLength: Compute = ({ info }, [from, to]) => {
  if (!from || !to) return undefined;
  const result = measureLength(info.calibration, from, to);
  return { ...result, lines: lengthLines(result, info.calibration.kind) };
};

export const computeAngle: Compute = ({ info }, [from, vertex, to]) => {
  const angle = from && vertex && to && measureAngle(info.calibration, from, vertex, to);
  return angle === undefined ? undefined : { angle, lines: angleLines(angle) };
};

export const computeProbe: Compute = ({ info, image }, [at]) => {
  if (!at) return undefined;
  const [column, row] = [Math.round(at[0]), Math.round(at[1])];
  if (column < 0 || row < 0 || column >= image.columns || row >= image.rows) return { value: undefined, lines: outsideLines() };
  const value = greyValues(image)?.at(column, row) ?? colourAt(image, column, row);
  return { index: [column, row], value, lines: probeLines(value, valueUnit(info.dataset)) };
};

/** Handles of the ellipse tool: bottom, top, left, right. */
export const computeEllipse: Compute = ({ info, image }, [bottom, top, left, right]) => {
  if (!bottom || !top || !left || !right) return undefined;
  const stats = measureEllipse(info.calibration, [left, right], [top, bottom], greyValues(image));
  return { ...stats, lines: ellipseLines(stats, info.calibration.kind, valueUnit(info.dataset)) };
};

/** Works out an annotation's numbers anew, in place of cornerstone's own (units, texts, finding G2). */
export function refresh(annotation: ToolTypes.Annotation, element: HTMLDivElement, compute: Compute): unknown {
  const cachedStats = (annotation.data.cachedStats ?? {}) as Record<string, unknown>;
  for (const targetId of Object.keys(cachedStats)) {
    const target = targetOf(targetId);
    if (!target) continue;
    const points = annotation.data.handles?.points ?? [];
    const stats = compute(
      target,
      points.map((point) => toPixel(target.info, point)),
    );
    if (stats) cachedStats[targetId] = stats;
  }
  const changed = annotation.invalidated === true;
  annotation.invalidated = false;
  if (changed) annotations.state.triggerAnnotationModified(annotation, element);
  return cachedStats;
}

/** All lines, for the list. */
export function linesOf(data: ToolTypes.AnnotationData, targetId: string): string[] {
  const stats = (data.cachedStats as Record<string, Partial<Stats>> | undefined)?.[targetId];
  return stats?.lines ?? [];
}

const LABEL_LINES = 4;

/** The first lines, for the picture, which must stay visible beneath. */
export function labelOf(data: ToolTypes.AnnotationData, targetId: string): string[] {
  return linesOf(data, targetId).slice(0, LABEL_LINES);
}
