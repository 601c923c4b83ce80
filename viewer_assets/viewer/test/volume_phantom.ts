import type { StackImage } from '../src/dicomweb/stack';
import type { Dataset } from '../src/dicomweb/types';
import type { Grid, Volume } from '../src/volume/grid';
import { toPoint } from '../src/volume/grid';
import type { Vec3 } from '../src/engine/vector';

export const AXIAL = [1, 0, 0, 0, 1, 0];

export interface SliceOptions {
  orientation?: number[];
  rows?: number;
  columns?: number;
  spacing?: [number, number];
  reference?: string;
  samples?: number;
  photometric?: string;
}

export function dataset(position: readonly number[] | undefined, options: SliceOptions = {}): Dataset {
  const { orientation = AXIAL, rows = 16, columns = 20, spacing = [0.8, 0.5], reference = '1.2.3', samples = 1, photometric = 'MONOCHROME2' } = options;
  return {
    '00280010': { vr: 'US', Value: [rows] },
    '00280011': { vr: 'US', Value: [columns] },
    '00280030': { vr: 'DS', Value: spacing },
    '00200037': { vr: 'DS', Value: orientation },
    '00200052': { vr: 'UI', Value: [reference] },
    '00280002': { vr: 'US', Value: [samples] },
    '00280004': { vr: 'CS', Value: [photometric] },
    ...(position ? { '00200032': { vr: 'DS', Value: [...position] } } : {}),
  };
}

export function stackOf(datasets: readonly Dataset[]): StackImage[] {
  return datasets.map((item, index) => ({ imageId: `test:${index}`, path: '', instance: String(index), frame: 1, frameCount: 1, dataset: item }));
}

/** Slices at these heights, axial. */
export function axialStack(heights: readonly number[], options?: SliceOptions): StackImage[] {
  return stackOf(heights.map((height) => dataset([-5, -6, height], options)));
}

/** A volume whose values are a function of the patient's coordinates. */
export function fieldVolume(grid: Grid, value: (point: Vec3) => number): Volume {
  const [nx, ny, nz] = grid.size;
  const voxels = new Float32Array(nx * ny * nz);
  for (let z = 0, at = 0; z < nz; z++) {
    for (let y = 0; y < ny; y++) for (let x = 0; x < nx; x++, at++) voxels[at] = value(toPoint(grid, [x, y, z]));
  }
  return { grid, voxels, range: [Math.min(...voxels), Math.max(...voxels)] };
}

/** Anisotropic, head up, its middle in the origin. */
export const GRID: Grid = { size: [21, 17, 11], origin: [-5, -6.4, -12.5], steps: [[0.5, 0, 0], [0, 0.8, 0], [0, 0, 2.5]] };
