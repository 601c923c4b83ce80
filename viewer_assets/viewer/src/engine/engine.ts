import { cache, Enums, eventTarget, init, RenderingEngine, utilities } from '@cornerstonejs/core';
import type { DicomWeb } from '../dicomweb/client';
import { clickAtOnce } from '../tools/click';
import { Tools } from '../tools/group';
import { Marks } from '../tools/marks';
import { Texts } from '../tools/texts';
import { Formation } from './formation';
import { fetchImage, registerLoader } from './loader';
import { registerColours } from './look';
import { PaneView, type PaneHost, type PaneOptions } from './pane';
import type { Measurement, Progress, ToolName, Typing } from './view';

export interface EngineOptions {
  client: DicomWeb;
  phone: boolean;
  tool: ToolName;
  onMeasurements: (measurements: Measurement[], undoable: boolean) => void;
  onProgress: (progress: Progress | null) => void;
  /** A mark waits for its text; null when it waits no more. */
  onTyping: (typing: Typing | null) => void;
  lensFactor: () => number;
  onContextLost: () => void;
}

const MEGABYTE = 2 ** 20;
const PARALLEL = { phone: 3, desktop: 6 };

/** Starts cornerstone. Throws when neither WebGL nor a 2D canvas can be had. */
export function startEngine(options: EngineOptions): Engine {
  const { phone, client } = options;
  init({ isMobile: phone, rendering: { webGlContextCount: 1 } } as Parameters<typeof init>[0]);
  cache.setMaxCacheSize((phone ? 256 : 1024) * MEGABYTE);
  const cores = navigator.hardwareConcurrency || 2;
  registerColours((map) => { utilities.colormap.registerColormap(map); });
  registerLoader(client, phone ? Math.min(2, Math.max(1, cores >> 2)) : Math.min(4, Math.max(1, cores - 1)));
  return new Engine(options);
}

/** All panes, and the tools and marks that they share. */
export class Engine implements PaneHost {
  readonly formation: Formation;
  private rendering = newRendering();
  private panes: PaneView[] = [];
  private current: PaneView | undefined;
  private readonly tools: Tools;
  readonly marks: Marks;
  private readonly texts: Texts;

  constructor(private readonly options: EngineOptions) {
    this.formation = new Formation(() => this.panes);
    this.tools = new Tools({
      onStep: (delta, element) => {
        this.step(delta, this.at(element));
      },
      count: (element) => this.at(element)?.count ?? 0,
      onWindow: (element) => {
        this.at(element)?.keepWindow();
      },
      onPoint: (point, element) => {
        const pane = this.at(element);
        if (pane) this.formation.point(pane, point);
      },
      onTurn: (degrees, element) => {
        this.at(element)?.turn(degrees, true);
      },
      onRegion: (range, element) => {
        this.at(element)?.setRange(range);
      },
      lens: (element) => {
        const shown = this.at(element)?.presentation();
        return shown && { ...shown, factor: options.lensFactor() };
      },
      onProgress: options.onProgress,
      onText: (annotation, element) => {
        this.texts.ask(annotation, element);
      },
    });
    this.texts = new Texts(options.onTyping, () => {
      this.marks.changed();
      this.render();
    });
    this.marks = new Marks(
      (imageId) => this.current?.images.findIndex((image) => image.imageId === imageId) ?? -1,
      options.onMeasurements,
    );
    this.tools.choose(options.tool);
    eventTarget.addEventListener(Enums.Events.WEBGL_CONTEXT_LOST, this.recover);
  }

  /** The pane that the user's actions are for. */
  get active(): PaneView | undefined {
    return this.current;
  }

  /** A place on the screen; the order of the panes is that of their adding. */
  add(options: PaneOptions): PaneView {
    const pane = new PaneView(options, this);
    const { element } = options;
    this.panes.push(pane);
    this.attach(pane);
    new ResizeObserver(this.resize).observe(element);
    element.addEventListener('pointerdown', () => { this.activate(pane); }, { capture: true });
    element.addEventListener('wheel', () => { this.activate(pane); }, { capture: true, passive: true });
    element.addEventListener('touchstart', (event) => { this.fingerDown(event.touches.length); }, { passive: true });
    // Else the browser repeats a tap as mouse events, and a second mark is drawn.
    element.addEventListener('touchend', (event) => { if (event.cancelable) event.preventDefault(); }, { passive: false });
    clickAtOnce(element);
    this.current ??= pane;
    return pane;
  }

