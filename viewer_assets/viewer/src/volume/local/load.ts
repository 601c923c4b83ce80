import type { Types } from '@cornerstonejs/core';
import type { Plan } from '../geometry';
import { voxelCount, type Volume, type Voxels } from '../grid';

/** Loads one picture of the open stack, from the cache or the server. Rejects with ViewerError. */
export type ImageSource = (stackIndex: number) => Promise<Types.IImage>;

/** A slice that did not come; `stackIndex` counts from 0. */
export class SliceError extends Error {
  constructor(
    readonly stackIndex: number,
    options: ErrorOptions,
  ) {
    super(`picture ${stackIndex} of the stack could not be loaded`, options);
  }
}

const AT_ONCE = 4;

/**
 * A volume of the plan's slices, in rescaled values. Whole numbers within 16 bits take two bytes a
 * voxel, anything else four. Throws SliceError for the first slice that fails: a volume with a hole
 * is none.
 */
export async function loadVolume(plan: Plan, source: ImageSource, signal: AbortSignal, progress: (done: number) => void): Promise<Volume> {
  const builder = new VolumeBuilder(plan);
  const queue = plan.order.map((stackIndex, slice) => ({ stackIndex, slice }));
  let done = 0;
  const work = async () => {
    for (let next = queue.shift(); next; next = queue.shift()) {
      signal.throwIfAborted();
      let image: Types.IImage;
      try {
        image = await source(next.stackIndex);
      } catch (cause) {
        queue.length = 0;
        throw new SliceError(next.stackIndex, { cause });
      }
      signal.throwIfAborted();
      builder.write(next.slice, image);
      progress(++done);
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, work));
  return builder.finish();
}

type Picture = Pick<Types.IImage, 'slope' | 'intercept' | 'preScale' | 'voxelManager'>;

/** Takes slices in any order. */
export class VolumeBuilder {
  private voxels: Voxels;
  private least = Infinity;
  private greatest = -Infinity;

  constructor(private readonly plan: Plan) {
    this.voxels = new Int16Array(voxelCount(plan.grid));
  }

  write(slice: number, { slope, intercept, preScale, voxelManager }: Picture): void {
    const [columns, rows] = this.plan.grid.size;
    const stored = voxelManager?.getScalarData();
    if (stored?.length !== columns * rows) throw new Error('the picture has a wrong number of values');
    const scaled = preScale?.scaled === true;
    const [factor, offset] = scaled ? [1, 0] : [slope, intercept];
    const start = slice * columns * rows;
    for (let at = 0; at < stored.length; at++) {
      const value = (stored[at] ?? 0) * factor + offset;
      if (this.voxels instanceof Int16Array && value !== (value << 16) >> 16) this.voxels = Float32Array.from(this.voxels);
      this.voxels[start + at] = value;
      if (value < this.least) this.least = value;
      if (value > this.greatest) this.greatest = value;
    }
  }

  finish(): Volume {
    return { grid: this.plan.grid, voxels: this.voxels, range: [this.least, this.greatest] };
  }
}
