import { indexSteps, stepAlong, toIndex, type Grid, type Volume, type Voxels } from './grid';
import { along, cross, scale, type Vec3 } from '../engine/vector';

/** A plane through the volume: what lies in the middle of the picture, and the unit vectors to its right and down. */
export interface Plane {
  centre: Vec3;
  right: Vec3;
  down: Vec3;
}

export interface Raster {
  columns: number;
  rows: number;
  /** Millimetres a pixel, both ways. */
  pixel: number;
}

export const PROJECTIONS = ['max', 'min', 'mean'] as const;
export type Projection = (typeof PROJECTIONS)[number];

/** `thickness` in millimetres about the plane; 0 is the plane alone. */
export interface Slab {
  thickness: number;
  projection: Projection;
}

/** Away from the reader, into the screen. */
export function normalOf({ right, down }: Pick<Plane, 'right' | 'down'>): Vec3 {
  return cross(right, down);
}

/**
 * Where a slab is read, in millimetres from its middle: in the middles of equal parts, none of which
 * is thicker than a voxel. Along an axis of the grid a slab of n slices reads exactly n slices.
 */
export function slabOffsets(grid: Grid, normal: Vec3, thickness: number): number[] {
  if (thickness <= 0) return [0];
  const count = Math.max(1, Math.ceil(thickness / stepAlong(grid, normal) - 1e-6));
  return Array.from({ length: count }, (_, part) => ((part + 0.5) / count - 0.5) * thickness);
}

/**
 * Values on a plane or through a slab, row after row, by linear interpolation between the eight
 * voxels around; NaN outside the volume. Half a voxel beyond the outermost middles counts as inside.
 *
 * Written here rather than left to the graphics card: the numbers a reader is told come from the
 * same function as the picture, need no WebGL, and do not depend on a driver's texture format.
 */
export function reslice(volume: Volume, plane: Plane, raster: Raster, slab: Slab, rows: readonly [from: number, to: number] = [0, raster.rows]): Float32Array {
  const values = new Float32Array((rows[1] - rows[0]) * raster.columns).fill(NaN);
  const normal = normalOf(plane);
  const offsets = slabOffsets(volume.grid, normal, slab.thickness);
  const counts = slab.projection === 'mean' && offsets.length > 1 ? new Uint16Array(values.length) : undefined;
  for (const offset of offsets) addSample(volume, plane, along(plane.centre, normal, offset), raster, slab.projection, rows, values, counts);
  if (counts) for (let i = 0; i < values.length; i++) values[i] = (values[i] ?? NaN) / (counts[i] ?? 1);
  return values;
}

/** The value in one point of a slab, as the picture shows it; NaN outside. */
export function valueAt(volume: Volume, plane: Plane, point: Vec3, slab: Slab): number {
  return reslice(volume, { ...plane, centre: point }, { columns: 1, rows: 1, pixel: 1 }, slab)[0] ?? NaN;
}

function addSample(
  { grid, voxels }: Volume,
  { right, down }: Plane,
  centre: Vec3,
  { columns, rows, pixel }: Raster,
  projection: Projection,
  [fromRow, toRow]: readonly [number, number],
  values: Float32Array,
  counts: Uint16Array | undefined,
): void {
  const corner = along(along(centre, right, (-(columns - 1) / 2) * pixel), down, (-(rows - 1) / 2) * pixel);
  const start = toIndex(grid, corner);
  const acrossStep = indexSteps(grid, scale(right, pixel));
  const downStep = indexSteps(grid, scale(down, pixel));
  for (let row = fromRow; row < toRow; row++) {
    const from: Vec3 = along(start, downStep, row);
    const [first, last] = insideRun(grid, from, acrossStep, columns);
    if (first <= last) readRow(voxels, grid, from, acrossStep, first, last, projection, values, (row - fromRow) * columns, counts);
  }
}

/** First and last step along a line that lie within half a voxel of the grid. */
function insideRun({ size }: Grid, from: Vec3, step: Vec3, count: number): [first: number, last: number] {
  let [first, last] = [0, count - 1];
  for (let axis = 0; axis < 3; axis++) {
    const [at, by, low, high] = [from[axis] ?? 0, step[axis] ?? 0, -0.5, (size[axis] ?? 1) - 0.5];
    if (Math.abs(by) < 1e-9) {
      if (at < low || at > high) return [0, -1];
      continue;
    }
    const [one, other] = [(low - at) / by, (high - at) / by];
    first = Math.max(first, Math.ceil(Math.min(one, other)));
    last = Math.min(last, Math.floor(Math.max(one, other)));
  }
  return [first, last];
}

function readRow(
  voxels: Voxels,
  { size }: Grid,
  from: Vec3,
  step: Vec3,
  first: number,
  last: number,
  projection: Projection,
  values: Float32Array,
  rowStart: number,
  counts: Uint16Array | undefined,
): void {
  const [nx, ny, nz] = size;
  const slice = nx * ny;
  const [stepX, stepY, stepZ] = step;
  for (let column = first; column <= last; column++) {
    const x = Math.min(Math.max(from[0] + stepX * column, 0), nx - 1);
    const y = Math.min(Math.max(from[1] + stepY * column, 0), ny - 1);
    const z = Math.min(Math.max(from[2] + stepZ * column, 0), nz - 1);
    const x0 = Math.min(x | 0, nx - 2);
    const y0 = Math.min(y | 0, ny - 2);
    const z0 = Math.min(z | 0, nz - 2);
    const fx = x - x0;
    const fy = y - y0;
    const fz = z - z0;
    const at = z0 * slice + y0 * nx + x0;
    const above = at + slice;
    const v000 = voxels[at] as number;
    const v010 = voxels[at + nx] as number;
    const v001 = voxels[above] as number;
    const v011 = voxels[above + nx] as number;
    const a = v000 + ((voxels[at + 1] as number) - v000) * fx;
    const b = v010 + ((voxels[at + nx + 1] as number) - v010) * fx;
    const c = v001 + ((voxels[above + 1] as number) - v001) * fx;
    const d = v011 + ((voxels[above + nx + 1] as number) - v011) * fx;
    const near = a + (b - a) * fy;
    const value = near + (c + (d - c) * fy - near) * fz;
    const target = rowStart + column;
    const old = values[target] as number;
    if (counts) {
      counts[target] = (counts[target] as number) + 1;
      values[target] = old !== old ? value : old + value;
    } else if (old !== old || (projection === 'max' ? value > old : value < old)) {
      values[target] = value;
    }
  }
}
