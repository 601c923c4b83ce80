import { cache, Enums, eventTarget, getShouldUseCPURendering, init, RenderingEngine, type Types } from '@cornerstonejs/core';
import type { DicomWeb } from '../dicomweb/client';
import { TAG, text } from '../dicomweb/dataset';
import { asViewerError } from '../dicomweb/errors';
import type { StackImage } from '../dicomweb/stack';
import { Marks } from '../tools/marks';
import { clickAtOnce } from '../tools/click';
import { Tools } from '../tools/group';
import { Cine } from './cine';
import { describe } from './describe';
import { frameInfo, registerFrames, voiFunction } from './frames';
import { fetchImage, registerLoader } from './loader';
import { Navigator } from './navigator';
import { rangeToWindow, windowToRange, type Window } from './presets';
import type { Measurement, ToolName, ViewState } from './view';

export interface EngineOptions {
  element: HTMLDivElement;
  client: DicomWeb;
  phone: boolean;
  tool: ToolName;
  onView: (view: Partial<ViewState>) => void;
  onMeasurements: (measurements: Measurement[]) => void;
  onContextLost: () => void;
}

/** What a series finds again when the user comes back to it. */
interface SeriesSettings {
  index: number;
  range: Types.VOIRange | null;
  inverted: boolean;
}

type FlipAxis = 'flipHorizontal' | 'flipVertical';

const VIEWPORT = 'main';
const MEGABYTE = 2 ** 20;

/** Starts cornerstone on an element. Throws when neither WebGL nor a 2D canvas can be had. */
export function startEngine(options: EngineOptions): Engine {
  const { phone, client } = options;
  init({ isMobile: phone, rendering: { webGlContextCount: 1 } } as Parameters<typeof init>[0]);
  cache.setMaxCacheSize((phone ? 256 : 1024) * MEGABYTE);
  const cores = navigator.hardwareConcurrency || 2;
  registerLoader(client, phone ? Math.min(2, Math.max(1, cores >> 2)) : Math.min(4, Math.max(1, cores - 1)));
  return new Engine(options);
}

/** One stack on the screen and what can be done with it. */
export class Engine {
  private rendering!: RenderingEngine;
  private viewport!: Types.IStackViewport;
  private images: readonly StackImage[] = [];
  private stackSet = false;
  /** What the user asked for, beside what MONOCHROME1 needs. */
  private inverted = false;
  /** The window that the user chose; null while each picture has its own. */
  private range: Types.VOIRange | null = null;
  /** What was set for series opened before, by their first picture. */
  private readonly settings = new Map<string, SeriesSettings>();
  private readonly navigator: Navigator;
  private readonly tools: Tools;
  private readonly marks: Marks;
  private readonly cine: Cine;
  private readonly observer: ResizeObserver;

  constructor(private readonly options: EngineOptions) {
    const { client, phone, element } = options;
    this.navigator = new Navigator(
      (imageId) => fetchImage(client, imageId),
      {
        show: (index) => this.show(index),
        onTarget: (index, loading) => {
          this.cancelDrawing();
          options.onView({ index, loading, shown: false, error: null });
        },
        onError: (index, error) => {
          this.tools.suspend(true);
          options.onView({ index, loading: false, shown: false, error: { code: error.code, detail: error.message } });
        },
      },
      phone ? 3 : 6,
    );
    this.tools = new Tools({
      onStep: (delta) => {
        this.step(delta);
      },
      count: () => this.navigator.count,
      onWindow: () => {
        this.range = this.viewport.getProperties().voiRange ?? null;
      },
    });
    this.marks = new Marks((imageId) => this.images.findIndex((image) => image.imageId === imageId), options.onMeasurements);
    this.cine = new Cine(() => this.navigator.go((this.navigator.index + 1) % Math.max(1, this.navigator.count)));
    this.tools.choose(options.tool);
    this.enable();
    this.observer = new ResizeObserver(() => {
      this.resize();
    });
    this.observer.observe(element);
    this.listenToFingers(element);
    clickAtOnce(element);
    eventTarget.addEventListener(Enums.Events.WEBGL_CONTEXT_LOST, this.recover);
  }

