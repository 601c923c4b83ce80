import { Enums, getShouldUseCPURendering, type RenderingEngine, type Types } from '@cornerstonejs/core';
import { asViewerError } from '../dicomweb/errors';
import type { StackImage } from '../dicomweb/stack';
import { Cine } from './cine';
import { describe } from './describe';
import { layOut, ownAxis, toScreen, type FlipAxis } from './displayed';
import { frameInfo, registerFrames } from './frames';
import type { Presentation } from './arrangement';
import type { Track } from './link';
import { applyLook, PLAIN, type Look } from './look';
import { Navigator } from './navigator';
import type { PresentationState } from './presentation';
import { ShownAs } from './shown_as';
import { isExact, ownRange } from './own_window';
import type { Vec3 } from './vector';
import { drawPicture, type Picture, type PictureOptions } from './picture';
import { rangeToWindow, windowToRange, type Window } from './presets';
import type { ViewState } from './view';

export interface PaneOptions {
  id: string;
  element: HTMLDivElement;
  onView: (view: Partial<ViewState>) => void;
  /** The user touched this pane: what follows is meant for it. */
  onActivate: () => void;
}

/** What a pane asks of the engine that holds it. */
export interface PaneHost {
  active: PaneView | undefined;
  fetch: (imageId: string) => Promise<unknown>;
  /** Requests that this pane may keep going. */
  parallel: () => number;
  /** Another pane waits for the picture too: it must not be cancelled. */
  wanted: (imageId: string, by: PaneView) => boolean;
  /** Shows a picture here and what belongs to it in linked panes. */
  go: (pane: PaneView, index: number) => Promise<void>;
  onLeave: (pane: PaneView) => void;
  onProblem: (pane: PaneView) => void;
  /** Something about the picture on the screen is different. */
  onChange: (pane: PaneView) => void;
}

/** What a series finds again when the user comes back to it. */
interface SeriesSettings {
  index: number;
  range: Types.VOIRange | null;
  inverted: boolean;
}

/** What was set for series opened before, by their first picture. */
const settings = new Map<string, SeriesSettings>();

/** One stack on one place of the screen and what can be done with it. */
export class PaneView {
  images: readonly StackImage[] = [];
  /** Where the series' pictures lie in the patient. */
  track: Track = [];
  failed = false;
  private viewport!: Types.IStackViewport;
  private stackSet = false;
  private isBlank = false;
  /** What the user asked for, beside what MONOCHROME1 needs. */
  private inverted = false;
  /** The window that the user chose; null while each picture has its own. */
  private range: Types.VOIRange | null = null;
  private look: Look = PLAIN;
  private readonly shownAs = new ShownAs();
  private readonly navigator: Navigator;
  private readonly cine: Cine;

  constructor(
    private readonly options: PaneOptions,
    private readonly host: PaneHost,
  ) {
    this.navigator = new Navigator(
      (imageId) => host.fetch(imageId),
      {
        show: (index) => this.show(index),
        onTarget: (index, loading) => {
          host.onLeave(this);
          options.onView({ index, loading, shown: false, error: null });
        },
        onError: (index, error) => {
          this.fail(true);
          options.onView({ index, loading: false, shown: false, error: { code: error.code, detail: error.message } });
        },
      },
      () => host.parallel(),
      (imageId) => host.wanted(imageId, this),
    );
    this.cine = new Cine(() => host.go(this, (this.index + 1) % Math.max(1, this.count)));
  }

  get id(): string {
    return this.options.id;
  }

  get element(): HTMLDivElement {
    return this.options.element;
  }

  /** The picture asked for, counted from 0. */
  get index(): number {
    return this.navigator.index;
  }

  get count(): number {
    return this.navigator.count;
  }

  /** What the user does is meant for this pane. */
  get isActive(): boolean {
    return this.host.active === this;
  }

  /** The picture on the screen. */
  get imageId(): string | undefined {
    return this.stackSet && !this.isBlank ? this.viewport.getCurrentImageId() : undefined;
  }

  holds(imageId: string): boolean {
    return this.images.some((image) => image.imageId === imageId);
  }

