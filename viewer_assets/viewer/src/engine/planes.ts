import { number, numbers, TAG, text } from '../dicomweb/dataset';
import type { Dataset } from '../dicomweb/types';
import { axes } from './axes';

export type Vector = readonly [number, number, number];

/** Where a picture lies in the patient: millimetres, DICOM's patient coordinates (PS3.3 C.7.6.2.1.1). */
export interface Plane {
  frameOfReference: string;
  /** The middle of the first pixel. */
  position: Vector;
  row: Vector;
  column: Vector;
  normal: Vector;
  /** Millimetres between the middles of the first and the last column, and row. */
  width: number;
  height: number;
}

export function dot(a: Vector, b: Vector): number {
  return a[0] * b[0] + a[1] * b[1] + a[2] * b[2];
}

export function cross(a: Vector, b: Vector): Vector {
  return [a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]];
}

export function minus(a: Vector, b: Vector): Vector {
  return [a[0] - b[0], a[1] - b[1], a[2] - b[2]];
}

/** `a + b × factor` */
export function plus(a: Vector, b: Vector, factor = 1): Vector {
  return [a[0] + b[0] * factor, a[1] + b[1] * factor, a[2] + b[2] * factor];
}

/** Undefined when the file leaves open where the picture lies: then nothing is drawn by it. */
export function planeIn(dataset: Dataset): Plane | undefined {
  const directions = axes(dataset);
  const [x, y, z] = numbers(dataset, TAG.position, 3) ?? [];
  const [rowSpacing, columnSpacing] = numbers(dataset, TAG.pixelSpacing, 2) ?? [];
  const rows = number(dataset, TAG.rows);
  const columns = number(dataset, TAG.columns);
  if (!directions || x === undefined || y === undefined || z === undefined) return undefined;
  if (rowSpacing === undefined || columnSpacing === undefined || rows === undefined || columns === undefined) return undefined;
  return {
    frameOfReference: text(dataset, TAG.frameOfReference),
    position: [x, y, z],
    ...directions,
    normal: cross(directions.row, directions.column),
    width: (columns - 1) * columnSpacing,
    height: (rows - 1) * rowSpacing,
  };
}

/** The same space: two pictures without a frame of reference share none. */
export function inOneSpace(a: Plane, b: Plane): boolean {
  return a.frameOfReference !== '' && a.frameOfReference === b.frameOfReference;
}

const PARALLEL = Math.cos((10 * Math.PI) / 180);

export function parallel(a: Plane, b: Plane): boolean {
  return Math.abs(dot(a.normal, b.normal)) > PARALLEL;
}

/** Signed distance of a point from a plane, along its normal, in millimetres. */
export function distance(point: Vector, plane: Plane): number {
  return dot(minus(point, plane.position), plane.normal);
}

function corners({ position, row, column, width, height }: Plane): Vector[] {
  const right = plus(position, row, width);
  return [position, right, plus(right, column, height), plus(position, column, height)];
}

/** The part of `other`'s rectangle that lies in `plane`: its two ends; undefined when they are parallel, apart, or in different spaces. */
export function referenceLine(plane: Plane, other: Plane): [Vector, Vector] | undefined {
  if (!inOneSpace(plane, other) || parallel(plane, other)) return undefined;
  const around = corners(other);
  const ends: Vector[] = [];
  around.forEach((from, at) => {
    const to = around[(at + 1) % around.length];
    if (!to) return;
    const [a, b] = [distance(from, plane), distance(to, plane)];
    if (a === b || a > 0 === b > 0) return;
    ends.push(plus(from, minus(to, from), a / (a - b)));
  });
  const [one, two] = ends;
  return one && two ? [one, two] : undefined;
}