  /** Replaces the stack. `index` counts from 0; a series that was open before comes as it was left. */
  async open(images: readonly StackImage[], index: number): Promise<void> {
    this.close();
    const left = this.settings.get(images[0]?.imageId ?? '');
    this.inverted = left?.inverted ?? false;
    this.range = left?.range ?? null;
    this.images = images;
    registerFrames(images);
    this.options.onView({ count: images.length, shown: false, error: null });
    await this.navigator.open(images.map((image) => image.imageId), left?.index ?? index);
  }

  close(): void {
    this.pause();
    const [first] = this.images;
    if (first && this.stackSet) {
      this.settings.set(first.imageId, { index: this.navigator.index, range: this.range, inverted: this.inverted });
    }
    this.navigator.close();
    this.images = [];
    this.stackSet = false;
    this.marks.changed();
  }

  go(index: number): void {
    void this.navigator.go(index);
  }

  step(delta: number): void {
    void this.navigator.step(delta);
  }

  retry(): void {
    void this.navigator.retry();
  }

  chooseTool(tool: ToolName): void {
    this.cancelDrawing();
    this.tools.choose(tool);
  }

  setWindow(window: Window): void {
    if (!this.stackSet) return;
    this.range = windowToRange(window, this.exactWindow());
    this.redraw();
  }

  /** Window of the file, whole picture, no turning, no inversion. */
  reset(): void {
    if (!this.stackSet) return;
    this.viewport.setCamera({ flipHorizontal: false, flipVertical: false });
    this.viewport.setViewPresentation({ rotation: 0 });
    this.viewport.resetCamera();
    this.inverted = false;
    this.resetWindow();
  }

  /** Back to each picture's own window. */
  resetWindow(): void {
    if (!this.stackSet) return;
    this.range = null;
    this.redraw();
  }

  invert(): void {
    if (!this.stackSet) return;
    this.inverted = !this.inverted;
    this.redraw();
  }

  /** A quarter turn, 1 clockwise, -1 counter-clockwise. */
  rotate(quarters: 1 | -1): void {
    if (!this.stackSet) return;
    const { rotation = 0 } = this.viewport.getViewPresentation();
    // Only the rotation: without WebGL pan and zoom would come back in other units and move the picture.
    this.viewport.setViewPresentation({ rotation: (rotation + 360 + quarters * 90) % 360 });
    this.redraw();
  }

  /** Mirrors, or mirrors back; the camera does both, the view presentation only the first. */
  flip(axis: FlipAxis): void {
    if (!this.stackSet) return;
    const own = this.ownAxis(axis);
    this.viewport.setCamera({ [own]: !this.viewport.getCamera()[own] });
    this.redraw();
  }

  /** The renderer without WebGL mirrors the picture before it turns it. */
  private ownAxis(axis: FlipAxis): FlipAxis {
    const { rotation = 0 } = this.viewport.getViewPresentation();
    if (!getShouldUseCPURendering() || rotation % 180 === 0) return axis;
    return axis === 'flipHorizontal' ? 'flipVertical' : 'flipHorizontal';
  }

  zoomBy(factor: number): void {
    if (!this.stackSet) return;
    this.viewport.setZoom(Math.min(40, Math.max(0.1, this.viewport.getZoom() * factor)));
    this.viewport.render();
    this.report();
  }

  play(picturesPerSecond: number): void {
    this.cine.start(picturesPerSecond);
    this.options.onView({ playing: true });
  }

  pause(): void {
    this.cine.stop();
    this.options.onView({ playing: false });
  }

  deleteMark(id: string): void {
    this.marks.remove(id);
    this.viewport.render();
  }

  deleteSelectedMarks(): void {
    this.marks.removeSelected();
    this.viewport.render();
  }

  deleteAllMarks(): void {
    this.marks.removeAll();
    this.viewport.render();
  }

  private cancelDrawing(): void {
    this.tools.cancel(this.options.element);
    this.marks.dropIncomplete();
  }

  private listenToFingers(element: HTMLDivElement): void {
    element.addEventListener('touchstart', (event) => { this.marks.fingerDown(event.touches.length); }, { passive: true });
    // Else the browser repeats a tap as mouse events, and a second mark is drawn.
    element.addEventListener('touchend', (event) => { if (event.cancelable) event.preventDefault(); }, { passive: false });
  }

