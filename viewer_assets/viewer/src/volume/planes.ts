import { edgeLetters, type Edges } from '../engine/orientation';
import { halfExtent, halfSpan, middle, stepAlong, type Grid } from './grid';
import type { Plane } from './reslice';
import { add, along, cross, dot, radians, rotate, scale, subtract, unit, type Vec3 } from '../engine/vector';

export const PANES = ['axial', 'sagittal', 'coronal'] as const;
export type Pane = (typeof PANES)[number];

/** Three unit vectors at right angles: to the patient's left, back and head, or turned from these. */
export interface Triad {
  x: Vec3;
  y: Vec3;
  z: Vec3;
}

export const PATIENT: Triad = { x: [1, 0, 0], y: [0, 1, 0], z: [0, 0, 1] };

export interface ScreenAxes {
  right: Vec3;
  down: Vec3;
}

/**
 * How a pane lies: axial seen from the feet, coronal from the front, sagittal from the left, as
 * pictures are read: the patient's right hand, or the front, at the left edge.
 */
export function axesOf(pane: Pane, { x, y, z }: Triad): ScreenAxes {
  if (pane === 'axial') return { right: x, down: y };
  return { right: pane === 'coronal' ? x : y, down: scale(z, -1) };
}

/** The triad's vector that a pane is at right angles to; its slices are counted along it. */
export function slicingAxis(pane: Pane, { x, y, z }: Triad): Vec3 {
  return { axial: z, coronal: y, sagittal: x }[pane];
}

/** The triad turned in the plane of a pane, clockwise as the reader sees it. */
export function turnInPane(triad: Triad, pane: Pane, degrees: number): Triad {
  const { right, down } = axesOf(pane, triad);
  return turnAbout(triad, cross(right, down), degrees);
}

export function turnAbout({ x, z }: Triad, axis: Vec3, degrees: number): Triad {
  const turned = (v: Vec3) => rotate(v, axis, radians(degrees));
  // Made square again, so that many small turns do not add up to a skew.
  const newX = unit(turned(x));
  const newY = unit(cross(turned(z), newX));
  return { x: newX, y: newY, z: cross(newX, newY) };
}

/** What a pane looks at: the volume's middle, moved into the plane through the cursor, and by `pan` (mm right, mm down). */
export function planeOf(grid: Grid, axes: ScreenAxes, cursor: Vec3, pan: readonly [number, number]): Plane {
  const normal = cross(axes.right, axes.down);
  const centre = middle(grid);
  const inPlane = along(centre, normal, dot(subtract(cursor, centre), normal));
  return { ...axes, centre: along(along(inPlane, axes.right, pan[0]), axes.down, pan[1]) };
}

/** Millimetres a pixel at which the whole volume fits into the pane. */
export function fittingPixel(grid: Grid, { right, down }: ScreenAxes, width: number, height: number): number {
  return Math.max((2 * halfExtent(grid, right)) / Math.max(1, width), (2 * halfExtent(grid, down)) / Math.max(1, height));
}

/** A place of the pane, in its pixels from the upper left corner, as a point of the patient. */
export function toPatient({ centre, right, down }: Plane, pixel: number, size: readonly [number, number], at: readonly [number, number]): Vec3 {
  return along(along(centre, right, (at[0] - size[0] / 2) * pixel), down, (at[1] - size[1] / 2) * pixel);
}

/** The reverse: where a point, seen along the normal, lies in the pane. */
export function toPane({ centre, right, down }: Plane, pixel: number, size: readonly [number, number], point: Vec3): [number, number] {
  const offset = subtract(point, centre);
  return [dot(offset, right) / pixel + size[0] / 2, dot(offset, down) / pixel + size[1] / 2];
}

export function edgesOf({ right, down }: ScreenAxes): Edges {
  return edgeLetters(right, down);
}

export interface Slicing {
  /** Millimetres along the axis, from the frame of reference's origin. */
  position: number;
  /** Millimetres between slices. */
  step: number;
  /** Counts from 0. */
  index: number;
  count: number;
}

/** Where the cursor's slice lies among those that a pane can be scrolled through. */
export function slicing(grid: Grid, axis: Vec3, cursor: Vec3): Slicing {
  const step = stepAlong(grid, axis);
  const half = halfSpan(grid, axis);
  const count = Math.max(1, Math.floor((2 * half) / step + 1e-6) + 1);
  const above = dot(subtract(cursor, middle(grid)), axis) + half;
  const index = Math.min(Math.max(Math.round(above / step), 0), count - 1);
  return { position: dot(cursor, axis), step, index, count };
}

/** The cursor moved by slices, no further than the first or the last one. */
export function scrolled(grid: Grid, axis: Vec3, cursor: Vec3, slices: number): Vec3 {
  const { index, count, step } = slicing(grid, axis, cursor);
  const wanted = Math.min(Math.max(index + slices, 0), count - 1);
  return add(cursor, scale(axis, (wanted - index) * step));
}

/** Planes of a batch: the pane's plane turned about one of its own axes, step by step. */
export function batchAxes(axes: ScreenAxes, about: 'vertical' | 'horizontal', degrees: number): ScreenAxes {
  const angle = radians(degrees);
  if (about === 'vertical') return { right: rotate(axes.right, axes.down, angle), down: axes.down };
  return { right: axes.right, down: rotate(axes.down, axes.right, angle) };
}

/** Angles of a batch, from 0; both ends are there when the step divides the range, a full turn is not repeated. */
export function batchAngles(step: number, range: number): number[] {
  const count = Math.floor(range / step + 1e-6) + (range >= 360 ? 0 : 1);
  return Array.from({ length: Math.max(1, count) }, (_, i) => i * step);
}
