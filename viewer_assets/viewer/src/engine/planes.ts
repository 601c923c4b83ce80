import { number, numbers, TAG, text } from '../dicomweb/dataset';
import type { Dataset } from '../dicomweb/types';
import { axes } from './axes';
import { along, cross, dot, subtract, type Vec3 } from './vector';

/** Where a picture lies in the patient: millimetres, DICOM's patient coordinates (PS3.3 C.7.6.2.1.1). */
export interface Plane {
  frameOfReference: string;
  /** The middle of the first pixel. */
  position: Vec3;
  row: Vec3;
  column: Vec3;
  normal: Vec3;
  /** Millimetres between the middles of the first and the last column, and row. */
  width: number;
  height: number;
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
export function distance(point: Vec3, plane: Plane): number {
  return dot(subtract(point, plane.position), plane.normal);
}

function corners({ position, row, column, width, height }: Plane): Vec3[] {
  const right = along(position, row, width);
  return [position, right, along(right, column, height), along(position, column, height)];
}

/** The part of `other`'s rectangle that lies in `plane`: its two ends; undefined when they are parallel, apart, or in different spaces. */
export function referenceLine(plane: Plane, other: Plane): [Vec3, Vec3] | undefined {
  if (!inOneSpace(plane, other) || parallel(plane, other)) return undefined;
  const around = corners(other);
  const ends: Vec3[] = [];
  around.forEach((from, at) => {
    const to = around[(at + 1) % around.length];
    if (!to) return;
    const [a, b] = [distance(from, plane), distance(to, plane)];
    if (a === b || a > 0 === b > 0) return;
    ends.push(along(from, subtract(to, from), a / (a - b)));
  });
  const [one, two] = ends;
  return one && two ? [one, two] : undefined;
}