  /** Makes the place on the screen; again after the graphics context was lost. */
  enable(rendering: RenderingEngine): void {
    const { element, id } = this.options;
    this.stackSet = false;
    rendering.enableElement({ viewportId: id, type: Enums.ViewportType.STACK, element, defaultOptions: { background: [0, 0, 0] } });
    this.viewport = rendering.getViewport<Types.IStackViewport>(id);
    const { CAMERA_MODIFIED, VOI_MODIFIED } = Enums.Events;
    for (const name of [CAMERA_MODIFIED, VOI_MODIFIED]) element.addEventListener(name, this.report);
    this.options.onView({ rendering: getShouldUseCPURendering() ? 'cpu' : 'gpu' });
  }

  /** Replaces the stack. `index` counts from 0; a series that was open before comes as it was left, a new one in `window`, else in its own. */
  async open(images: readonly StackImage[], index: number, window?: Window): Promise<void> {
    this.close();
    const left = settings.get(images[0]?.imageId ?? '');
    this.inverted = left?.inverted ?? false;
    this.look = PLAIN;
    this.images = images;
    registerFrames(images);
    const exact = isExact(frameInfo(images[0]?.imageId ?? ''));
    this.range = left?.range ?? (window ? windowToRange(window, exact) : null);
    this.track = images.map((image) => frameInfo(image.imageId)?.plane);
    this.options.onView({ count: images.length, shown: false, error: null });
    await this.navigator.open(images.map((image) => image.imageId), left?.index ?? index);
  }

  close(): void {
    this.pause();
    this.shownAs.set(null);
    const [first] = this.images;
    if (first && this.stackSet) settings.set(first.imageId, { index: this.index, range: this.range, inverted: this.inverted });
    this.navigator.close();
    this.images = [];
    this.track = [];
    this.stackSet = false;
    this.blank(false);
    this.fail(false);
  }

  /** Loads and shows a picture in this pane alone. */
  navigate(index: number): Promise<void> {
    this.blank(false);
    return this.navigator.go(index);
  }

  /** Leaves the pane empty, when a film has fewer pictures than places. */
  blank(blank: boolean): void {
    if (this.isBlank === blank) return;
    this.isBlank = blank;
    this.options.onView({ blank });
  }

  retry(): void {
    void this.navigator.retry();
  }

  /** From now on pictures are shown as a presentation state says; null as they are. */
  presentAs(source: PresentationState['of'] | null): void {
    this.shownAs.set(source);
    if (source) this.range = null;
    if (!this.stackSet) return;
    this.lay();
    this.redraw();
  }

  setWindow(window: Window): void {
    this.setRange(windowToRange(window, isExact(frameInfo(this.viewport.getCurrentImageId()))));
  }

  setRange(range: Types.VOIRange): void {
    if (!this.stackSet) return;
    this.range = range;
    this.redraw();
  }

  /** The window tool has changed the window on the screen. */
  keepWindow(): void {
    const { curve } = this.shading();
    this.range = this.viewport.getProperties().voiRange ?? null;
    if (curve) this.redraw();
  }

