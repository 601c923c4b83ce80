import { spacing, voxelCount, type Volume } from '../grid';
import { breathe, type Predicate } from './cuts';

/** Air in CT ends well below; a thin table top or a blanket hardly reaches above. */
const BODY_HU = -300;
const THIN_MM = 6;
const SLICES_A_PART = 8;

/** The value that parts body from background: fixed for HU, else by Otsu's method over the histogram. */
export function bodyThreshold(volume: Volume, unit: string): number {
  return unit === 'HU' ? BODY_HU : otsu(volume);
}

/** N. Otsu, A Threshold Selection Method from Gray-Level Histograms, IEEE SMC 9 (1979). */
export function otsu({ voxels, range }: Volume): number {
  const bins = new Float64Array(256);
  const span = range[1] - range[0] || 1;
  for (const value of voxels) {
    const bin = Math.min(255, Math.floor(((value - range[0]) / span) * 256));
    bins[bin] = (bins[bin] ?? 0) + 1;
  }
  const total = voxels.length;
  const mass = bins.reduce((sum, count, bin) => sum + count * bin, 0);
  let [below, belowMass, best, first, last] = [0, 0, -1, 0, 0];
  for (const [bin, count] of bins.entries()) {
    below += count;
    belowMass += count * bin;
    if (below === 0 || below === total) continue;
    const between = (belowMass / below - (mass - belowMass) / (total - below)) ** 2 * below * (total - below);
    if (between > best) [best, first] = [between, bin];
    if (between >= best) last = bin;
  }
  // Where nothing lies between the two, in the middle of the gap.
  return range[0] + (((first + last) / 2 + 1) / 256) * span;
}

/**
 * What is not the patient: everything outside the largest connected body above the threshold.
 *
 * Holes that no slice opens to the outside (lungs, bowel) belong to the body. Thin things that touch
 * it, such as a table's shell or a cable, are worn away and what remains is grown back; a thick thing
 * pressed against it stays, for better too much is left than something of the patient missing. Work is
 * done in parts; `progress` hears 0..1.
 */
export async function outsideBody(volume: Volume, threshold: number, progress: (share: number) => void = () => undefined): Promise<Predicate> {
  const { size } = volume.grid;
  const [nx, ny, nz] = size;
  const plane = nx * ny;
  const wear = Math.max(1, Math.round(THIN_MM / 2 / Math.min(spacing(volume.grid)[0], spacing(volume.grid)[1])));
  const solid = new Uint8Array(voxelCount(volume.grid));
  for (let i = 0; i < solid.length; i++) solid[i] = (volume.voxels[i] ?? 0) > threshold ? 1 : 0;
  progress(0.1);
  await breathe();
  await keepLargest(solid, nx, ny, nz);
  progress(0.4);
  const core = new Uint8Array(solid.length);
  for (let z = 0; z < nz; z++) {
    const slice = solid.subarray(z * plane, (z + 1) * plane);
    fillHoles(slice, nx, ny);
    const worn = core.subarray(z * plane, (z + 1) * plane);
    worn.set(slice);
    spread(worn, nx, ny, wear, 0);
    if (z % SLICES_A_PART === 0) {
      progress(0.4 + (0.2 * z) / nz);
      await breathe();
    }
  }
  await keepLargest(core, nx, ny, nz);
  progress(0.8);
  for (let z = 0; z < nz; z++) {
    const slice = core.subarray(z * plane, (z + 1) * plane);
    spread(slice, nx, ny, wear + 1, 1);
    const whole = solid.subarray(z * plane, (z + 1) * plane);
    for (let i = 0; i < plane; i++) slice[i] = slice[i] === 1 && whole[i] === 1 ? 1 : 0;
    if (z % SLICES_A_PART === 0) {
      progress(0.8 + (0.2 * z) / nz);
      await breathe();
    }
  }
  progress(1);
  return (column, row, slice) => core[slice * plane + row * nx + column] !== 1;
}

/** Grows what has `value` by `reach` pixels across and then down; off the picture counts as background. */
export function spread(slice: Uint8Array, nx: number, ny: number, reach: number, value: 0 | 1): void {
  spreadLines(slice, ny, nx, nx, 1, reach, value);
  spreadLines(slice, nx, ny, 1, nx, reach, value);
}

