import { stepAlong, type Grid } from './grid';
import { normalOf, type Plane, type Slab } from './reslice';
import { distance, dot, subtract, type Vec3 } from '../engine/vector';

/** What was measured on a reconstruction, in the patient's space; `value` as the picture showed it. */
export type Mark =
  | { kind: 'length'; id: number; from: Vec3; to: Vec3; normal: Vec3; projected: boolean }
  | { kind: 'probe'; id: number; at: Vec3; normal: Vec3; value: number };

/** Millimetres between two points, which both lie in the plane that was shown. */
export function lengthOf(mark: Extract<Mark, { kind: 'length' }>): number {
  return distance(mark.from, mark.to);
}

const PARALLEL = 0.999;

/** Whether a mark belongs onto this plane: drawn on one like it, within half a slice, or within the slab. */
export function isOn(mark: Mark, plane: Plane, grid: Grid, slab: Slab): boolean {
  const normal = normalOf(plane);
  if (Math.abs(dot(mark.normal, normal)) < PARALLEL) return false;
  const reach = Math.max(stepAlong(grid, normal), slab.thickness) / 2;
  const point = mark.kind === 'length' ? mark.from : mark.at;
  return Math.abs(dot(subtract(point, plane.centre), normal)) <= reach + 1e-6;
}

const LETTERS = [
  ['L', 'R'],
  ['P', 'A'],
  ['H', 'F'],
] as const;

/** A position as a reader says it: `L 12.3 P 4.0 H 120.5`, in millimetres from the frame of reference's origin. */
export function positionText(point: Vec3): string {
  return LETTERS.map(([positive, negative], axis) => {
    const value = point[axis] ?? 0;
    return `${value >= 0 ? positive : negative} ${Math.abs(value).toFixed(1)}`;
  }).join('  ');
}

export function valueText(value: number): string {
  return Number.isInteger(value) ? String(value) : value.toFixed(1);
}
