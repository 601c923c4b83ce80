import { asRectangle, asThorax, asWidth, freely, type Constrain } from '../engine/constraints';
import { difference, middle, moved, across, unit, type Flat } from '../engine/flat';
import { thoraxLines } from '../engine/thorax';
import type { MeasureTool } from '../engine/view';
import { computeCobb, computeOutline, computePath, computeRatio, computeText, computeWidth, type Compute } from './stats';

/** How points are set: two by a drag (or two taps), one by a press, many along a drag, or many by presses. */
export type Stroke = 'segment' | 'point' | 'free' | 'path';

export interface Figure {
  points: Flat[];
  closed?: boolean;
  dashed?: boolean;
}

/** What a kind of mark is: how it is drawn, what holds of it, and what is worked out. */
export interface Shape {
  name: MeasureTool;
  strokes: readonly Stroke[];
  constrain: Constrain;
  compute: Compute;
  /** `closed`: it is drawn to its end, and not left open. */
  figures: (points: readonly Flat[], closed: boolean) => Figure[];
  /** Its points can be moved one by one. */
  handles: boolean;
  /** The reader types a text when it is drawn. */
  texts: boolean;
}

const BASE: Pick<Shape, 'constrain' | 'handles' | 'texts'> = { constrain: freely, handles: true, texts: false };

/** Lines from the first to the second point, the third to the fourth, and so on. */
function pairs(points: readonly Flat[]): Figure[] {
  return points.flatMap((from, at) => {
    const to = points[at + 1];
    return at % 2 === 0 && to ? [{ points: [from, to] }] : [];
  });
}

function outline(points: readonly Flat[], closed: boolean): Figure[] {
  return [{ points: [...points], closed }];
}

function cobb(points: readonly Flat[]): Figure[] {
  const [a, b, c, d] = points;
  const link = a && b && c && d ? [{ points: [middle(a, b), middle(c, d)], dashed: true }] : [];
  return [...pairs(points), ...link];
}

const HEAD = 0.15;

/** The tip is the first point. */
function arrow([tip, end]: readonly Flat[]): Figure[] {
  if (!tip || !end || !unit(difference(end, tip))) return [];
  const along = difference(end, tip);
  const barb = (side: number) => moved(moved(tip, along, HEAD), across(along), side * HEAD * 0.6);
  return [{ points: [tip, end] }, { points: [barb(1), tip, barb(-1)] }];
}

export const SHAPES: readonly Shape[] = [
  { ...BASE, name: 'width', strokes: ['segment'], constrain: asWidth, compute: computeWidth, figures: pairs },
  { ...BASE, name: 'cobb', strokes: ['segment', 'segment'], compute: computeCobb, figures: cobb },
  { ...BASE, name: 'rectangle', strokes: ['segment'], constrain: asRectangle, compute: computeOutline, figures: (points) => outline(points, true) },
  { ...BASE, name: 'freehand', strokes: ['free'], compute: computeOutline, figures: outline, handles: false },
  { ...BASE, name: 'path', strokes: ['path'], compute: computePath, figures: outline },
  {
    ...BASE,
    name: 'ratio',
    strokes: ['segment', 'point', 'point', 'segment'],
    constrain: asThorax,
    compute: computeRatio,
    figures: (points) => thoraxLines(points).map((line) => ({ points: line })),
  },
  { ...BASE, name: 'text', strokes: ['point'], compute: computeText, figures: () => [], texts: true },
  { ...BASE, name: 'arrow', strokes: ['segment'], compute: computeText, figures: arrow, texts: true },
];
