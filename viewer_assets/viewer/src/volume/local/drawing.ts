import { w } from '../words';
import { pick, projection } from '../camera';
import { CannotRender, type Cut, type Drawing, type Heard, type Operation, type Painter, type PlaneScene, type RenderingScene } from '../drawing';
import type { Volume } from '../grid';
import type { Pane } from '../planes';
import { valueAt, type Plane, type Slab } from '../reslice';
import { transferOf, usualRange, type Transfer } from '../transfer';
import type { Vec3 } from '../../engine/vector';
import { bodyThreshold, outsideBody } from './background';
import { behindOutline, CutVolume, reduced } from './cuts';
import { PlanePainter } from './painter';
import { capability, VolumeRenderer, type Capability } from './renderer';

/** Voxels that are drawn in three dimensions: each frame reads all of them. */
const MOST_VOXELS = { phone: 12_000_000, software: 3_000_000, desktop: 40_000_000 };

/** Asked once: each question takes a WebGL context, of which there are few. */
let able: Capability | undefined;

/** Planes on the processor, the rendering by WebGL, all of it from voxels that the browser holds. */
export class LocalDrawing implements Drawing {
  readonly place = 'local';
  private readonly usual: readonly [number, number];
  private copy: CutVolume | undefined;
  private renderer: VolumeRenderer | undefined;

  constructor(
    private readonly volume: Volume,
    private readonly unit: string,
    private readonly phone: boolean,
  ) {
    this.usual = usualRange(volume);
  }

  plane(_pane: Pane | 'batch', canvas: HTMLCanvasElement, { sharp }: Heard): Painter<PlaneScene> {
    return new PlanePainter(this.volume, canvas, sharp);
  }

  rendering(screen: HTMLElement, { sharp, lost }: Heard): Painter<RenderingScene> {
    const copy = this.cuttable();
    if (!copy) throw new CannotRender(w('refusal.webgl'));
    let renderer: VolumeRenderer;
    try {
      renderer = new VolumeRenderer(screen, copy.shown, sharp, () => lost?.());
    } catch (error) {
      if (!(error instanceof Error)) throw error;
      throw new CannotRender(w('vr.failed'), { cause: error });
    }
    this.renderer = renderer;
    return {
      show: ({ camera, preset, shift, crop, width, height }) => {
        renderer.resize(width, height);
        renderer.show({ camera, transfer: transferOf(preset, this.usual, shift), crop });
      },
      close: () => {
        renderer.close();
        if (this.renderer === renderer) this.renderer = undefined;
      },
    };
  }

  value(_seen: Pane | 'batch' | 'cursor', plane: Plane, point: Vec3, slab: Slab): number {
    return valueAt(this.volume, plane, point, slab);
  }

  pick({ camera, preset, shift, width, height }: RenderingScene, at: readonly [number, number]): Vec3 | undefined {
    const transfer: Transfer = transferOf(preset, this.usual, shift);
    return this.copy && pick(this.copy.shown, transfer, camera, [width, height], at);
  }

  async cut(operation: Operation, progress: (share: number) => void): Promise<Cut> {
    const copy = this.cuttable();
    if (!copy) return { count: 0, taken: 0 };
    const background = operation.kind === 'background';
    const away = background
      ? await outsideBody(copy.shown, bodyThreshold(copy.shown, this.unit), (share) => { progress(share * SEARCH); })
      : behindOutline(operation.outline, operation.size, projection(operation.camera, operation.size, copy.shown.grid), operation.take);
    const from = background ? SEARCH : 0;
    const taken = await copy.cut(away, (share) => { progress(from + share * (1 - from)); });
    this.renderer?.changed();
    return { count: copy.count, taken };
  }

  undo(): Promise<number> {
    return this.restore((copy) => { copy.undo(); });
  }

  reset(): Promise<number> {
    return this.restore((copy) => { copy.reset(); });
  }

  close(): void {
    this.copy = undefined;
  }

  private restore(how: (copy: CutVolume) => void): Promise<number> {
    if (this.copy) how(this.copy);
    this.renderer?.changed();
    return Promise.resolve(this.copy?.count ?? 0);
  }

  /** A copy that can be cut, as fine as the machine can draw; what was cut stays cut when the pane comes and goes. */
  private cuttable(): CutVolume | undefined {
    able ??= capability();
    if (!able) return undefined;
    const most = able.software ? MOST_VOXELS.software : this.phone ? MOST_VOXELS.phone : MOST_VOXELS.desktop;
    return (this.copy ??= new CutVolume(reduced(this.volume, most, able.longestSide)));
  }
}

/** Share of the work that goes into finding the body. */
const SEARCH = 0.8;
