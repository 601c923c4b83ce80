import '@kitware/vtk.js/Rendering/OpenGL/Profiles/Volume';
import vtkDataArray from '@kitware/vtk.js/Common/Core/DataArray';
import vtkImageData from '@kitware/vtk.js/Common/DataModel/ImageData';
import vtkPiecewiseFunction from '@kitware/vtk.js/Common/DataModel/PiecewiseFunction';
import vtkPlane from '@kitware/vtk.js/Common/DataModel/Plane';
import vtkColorTransferFunction from '@kitware/vtk.js/Rendering/Core/ColorTransferFunction';
import vtkRenderer from '@kitware/vtk.js/Rendering/Core/Renderer';
import vtkRenderWindow from '@kitware/vtk.js/Rendering/Core/RenderWindow';
import vtkRenderWindowInteractor from '@kitware/vtk.js/Rendering/Core/RenderWindowInteractor';
import vtkVolume from '@kitware/vtk.js/Rendering/Core/Volume';
import vtkVolumeMapper from '@kitware/vtk.js/Rendering/Core/VolumeMapper';
import vtkOpenGLRenderWindow from '@kitware/vtk.js/Rendering/OpenGL/RenderWindow';
import type { Camera } from '../camera';
import { halfExtent, spacing, toPoint, type Volume } from '../grid';
import type { Transfer } from '../transfer';
import { along, cross, scale, unit, type Vec3 } from '../../engine/vector';

export interface RenderState {
  camera: Camera;
  transfer: Transfer;
  /** Kept part of each axis, 0..1. */
  crop: readonly (readonly [number, number])[];
}

/** Pixels are left out so that a frame takes about this long while something moves, and at rest. */
const MOVING_MS = 120;
const RESTING_MS = 1200;
const COARSEST = 8;
/** A picture is drawn once more when its pixels become smaller than this share. */
const WORTH = 0.75;
const REST_AFTER_MS = 200;
const SURFACE = 0.4;

/** Which sizes a graphics card holds; undefined where there is no WebGL 2. */
export interface Capability {
  longestSide: number;
  software: boolean;
}

export function capability(): Capability | undefined {
  const canvas = document.createElement('canvas');
  const gl = canvas.getContext('webgl2');
  if (!gl) return undefined;
  const longestSide = Number(gl.getParameter(gl.MAX_3D_TEXTURE_SIZE));
  const info = gl.getExtension('WEBGL_debug_renderer_info');
  const name = info ? String(gl.getParameter(info.UNMASKED_RENDERER_WEBGL)) : '';
  gl.getExtension('WEBGL_lose_context')?.loseContext();
  return { longestSide, software: /swiftshader|llvmpipe|software/i.test(name) };
}

/** A volume drawn by vtk.js by casting rays, in parallel projection; pixels are left out where the machine is slow. */
export class VolumeRenderer {
  private readonly window = vtkRenderWindow.newInstance();
  private readonly view = vtkOpenGLRenderWindow.newInstance();
  private readonly interactor = vtkRenderWindowInteractor.newInstance();
  private readonly renderer = vtkRenderer.newInstance({ background: [0, 0, 0] });
  private readonly image = vtkImageData.newInstance();
  private readonly mapper = vtkVolumeMapper.newInstance();
  private readonly actor = vtkVolume.newInstance();
  private readonly scalars: vtkDataArray;
  private size: readonly [number, number] = [1, 1];
  private state: RenderState | undefined;
  private coarseness = 4;
  private frame = 0;
  private closed = false;
  private timer: ReturnType<typeof setTimeout> | undefined;

  constructor(
    container: HTMLElement,
    private readonly volume: Volume,
    private readonly onFrame: (sharp: boolean) => void,
    private readonly onLost: () => void,
  ) {
    const { grid } = volume;
    this.image.setDimensions([...grid.size]);
    this.image.setSpacing([...spacing(grid)]);
    this.image.setOrigin([...grid.origin]);
    const [x, y, z] = [unit(grid.steps[0]), unit(grid.steps[1]), unit(grid.steps[2])];
    this.image.setDirection(...x, ...y, ...z);
    this.scalars = vtkDataArray.newInstance({ name: 'values', numberOfComponents: 1, values: volume.voxels });
    this.image.getPointData().setScalars(this.scalars);
    this.mapper.setInputData(this.image);
    this.mapper.setMaximumSamplesPerRay(4000);
    this.mapper.setAutoAdjustSampleDistances(false);
    this.actor.setMapper(this.mapper);
    const property = this.actor.getProperty();
    property.setInterpolationTypeToLinear();
    property.setAmbient(0.25);
    property.setDiffuse(0.8);
    property.setSpecular(0.15);
    property.setSpecularPower(12);
    property.setScalarOpacityUnitDistance(0, 1);
    this.renderer.addVolume(this.actor);
    this.renderer.getActiveCamera().setParallelProjection(true);
    this.window.addRenderer(this.renderer);
    this.view.setContainer(container);
    this.window.addView(this.view);
    // Bound to no element: the mapper asks it how fast frames come.
    this.interactor.setView(this.view);
    this.view.getCanvas()?.addEventListener('webglcontextlost', (event) => {
      event.preventDefault();
      if (!this.closed) this.onLost();
    });
  }

