import { annotation as annotations, type Types as ToolTypes } from '@cornerstonejs/tools';
import { measureCobb, measurePath } from '../engine/lines';
import { measureAngle, measureEllipse, measureLength, type Pixel } from '../engine/measure';
import { measureRegion } from '../engine/region';
import { cardiothoracicRatio } from '../engine/thorax';
import { valueUnit } from '../engine/values';
import { angleLines, cobbLines, crossedLines, lengthLines, outsideLines, pathLines, probeLines, ratioLines, regionLines, widthLines } from './format';
import { colourAt, greyValues, storedPixel, targetOf, toPixel, type Target } from './target';

/** What is kept with an annotation: the tool's own numbers and the lines shown to the user. */
export type Stats = Record<string, unknown> & { lines: string[] };

export type Compute = (target: Target, pixels: Pixel[], data: ToolTypes.AnnotationData) => Stats | undefined;

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
  return { ...stats, lines: regionLines(stats, info.calibration.kind, valueUnit(info.dataset)) };
};

/** Ends of the length, ends of the width. */
export const computeWidth: Compute = ({ info }, [a, b, c, d]) => {
  if (!a || !b || !c || !d) return undefined;
  const [length, width] = [measureLength(info.calibration, a, b), measureLength(info.calibration, c, d)];
  return { length, width, lines: [...lengthLines(length, info.calibration.kind), ...widthLines(width)] };
};

export const computeCobb: Compute = ({ info }, [a, b, c, d]) => {
  const angle = a && b && c && d && measureCobb(info.calibration, [a, b], [c, d]);
  return angle === undefined ? undefined : { angle, lines: cobbLines(angle) };
};

/** Corners of a closed outline. */
export const computeOutline: Compute = ({ info, image }, corners) => {
  if (corners.length < 3) return undefined;
  const stats = measureRegion(info.calibration, corners, greyValues(image));
  return stats ? { ...stats, lines: regionLines(stats, info.calibration.kind, valueUnit(info.dataset)) } : { lines: crossedLines() };
};

export const computePath: Compute = (target, points, data) => {
  if (data.closed === true) return computeOutline(target, points, data);
  if (points.length < 2) return undefined;
  const { info } = target;
  const result = measurePath(info.calibration, points);
  return { ...result, lines: pathLines(result, points.length - 1, info.calibration.kind) };
};

export const computeRatio: Compute = ({ info }, pixels) => {
  const { kind, spacing } = info.calibration;
  const parts = cardiothoracicRatio(pixels.map(([column, row]) => [column * spacing[0], row * spacing[1]]));
  return parts && { ...parts, lines: ratioLines(parts, kind) };
};

export const computeText: Compute = (_target, _pixels, { label }) => (label ? { lines: [label] } : undefined);

/** A reckoning that takes long is not done at every movement. */
let busyUntil = 0;
const PAUSE = 3;

/** Whether the numbers must be worked out now; makes the place for them. */
export function stale(annotation: ToolTypes.Annotation, targetId: string): boolean {
  const cachedStats = (annotation.data.cachedStats ??= {}) as Record<string, unknown>;
  if (targetId in cachedStats) return annotation.invalidated === true && performance.now() > busyUntil;
  cachedStats[targetId] = { lines: [] };
  return true;
}

/** Works out an annotation's numbers anew, in place of cornerstone's own (units, texts, finding G2). */
export function refresh(annotation: ToolTypes.Annotation, element: HTMLDivElement, compute: Compute): unknown {
  const started = performance.now();
  const cachedStats = (annotation.data.cachedStats ?? {}) as Record<string, unknown>;
  for (const targetId of Object.keys(cachedStats)) {
    const target = targetOf(targetId);
    if (!target) continue;
    const points = annotation.data.handles?.points ?? [];
    const stats = compute(
      target,
      points.map((point) => storedPixel(toPixel(target.info, point))),
      annotation.data,
    );
    cachedStats[targetId] = stats ?? { lines: [] };
  }
  const ended = performance.now();
  busyUntil = ended + (ended - started) * PAUSE;
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
  return linesOf(data, targetId).slice(0, data.author === undefined ? LABEL_LINES : LABEL_LINES + 1);
}