function spreadLines(slice: Uint8Array, lines: number, length: number, lineStep: number, step: number, reach: number, value: 0 | 1): void {
  const old = new Uint8Array(length);
  for (let line = 0; line < lines; line++) {
    const start = line * lineStep;
    for (let i = 0; i < length; i++) old[i] = slice[start + i * step] ?? 0;
    let nearest = value === 0 ? -1 : -Infinity;
    for (let i = 0; i < length; i++) {
      if (old[i] === value) nearest = i;
      if (i - nearest <= reach) slice[start + i * step] = value;
    }
    nearest = value === 0 ? length : Infinity;
    for (let i = length - 1; i >= 0; i--) {
      if (old[i] === value) nearest = i;
      if (nearest - i <= reach) slice[start + i * step] = value;
    }
  }
}

/** Leaves only the largest component (six neighbours), found by runs along the rows. */
export async function keepLargest(mask: Uint8Array, nx: number, ny: number, nz: number): Promise<void> {
  const [starts, ends, firstOfRow] = runsOf(mask, nx, ny * nz);
  const parent = Int32Array.from(starts, (_, run) => run);
  const find = (run: number): number => {
    let root = run;
    while ((parent[root] ?? root) !== root) root = parent[root] ?? root;
    parent[run] = root;
    return root;
  };
  const join = (row: number, other: number) => {
    let [a, b] = [firstOfRow[row] ?? 0, firstOfRow[other] ?? 0];
    const [lastA, lastB] = [firstOfRow[row + 1] ?? 0, firstOfRow[other + 1] ?? 0];
    while (a < lastA && b < lastB) {
      if ((starts[a] ?? 0) < (ends[b] ?? 0) && (starts[b] ?? 0) < (ends[a] ?? 0)) parent[find(a)] = find(b);
      if ((ends[a] ?? 0) < (ends[b] ?? 0)) a++;
      else b++;
    }
  };
  for (let z = 0; z < nz; z++) {
    for (let y = 0; y < ny; y++) {
      const row = z * ny + y;
      if (y > 0) join(row, row - 1);
      if (z > 0) join(row, row - ny);
    }
    if (z % 16 === 0) await breathe();
  }
  const sizes = new Float64Array(starts.length);
  for (let run = 0; run < starts.length; run++) {
    const root = find(run);
    sizes[root] = (sizes[root] ?? 0) + (ends[run] ?? 0) - (starts[run] ?? 0);
  }
  const largest = sizes.reduce((best, size, run) => (size > (sizes[best] ?? 0) ? run : best), 0);
  for (let row = 0; row < ny * nz; row++) {
    for (let run = firstOfRow[row] ?? 0; run < (firstOfRow[row + 1] ?? 0); run++) {
      if (find(run) !== largest) mask.fill(0, row * nx + (starts[run] ?? 0), row * nx + (ends[run] ?? 0));
    }
  }
}

/** Where the runs of ones start and end in their rows, and each row's first run. */
function runsOf(mask: Uint8Array, nx: number, rows: number): [starts: number[], ends: number[], firstOfRow: Int32Array] {
  const [starts, ends]: [number[], number[]] = [[], []];
  const firstOfRow = new Int32Array(rows + 1);
  for (let row = 0; row < rows; row++) {
    firstOfRow[row] = starts.length;
    const start = row * nx;
    for (let x = 0; x < nx; x++) {
      if (mask[start + x] !== 1) continue;
      starts.push(x);
      while (x < nx && mask[start + x] === 1) x++;
      ends.push(x);
    }
  }
  firstOfRow[rows] = starts.length;
  return [starts, ends, firstOfRow];
}

/** Zeros that no path of zeros joins with the slice's border become ones. */
export function fillHoles(slice: Uint8Array, nx: number, ny: number): void {
  const OUTSIDE = 2;
  const stack: number[] = [];
  const visit = (at: number) => {
    if (slice[at] !== 0) return;
    slice[at] = OUTSIDE;
    stack.push(at);
  };
  for (let x = 0; x < nx; x++) {
    visit(x);
    visit((ny - 1) * nx + x);
  }
  for (let y = 0; y < ny; y++) {
    visit(y * nx);
    visit(y * nx + nx - 1);
  }
  for (let at = stack.pop(); at !== undefined; at = stack.pop()) {
    const x = at % nx;
    if (x > 0) visit(at - 1);
    if (x < nx - 1) visit(at + 1);
    if (at >= nx) visit(at - nx);
    if (at < nx * (ny - 1)) visit(at + nx);
  }
  for (let i = 0; i < slice.length; i++) slice[i] = slice[i] === OUTSIDE ? 0 : 1;
}