  remove(pane: PaneView): void {
    pane.close();
    this.panes = this.panes.filter((other) => other !== pane);
    this.tools.detach(pane.id, this.rendering.id);
    this.rendering.disableElement(pane.id);
    if (this.current === pane) this.current = this.panes[0];
    this.formation.changed();
  }

  activate(pane: PaneView): void {
    if (this.current === pane) return;
    this.current = pane;
    pane.activated();
    this.tools.suspend(pane.failed);
    this.marks.changed();
    this.formation.changed();
  }

  /** Nothing more can be shown: what is under way is cancelled. */
  close(): void {
    for (const pane of this.panes) pane.close();
    this.marks.changed();
  }

  go(pane: PaneView, index: number): Promise<void> {
    return this.formation.go(pane, index);
  }

  step(delta: number, pane = this.current): void {
    if (pane) void this.formation.step(pane, delta);
  }

  chooseTool(tool: ToolName): void {
    if (this.current) this.onLeave(this.current);
    this.tools.choose(tool);
  }

  deleteMark(id: string): void {
    this.marks.remove(id);
    this.render();
  }

  deleteSelectedMarks(): void {
    this.marks.removeSelected();
    this.render();
  }

  deleteAllMarks(): void {
    this.marks.removeAll();
    this.render();
  }

  /** Takes back the last stroke of what is being drawn, else what was drawn or deleted last. */
  undo(): void {
    if (this.tools.sketch?.undoStep() !== true) this.marks.undo();
    this.render();
  }

  /** Gives up what is being drawn. */
  cancel(): void {
    if (this.current) this.onLeave(this.current);
    this.render();
  }

  /** Ends a line of many points. */
  finishPath(): void {
    this.tools.sketch?.finishPath();
  }

  /** Shows marks that were placed or withdrawn. */
  refresh(): void {
    this.marks.changed();
    this.render();
  }

  typeText(id: string): void {
    this.texts.again(id, this.current?.element);
  }

  /** What the reader typed for a mark; a new mark without a text is taken away. */
  setText(id: string, text: string): void {
    this.texts.set(id, text);
  }

  fetch(imageId: string): Promise<unknown> {
    return fetchImage(this.options.client, imageId);
  }

  parallel(): number {
    const all = this.options.phone ? PARALLEL.phone : PARALLEL.desktop;
    return Math.max(1, Math.floor(all / Math.max(1, this.panes.length)));
  }

  wanted(imageId: string, by: PaneView): boolean {
    return this.panes.some((pane) => pane !== by && pane.holds(imageId));
  }

  onLeave(pane: PaneView): void {
    this.tools.cancel(pane.element);
    this.marks.dropIncomplete();
    this.marks.changed();
  }

  onProblem(pane: PaneView): void {
    if (pane === this.current) this.tools.suspend(pane.failed);
  }

  onChange(pane: PaneView): void {
    this.formation.shown(pane);
  }

  private fingerDown(count: number): void {
    if (count >= 2) this.tools.sketch?.dropStroke();
    this.marks.fingerDown(count);
  }

  private render(): void {
    for (const pane of this.panes) pane.render();
  }

  private at(element: HTMLDivElement): PaneView | undefined {
    return this.panes.find((pane) => pane.element === element);
  }

  private attach(pane: PaneView): void {
    pane.enable(this.rendering);
    this.tools.attach(pane.id, this.rendering.id);
  }

  private readonly resize = (): void => {
    const before = this.panes.map((pane) => ({ pane, presentation: pane.presentation() }));
    this.rendering.resize(true, false);
    for (const { pane, presentation } of before) pane.resized(presentation);
  };

  /** A lost WebGL context is not waited for: a new one is made and the pictures shown again. */
  private readonly recover = (): void => {
    this.rendering.destroy();
    this.rendering = newRendering();
    for (const pane of this.panes) {
      this.attach(pane);
      pane.retry();
    }
    this.options.onContextLost();
  };
}

function newRendering(): RenderingEngine {
  return new RenderingEngine(`stack-${Date.now()}`);
}