  /** Window of the file, whole picture, no turning, no inversion. */
  reset(): void {
    if (!this.stackSet) return;
    this.inverted = false;
    this.look = PLAIN;
    this.lay(true);
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

  /** Colours and filters. */
  setLook(change: Partial<Look>): void {
    if (!this.stackSet) return;
    this.look = { ...this.look, ...change };
    this.redraw();
  }

  /** Turns to an angle, degrees clockwise; from where it is when `relative`. */
  turn(degrees: number, relative: boolean): void {
    if (!this.stackSet) return;
    const { rotation = 0 } = this.viewport.getViewPresentation();
    const wanted = (relative ? rotation : 0) + degrees;
    // Only the rotation: without WebGL pan and zoom would come back in other units and move the picture.
    this.viewport.setViewPresentation({ rotation: ((wanted % 360) + 360) % 360 });
    this.redraw();
  }

  /** A quarter turn, 1 clockwise, -1 counter-clockwise. */
  rotate(quarters: 1 | -1): void {
    this.turn(quarters * 90, true);
  }

  /** Mirrors, or mirrors back; the camera does both, the view presentation only the first. */
  flip(axis: FlipAxis): void {
    if (!this.stackSet) return;
    const own = ownAxis(this.viewport, axis);
    this.viewport.setCamera({ [own]: !this.viewport.getCamera()[own] });
    this.redraw();
  }

  zoomBy(factor: number): void {
    if (!this.stackSet) return;
    this.viewport.setZoom(Math.min(40, Math.max(0.1, this.viewport.getZoom() * factor)));
    this.viewport.render();
    this.report();
  }

  play(picturesPerSecond: number): void {
    this.navigator.playing = true;
    this.cine.start(picturesPerSecond);
    this.options.onView({ playing: true });
  }

  pause(): void {
    this.navigator.playing = false;
    this.cine.stop();
    this.options.onView({ playing: false });
  }

  /** Undefined while nothing is shown. */
  presentation(): Presentation | undefined {
    if (!this.stackSet) return undefined;
    const { flipHorizontal = false, flipVertical = false } = this.viewport.getCamera();
    return { range: this.range, inverted: this.inverted, look: this.look, flipHorizontal, flipVertical, view: this.viewport.getViewPresentation(), shading: this.shading() };
  }

  present({ range, inverted, look, flipHorizontal, flipVertical, view }: Presentation): void {
    if (!this.stackSet) return;
    this.range = range;
    this.inverted = inverted;
    this.look = look;
    this.viewport.setCamera({ flipHorizontal, flipVertical });
    // Without WebGL pan and zoom come back in other units than they are taken.
    this.viewport.setViewPresentation(getShouldUseCPURendering() ? { rotation: view.rotation ?? 0 } : view);
    this.redraw();
  }

  /** A turned phone: the picture fills the new shape as it filled the old one. */
  resized(presentation: Presentation | undefined): void {
    const untouched = presentation && this.shownAs.isUntouched(presentation.view);
    if (untouched) this.lay(true);
    if (presentation && !untouched && !getShouldUseCPURendering()) this.present(presentation);
    else if (presentation) this.redraw();
  }

  render(): void {
    this.viewport.render();
  }

  /** The picture on the screen, to be taken out. */
  picture(options: PictureOptions): Promise<Picture | undefined> {
    return this.imageId === undefined ? Promise.resolve(undefined) : drawPicture(this.viewport, this.look, { ...this.shading(), inverted: this.inverted }, options);
  }

  /** A point of the patient on this pane, CSS pixels from its corner; undefined while nothing is shown. */
  onScreen(point: Vec3): Types.Point2 | undefined {
    return this.imageId === undefined ? undefined : this.viewport.worldToCanvas([...point]);
  }

  overlay(change: Pick<ViewState, 'lines' | 'cursor'>): void {
    this.options.onView(change);
  }

  activated(): void {
    this.options.onActivate();
  }

  private fail(failed: boolean): void {
    if (this.failed === failed) return;
    this.failed = failed;
    this.host.onProblem(this);
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
    this.fail(false);
    this.lay();
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
    const { natural, curve } = this.shading();
    const range = this.range ?? (info && this.shownAs.grey(info)) ?? ownRange(image, isExact(info));
    applyLook(this.viewport, this.look, range, natural !== this.inverted, curve);
    this.viewport.render();
    this.report();
  }

  /** Whether low values are bright before the user's own inversion; a presentation state says so itself (PS3.3 C.11.6). */
  private shading(): Presentation['shading'] {
    const info = frameInfo(this.viewport.getCurrentImageId());
    return { natural: this.shownAs.lowIsBright(info), curve: this.range === null && info ? (this.shownAs.grey(info)?.curve ?? null) : null };
  }

  /** Lays the picture on the screen as its presentation state says, or whole and upright. */
  private lay(again = false): void {
    const info = frameInfo(this.viewport.getCurrentImageId());
    if (!info || (!this.shownAs.moves(info) && !again)) return;
    this.shownAs.lies(layOut(this.viewport, info, this.shownAs.of(info)));
  }

  private readonly report = (): void => {
    const imageId = this.stackSet ? this.viewport.getCurrentImageId() : undefined;
    const info = imageId === undefined ? undefined : frameInfo(imageId);
    if (!info) return;
    try {
      const { voiRange } = this.viewport.getProperties();
      this.options.onView({
        ...describe(this.viewport, info),
        ...(voiRange ? rangeToWindow(voiRange, isExact(info)) : {}),
        inverted: this.inverted,
        look: this.look,
        rotation: this.viewport.getViewPresentation().rotation ?? 0,
        presentation: this.shownAs.of(info) ?? null,
        toScreen: toScreen(this.viewport, info),
      });
    } catch (error) {
      const { code, message } = asViewerError(error, 'engine_failed');
      this.options.onView({ error: { code, detail: message } });
    }
    this.host.onChange(this);
  };
}
