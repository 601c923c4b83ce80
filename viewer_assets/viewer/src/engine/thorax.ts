import { foot, offset, type Flat } from './flat';

/** Of a frontal chest picture (Danzer): the heart's parts to either side of the midline, and the inner thorax. */
export interface CardiothoracicRatio {
  /** Greatest distance of the right and of the left border of the heart from the midline. */
  right: number;
  left: number;
  /** Greatest inner width of the thorax, across the midline. */
  thorax: number;
  /** `(right + left) / thorax`; undefined when both borders lie on one side, or the thorax has no width. */
  ratio: number | undefined;
}

/** Points in the order in which they are drawn: the midline's two, right border, left border, the thorax's two. */
export function cardiothoracicRatio(points: readonly Flat[]): CardiothoracicRatio | undefined {
  const [a, b, right, left, from, to] = points;
  if (!a || !b || !right || !left || !from || !to) return undefined;
  const [toRight, toLeft] = [offset(right, a, b), offset(left, a, b)];
  const thorax = Math.abs(offset(to, a, b) - offset(from, a, b));
  const usable = toRight * toLeft <= 0 && thorax > 0;
  const parts = { right: Math.abs(toRight), left: Math.abs(toLeft), thorax };
  return { ...parts, ratio: usable ? (parts.right + parts.left) / thorax : undefined };
}

/** What is drawn of the points that there are: midline, perpendiculars, thorax. */
export function thoraxLines(points: readonly Flat[]): [Flat, Flat][] {
  const [a, b, right, left, from, to] = points;
  if (!a || !b) return [];
  const lines: [Flat, Flat][] = [[a, b]];
  for (const border of [right, left]) if (border) lines.push([border, foot(border, a, b)]);
  if (from && to) lines.push([from, to]);
  return lines;
}
