import type { Painter, PlaneScene } from '../drawing';
import type { Volume } from '../grid';
import { normalOf, reslice, slabOffsets, type Raster } from '../reslice';
import { paintGreys } from './window';

/** Samples that a frame may take, about 40 ms on a slow desktop. */
const SAMPLES_A_FRAME = 2_500_000;
const MOST_PIXELS = 1_600_000;
const REST_MS = 140;

/**
 * Draws a plane into a canvas: at once, with fewer pixels if the slab is thick, and sharp when
 * nothing has changed for a moment. The page stays answerable: fine pictures are made in parts.
 */
export class PlanePainter implements Painter<PlaneScene> {
  private scene: PlaneScene | undefined;
  private raster: Raster = { columns: 0, rows: 0, pixel: 1 };
  private values: Float32Array = new Float32Array();
  private turn = 0;
  private timer: ReturnType<typeof setTimeout> | undefined;

  constructor(
    private readonly volume: Volume,
    private readonly canvas: HTMLCanvasElement,
    private readonly onSharp: (sharp: boolean) => void,
  ) {}

  show(scene: PlaneScene): void {
    const before = this.scene;
    this.scene = scene;
    if (before && this.values.length > 0 && sameGeometry(before, scene)) {
      this.colour();
      return;
    }
    this.turn++;
    clearTimeout(this.timer);
    const full = fullRaster(scene, Math.min(devicePixelRatio || 1, 2));
    const depth = slabOffsets(this.volume.grid, normalOf(scene.plane), scene.slab.thickness).length;
    const cost = full.columns * full.rows * depth;
    const share = Math.min(1, SAMPLES_A_FRAME / cost);
    this.onSharp(share === 1);
    if (share === 1) {
      this.put(full, reslice(this.volume, scene.plane, full, scene.slab));
      return;
    }
    const factor = Math.max(0.12, Math.sqrt(share));
    const coarse = fullRaster(scene, factor * (full.columns / scene.width));
    this.put(coarse, reslice(this.volume, scene.plane, coarse, scene.slab));
    const { turn } = this;
    this.timer = setTimeout(() => {
      void this.refine(full, depth, turn);
    }, REST_MS);
  }

  close(): void {
    this.turn++;
    clearTimeout(this.timer);
  }

  private async refine(raster: Raster, depth: number, turn: number): Promise<void> {
    const { scene } = this;
    if (!scene) return;
    const values = new Float32Array(raster.columns * raster.rows);
    const rows = Math.max(1, Math.floor(SAMPLES_A_FRAME / (raster.columns * depth)));
    for (let from = 0; from < raster.rows; from += rows) {
      values.set(reslice(this.volume, scene.plane, raster, scene.slab, [from, Math.min(raster.rows, from + rows)]), from * raster.columns);
      await new Promise((resolve) => setTimeout(resolve));
      if (this.turn !== turn) return;
    }
    this.put(raster, values);
    this.onSharp(true);
  }

  private put(raster: Raster, values: Float32Array): void {
    this.raster = raster;
    this.values = values;
    this.colour();
  }

  private colour(): void {
    const { scene, raster, canvas } = this;
    const context = canvas.getContext('2d');
    if (!scene || !context) return;
    if (canvas.width !== raster.columns || canvas.height !== raster.rows) {
      canvas.width = raster.columns;
      canvas.height = raster.rows;
    }
    const picture = context.createImageData(raster.columns, raster.rows);
    paintGreys(this.values, scene.window, scene.inverted, new Uint32Array(picture.data.buffer));
    context.putImageData(picture, 0, 0);
  }
}

function fullRaster({ width, height, pixel }: PlaneScene, density: number): Raster {
  const held = Math.min(density, Math.sqrt(MOST_PIXELS / (width * height)));
  const columns = Math.max(1, Math.round(width * held));
  return { columns, rows: Math.max(1, Math.round((height * columns) / width)), pixel: (pixel * width) / columns };
}

function sameGeometry(a: PlaneScene, b: PlaneScene): boolean {
  return (
    a.width === b.width &&
    a.height === b.height &&
    a.pixel === b.pixel &&
    a.slab.thickness === b.slab.thickness &&
    (a.slab.thickness === 0 || a.slab.projection === b.slab.projection) &&
    [a.plane.centre, a.plane.right, a.plane.down].every((vector, at) => vector.every((value, axis) => value === [b.plane.centre, b.plane.right, b.plane.down][at]?.[axis]))
  );
}
