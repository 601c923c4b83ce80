import { coarser, voxelCount, type Volume } from '../grid';
import type { Vec3 } from '../../engine/vector';

/** True where a voxel is taken away. */
export type Predicate = (column: number, row: number, slice: number) => boolean;

const MOST_CUTS = 250;
const PAUSE_MS = 24;

/** Lets the page draw and answer between two parts of a long piece of work. */
export function breathe(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve));
}

/**
 * A copy of the volume that parts can be taken away from, one operation after another.
 *
 * The copy is private: what is cut here must never be missing from the picture that is read. Each
 * voxel remembers the operation that took it, so that the last one can be undone without a second copy.
 */
export class CutVolume {
  readonly shown: Volume;
  private readonly taken: Uint8Array;
  private last = 0;

  constructor(private readonly source: Volume) {
    this.shown = { ...source, voxels: source.voxels.slice() };
    this.taken = new Uint8Array(voxelCount(source.grid));
  }

  get count(): number {
    return this.last;
  }

  /** Takes away what the predicate holds of; how many voxels that were. Calls `progress` with 0..1. */
  async cut(away: Predicate, progress: (share: number) => void = () => undefined): Promise<number> {
    if (this.last >= MOST_CUTS) return 0;
    const [nx, ny, nz] = this.source.grid.size;
    const air = this.source.range[0];
    const { voxels } = this.shown;
    const operation = ++this.last;
    let count = 0;
    let started = performance.now();
    for (let slice = 0, at = 0; slice < nz; slice++) {
      for (let row = 0; row < ny; row++) {
        for (let column = 0; column < nx; column++, at++) {
          if (this.taken[at] !== 0 || !away(column, row, slice)) continue;
          this.taken[at] = operation;
          voxels[at] = air;
          count++;
        }
      }
      if (performance.now() - started > PAUSE_MS) {
        progress((slice + 1) / nz);
        await breathe();
        started = performance.now();
      }
    }
    if (count === 0) this.last--;
    return count;
  }

  /** Brings back what the last operation took. */
  undo(): void {
    if (this.last === 0) return;
    this.restore((operation) => operation === this.last);
    this.last--;
  }

  reset(): void {
    this.restore((operation) => operation !== 0);
    this.last = 0;
  }

  private restore(wanted: (operation: number) => boolean): void {
    for (let at = 0; at < this.taken.length; at++) {
      if (!wanted(this.taken[at] ?? 0)) continue;
      this.taken[at] = 0;
      this.shown.voxels[at] = this.source.voxels[at] ?? 0;
    }
  }
}

/** A closed outline on the screen as a table of inside and outside: even-odd, pixels by their middles. */
export function insideOutline(outline: readonly (readonly [number, number])[], width: number, height: number): Uint8Array {
  const table = new Uint8Array(width * height);
  for (let row = 0; row < height; row++) {
    const y = row + 0.5;
    const crossings: number[] = [];
    for (const [at, [x1, y1]] of outline.entries()) {
      const [x2, y2] = outline[(at + 1) % outline.length] ?? [x1, y1];
      if (y1 <= y !== y2 <= y) crossings.push(x1 + ((y - y1) / (y2 - y1)) * (x2 - x1));
    }
    crossings.sort((a, b) => a - b);
    for (let pair = 0; pair + 1 < crossings.length; pair += 2) {
      const from = Math.max(0, Math.ceil((crossings[pair] ?? 0) - 0.5));
      const to = Math.min(width, Math.ceil((crossings[pair + 1] ?? 0) - 0.5));
      if (from < to) table.fill(1, row * width + from, row * width + to);
    }
  }
  return table;
}

/** What lies, as seen by the reader, inside the outline, or outside it. Beyond the screen is outside. */
export function behindOutline(
  outline: readonly (readonly [number, number])[],
  size: readonly [number, number],
  { origin, steps }: { origin: readonly [number, number]; steps: readonly (readonly [number, number])[] },
  take: 'inside' | 'outside',
): Predicate {
  const [width, height] = [Math.ceil(size[0]), Math.ceil(size[1])];
  const table = insideOutline(outline, width, height);
  const [[ax, ay], [bx, by], [cx, cy]] = [steps[0] ?? [0, 0], steps[1] ?? [0, 0], steps[2] ?? [0, 0]];
  const wanted = take === 'inside' ? 1 : 0;
  return (column, row, slice) => {
    const x = Math.floor(origin[0] + ax * column + bx * row + cx * slice);
    const y = Math.floor(origin[1] + ay * column + by * row + cy * slice);
    const inside = x >= 0 && y >= 0 && x < width && y < height ? (table[y * width + x] ?? 0) : 0;
    return inside === wanted;
  };
}

/** The volume with so few voxels as the renderer can hold, each the mean of a block; itself when it is small enough. */
export function reduced(volume: Volume, most: number, longestSide: number): Volume {
  const factors = reduction(volume.grid.size, most, longestSide);
  const [fx, fy, fz] = factors;
  if (fx * fy * fz === 1) return volume;
  const grid = coarser(volume.grid, factors);
  const [nx, ny, nz] = grid.size;
  const [oldX, oldY] = volume.grid.size;
  const voxels = volume.voxels instanceof Int16Array ? new Int16Array(nx * ny * nz) : new Float32Array(nx * ny * nz);
  const whole = volume.voxels instanceof Int16Array;
  for (let z = 0, at = 0; z < nz; z++) {
    for (let y = 0; y < ny; y++) {
      for (let x = 0; x < nx; x++, at++) {
        let sum = 0;
        for (let dz = 0; dz < fz; dz++) {
          for (let dy = 0; dy < fy; dy++) {
            const start = ((z * fz + dz) * oldY + y * fy + dy) * oldX + x * fx;
            for (let dx = 0; dx < fx; dx++) sum += volume.voxels[start + dx] ?? 0;
          }
        }
        const mean = sum / (fx * fy * fz);
        voxels[at] = whole ? Math.round(mean) : mean;
      }
    }
  }
  return { grid, voxels, range: volume.range };
}

function reduction(size: readonly [number, number, number], most: number, longestSide: number): Vec3 {
  let [inPlane, through] = [1, 1];
  const fits = () => {
    const [x, y, z] = [Math.floor(size[0] / inPlane), Math.floor(size[1] / inPlane), Math.floor(size[2] / through)];
    return x * y * z <= most && Math.max(x, y, z) <= longestSide;
  };
  // In the plane first: that is where a series has voxels to spare.
  while (!fits()) {
    if (size[0] / inPlane > size[2] / through) inPlane++;
    else through++;
  }
  return [inPlane, inPlane, through];
}
