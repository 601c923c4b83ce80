import { add, along, dot, length, subtract, type Vec3 } from '../engine/vector';

/** Where the voxels lie: `steps` lead from a voxel to the next along columns, rows and slices, each at right angles to the others. */
export interface Grid {
  size: readonly [columns: number, rows: number, slices: number];
  /** The middle of the first voxel. */
  origin: Vec3;
  steps: readonly [Vec3, Vec3, Vec3];
}

export type Voxels = Int16Array | Float32Array;

/** Values after rescaling, columns fastest, slices slowest. */
export interface Volume {
  grid: Grid;
  voxels: Voxels;
  /** Least and greatest value. */
  range: readonly [number, number];
}

export function voxelCount({ size }: Grid): number {
  return size[0] * size[1] * size[2];
}

/** Millimetres between the middles of neighbours. */
export function spacing({ steps }: Grid): Vec3 {
  return [length(steps[0]), length(steps[1]), length(steps[2])];
}

/** Fractional voxel indices of a point; whole numbers are the middles of voxels. */
export function toIndex(grid: Grid, point: Vec3): Vec3 {
  return indexSteps(grid, subtract(point, grid.origin));
}

/** How many voxels a displacement crosses along each axis of the grid. */
export function indexSteps({ steps }: Grid, displacement: Vec3): Vec3 {
  const share = (step: Vec3) => dot(displacement, step) / dot(step, step);
  return [share(steps[0]), share(steps[1]), share(steps[2])];
}

export function toPoint({ origin, steps }: Grid, index: Vec3): Vec3 {
  return along(along(along(origin, steps[0], index[0]), steps[1], index[1]), steps[2], index[2]);
}

export function middle(grid: Grid): Vec3 {
  const { size } = grid;
  return toPoint(grid, [(size[0] - 1) / 2, (size[1] - 1) / 2, (size[2] - 1) / 2]);
}

/** The longest step along a unit vector that passes over no voxel: the spacing, along an axis of the grid. */
export function stepAlong(grid: Grid, direction: Vec3): number {
  return 1 / Math.max(...indexSteps(grid, direction).map(Math.abs));
}

/** Half of what the middles of the voxels span along a unit vector, millimetres. */
export function halfSpan({ size, steps }: Grid, direction: Vec3): number {
  return steps.reduce((sum, step, axis) => sum + (Math.abs(dot(step, direction)) * ((size[axis] ?? 1) - 1)) / 2, 0);
}

/** Half of what the voxels with their outer halves span along a unit vector, millimetres. */
export function halfExtent({ size, steps }: Grid, direction: Vec3): number {
  return steps.reduce((sum, step, axis) => sum + (Math.abs(dot(step, direction)) * (size[axis] ?? 1)) / 2, 0);
}

/** The nearest point of the voxels' middles. */
export function clampToGrid(grid: Grid, point: Vec3): Vec3 {
  const index = toIndex(grid, point);
  const clamped = index.map((value, axis) => Math.min(Math.max(value, 0), (grid.size[axis] ?? 1) - 1));
  return toPoint(grid, clamped as unknown as Vec3);
}

/** The point moved onto the middle of the nearest voxel. */
export function snapToVoxel(grid: Grid, point: Vec3): Vec3 {
  const index = toIndex(grid, clampToGrid(grid, point));
  return toPoint(grid, [Math.round(index[0]), Math.round(index[1]), Math.round(index[2])]);
}

/** The same field with every `factors`-th voxel's place; each new voxel covers a block of old ones. */
export function coarser(grid: Grid, factors: Vec3): Grid {
  const { size, steps, origin } = grid;
  const scaled = steps.map((step, axis) => step.map((value) => value * (factors[axis] ?? 1))) as unknown as Grid['steps'];
  const shift = steps.reduce<Vec3>((sum, step, axis) => add(sum, [step[0] * (((factors[axis] ?? 1) - 1) / 2), step[1] * (((factors[axis] ?? 1) - 1) / 2), step[2] * (((factors[axis] ?? 1) - 1) / 2)]), [0, 0, 0]);
  return {
    size: [Math.floor(size[0] / factors[0]), Math.floor(size[1] / factors[1]), Math.floor(size[2] / factors[2])],
    origin: add(origin, shift),
    steps: scaled,
  };
}