  /** A turned phone: the picture fills the new shape as it filled the old one. */
  private resize(): void {
    if (!this.stackSet || getShouldUseCPURendering()) {
      this.rendering.resize(true, true);
    } else {
      const presentation = this.viewport.getViewPresentation();
      const { flipHorizontal = false, flipVertical = false } = this.viewport.getCamera();
      this.rendering.resize(true, false);
      this.viewport.setCamera({ flipHorizontal, flipVertical });
      this.viewport.setViewPresentation(presentation);
      this.viewport.render();
    }
    this.report();
  }

  private async show(index: number): Promise<void> {
    const { images } = this;
    if (this.stackSet) {
      await this.viewport.setImageIdIndex(index);
    } else {
      await this.viewport.setStack(images.map((image) => image.imageId), index);
      if (this.images !== images) return;
      this.viewport.resetCamera();
      this.stackSet = true;
    }
    if (this.images !== images) return;
    this.tools.suspend(false);
    this.options.onView({ index, shownIndex: index, loading: false, shown: true, error: null });
    this.redraw();
  }

  /**
   * Window and inversion are set for every picture anew: the renderer keeps them over a whole stack,
   * knows MONOCHROME1 only for its first picture, and cannot reset a sigmoid window.
   */
  private redraw(): void {
    const image = this.viewport.getCornerstoneImage();
    const info = frameInfo(this.viewport.getCurrentImageId());
    const natural = info !== undefined && text(info.dataset, TAG.photometric) === 'MONOCHROME1';
    this.viewport.setProperties({ voiRange: this.range ?? this.ownRange(image), invert: natural !== this.inverted });
    this.viewport.render();
    this.report();
  }

  /** The window of the file, or, where it gives none, from the least to the greatest value. */
  private ownRange({ windowWidth, windowCenter }: Types.IImage): Types.VOIRange {
    const first = (value: number | number[]) => (Array.isArray(value) ? (value[0] ?? 0) : value);
    return windowToRange({ width: first(windowWidth), center: first(windowCenter) }, this.exactWindow());
  }

  private exactWindow(): boolean {
    const info = frameInfo(this.viewport.getCurrentImageId());
    return info !== undefined && voiFunction(info.dataset) === 'LINEAR_EXACT';
  }

  private enable(): void {
    this.rendering = new RenderingEngine(`stack-${Date.now()}`);
    const { element } = this.options;
    this.rendering.enableElement({
      viewportId: VIEWPORT,
      type: Enums.ViewportType.STACK,
      element,
      defaultOptions: { background: [0, 0, 0] },
    });
    this.viewport = this.rendering.getViewport<Types.IStackViewport>(VIEWPORT);
    this.tools.attach(VIEWPORT, this.rendering.id);
    const { CAMERA_MODIFIED, VOI_MODIFIED } = Enums.Events;
    for (const name of [CAMERA_MODIFIED, VOI_MODIFIED]) element.addEventListener(name, this.report);
    this.options.onView({ rendering: getShouldUseCPURendering() ? 'cpu' : 'gpu' });
  }

  /** A lost WebGL context is not waited for: a new one is made and the picture shown again. */
  private readonly recover = (): void => {
    this.rendering.destroy();
    this.stackSet = false;
    this.enable();
    this.options.onContextLost();
    void this.navigator.go(this.navigator.index);
  };

  private readonly report = (): void => {
    const imageId = this.stackSet ? this.viewport.getCurrentImageId() : undefined;
    const info = imageId === undefined ? undefined : frameInfo(imageId);
    if (!info) return;
    try {
      const { voiRange } = this.viewport.getProperties();
      this.options.onView({
        ...describe(this.viewport, info),
        ...(voiRange ? rangeToWindow(voiRange, this.exactWindow()) : {}),
        inverted: this.inverted,
      });
    } catch (error) {
      const { code, message } = asViewerError(error, 'engine_failed');
      this.options.onView({ error: { code, detail: message } });
    }
  };
}