  resize(width: number, height: number): void {
    this.size = [width, height];
  }

  /** Draws coarsely at once and finely when nothing has changed for a moment. */
  show(state: RenderState): void {
    this.state = state;
    clearTimeout(this.timer);
    if (this.frame !== 0) return;
    this.frame = requestAnimationFrame(() => {
      this.frame = 0;
      const { coarseness } = this;
      const took = this.draw(coarseness);
      this.onFrame(false);
      this.adapt(took);
      this.timer = setTimeout(() => {
        this.refine(took, coarseness);
      }, REST_AFTER_MS);
    });
  }

  /** Finer by what the frame before took, until it would take too long: the first frames also build shaders. */
  private refine(took: number, coarseness: number): void {
    const finer = Math.max(1, coarseness * Math.sqrt(took / RESTING_MS));
    const drawn = this.draw(finer);
    if (finer === 1 || finer * Math.sqrt(drawn / RESTING_MS) > finer * WORTH) {
      this.onFrame(true);
      return;
    }
    this.timer = setTimeout(() => {
      this.refine(drawn, finer);
    });
  }

  /** Voxels were changed in place. */
  changed(): void {
    this.scalars.modified();
    this.image.modified();
  }

  close(): void {
    this.closed = true;
    clearTimeout(this.timer);
    cancelAnimationFrame(this.frame);
    const gl = this.view.getCanvas()?.getContext('webgl2');
    this.window.removeView(this.view);
    this.view.setContainer(null);
    for (const part of [this.actor, this.mapper, this.image, this.renderer, this.interactor, this.window, this.view]) part.delete();
    // Browsers keep few contexts, and an unused one until they find the time to collect it.
    gl?.getExtension('WEBGL_lose_context')?.loseContext();
  }

  private adapt(took: number): void {
    const wanted = this.coarseness * Math.sqrt(took / MOVING_MS);
    // Half way there: a single slow frame is not the machine's speed.
    this.coarseness = Math.min(COARSEST, Math.max(1, (this.coarseness + wanted) / 2));
  }

  /** Milliseconds that it took. Every `coarseness`-th pixel each way. */
  private draw(coarseness: number): number {
    const { state } = this;
    if (!state) return 0;
    const started = performance.now();
    const density = Math.min(devicePixelRatio || 1, 2) / coarseness;
    const [width, height] = this.size.map((side) => Math.max(1, Math.round(side * density))) as [number, number];
    this.view.setSize(width, height);
    const step = Math.min(...spacing(this.volume.grid));
    this.mapper.setSampleDistance(step * (coarseness > 1.5 ? 1.5 : 0.7));
    this.colour(state.transfer);
    this.crop(state.crop);
    this.aim(state.camera);
    // Not by the window: it asks the interactor, which draws only once it is bound to an element.
    this.view.traverseAllPasses();
    // Until the card has drawn: without it only the asking would be measured.
    const gl = this.view.getCanvas()?.getContext('webgl2');
    gl?.readPixels(0, 0, 1, 1, gl.RGBA, gl.UNSIGNED_BYTE, new Uint8Array(4));
    return performance.now() - started;
  }

  private aim({ centre, right, down, pixel }: Camera): void {
    const camera = this.renderer.getActiveCamera();
    const into = cross(right, down);
    const away = 2 * halfExtent(this.volume.grid, into) + 100;
    camera.setFocalPoint(...centre);
    camera.setPosition(...along(centre, into, -away));
    camera.setViewUp(...scale(down, -1));
    camera.setParallelScale((this.size[1] * pixel) / 2);
    this.renderer.resetCameraClippingRange();
  }

  private colour(transfer: Transfer): void {
    const colours = vtkColorTransferFunction.newInstance();
    const opacity = vtkPiecewiseFunction.newInstance();
    for (const { value, colour, opacity: stopped } of transfer) {
      colours.addRGBPoint(value, ...colour);
      opacity.addPoint(value, stopped);
    }
    const property = this.actor.getProperty();
    property.setRGBTransferFunction(0, colours);
    property.setScalarOpacity(0, opacity);
    // What is seen through has no surface that light could fall on.
    property.setShade(transfer.some((point) => point.opacity >= SURFACE));
  }

  private crop(crop: RenderState['crop']): void {
    this.mapper.removeAllClippingPlanes();
    const { grid } = this.volume;
    for (const [axis, [from, to]] of crop.entries()) {
      const normal = unit(grid.steps[axis] ?? [0, 0, 1]);
      const at = (share: number): Vec3 => toPoint(grid, [0, 1, 2].map((i) => (i === axis ? share * (grid.size[axis] ?? 1) - 0.5 : 0)) as unknown as Vec3);
      if (from > 0) this.mapper.addClippingPlane(vtkPlane.newInstance({ normal: [...normal], origin: [...at(from)] }));
      if (to < 1) this.mapper.addClippingPlane(vtkPlane.newInstance({ normal: [...scale(normal, -1)], origin: [...at(to)] }));
    }
  }
}
