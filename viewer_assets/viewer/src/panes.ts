import type { DicomWeb } from './dicomweb/client';
import { asViewerError, isAbort, type ErrorCode } from './dicomweb/errors';
import { isSlowLine } from './dicomweb/line';
import { buildStack, frameRate, type StackImage } from './dicomweb/stack';
import type { Engine } from './engine/engine';
import type { PaneView } from './engine/pane';
import type { PresentationState } from './engine/presentation';
import type { Window } from './engine/presets';
import { askStandin, type Ahead } from './first/ahead';
import { setPreview, showFirst, showPreview } from './first/standin';
import type { HangingRule } from './hanging';
import { larger, seriesFor } from './layout';
import { isStack } from './objects/kind';
import * as state from './state';
import { Pane, type Layout, type OpenSeries } from './state';

const ENDS_SESSION: ReadonlySet<ErrorCode> = new Set(['ticket_missing', 'ticket_invalid', 'ticket_expired', 'ticket_revoked']);
const DEFAULT_RATE = 10;

let client: DicomWeb;
let ahead: Ahead;
let onEnd: (code: ErrorCode) => void;
let engine: Promise<Engine> | undefined;
let running: Engine | undefined;
const elements = new Map<Pane, HTMLDivElement>();
/** Called when the pane has come into the page. */
const expected = new Map<Pane, () => void>();
const views = new Map<Pane, PaneView>();
const opening = new Map<Pane, AbortController>();
let named = 1;
/** Of what is being hung; the file's own for all else. */
let firstWindow: { modality: string; window: Window } | undefined;

/** `endSession` is called when the ticket turns out to have ended. */
export function start(dicomweb: DicomWeb, endSession: (code: ErrorCode) => void, asked: Ahead): void {
  client = dicomweb;
  onEnd = endSession;
  ahead = asked;
}

export function closeAll(): void {
  for (const controller of opening.values()) controller.abort();
  running?.close();
}

/** A pane is in the page; the engine itself comes in its own chunk. */
export function mount(pane: Pane, element: HTMLDivElement): void {
  elements.set(pane, element);
  expected.get(pane)?.();
  expected.delete(pane);
  if (running) addView(running, pane, element);
}

export function unmount(pane: Pane): void {
  elements.delete(pane);
  opening.get(pane)?.abort();
  const view = views.get(pane);
  views.delete(pane);
  if (view) running?.remove(view);
  setPreview(pane, null);
}

/** Shares the screen anew. Panes that stay keep what they show. */
export function arrange(layout: Layout): void {
  const count = layout.rows * layout.columns;
  const kept = state.panes.value.slice(0, count);
  while (kept.length < count) kept.push(new Pane(String(++named)));
  state.enlarged.value = null;
  state.layout.value = layout;
  state.panes.value = kept;
  const [first] = kept;
  if (first && !kept.includes(state.active.value)) state.active.value = first;
  withEngine(({ formation }) => {
    formation.film(layout.film ? layout.columns : 0);
  });
}

/** Another layout for what is open: empty panes get the next series, a film the active one's pictures. */
export async function relayout(layout: Layout): Promise<void> {
  const open = state.current.value;
  arrange(layout);
  if (open) await fill(open);
}

/** Opens series in the panes, `first` in the first empty or, in a film, in all. */
export async function fill(first: OpenSeries): Promise<void> {
  const wanted = seriesFor(first, state.layout.value, state.panes.value.map((pane) => pane.open.value), state.allSeries.value);
  await Promise.all(
    state.panes.value.map(async (pane, place) => {
      const series = wanted[place];
      if (!series) empty(pane);
      else if (series.series.uid !== pane.open.value?.series.uid) await show(series, pane);
    }),
  );
  const [pane] = state.panes.value;
  if (state.layout.value.film && pane) withView(pane, (view) => void running?.go(view, view.index));
}

/** Opens a study as its hanging rule says. What the reader changes from now on counts. */
export async function hang(first: OpenSeries, rule: HangingRule | undefined): Promise<void> {
  firstWindow = rule?.window ? { modality: rule.modality, window: rule.window } : undefined;
  if (rule?.linked) setLinked(true);
  try {
    await fill(first);
  } finally {
    firstWindow = undefined;
  }
}

function empty(pane: Pane): void {
  opening.get(pane)?.abort();
  views.get(pane)?.close();
  setPreview(pane, null);
  pane.open.value = null;
  pane.view.value = state.EMPTY_VIEW;
}

/** Beside what is open, in a pane of its own; the panes scroll together. */
export async function compare(other: OpenSeries): Promise<void> {
  const { rows, columns, film } = state.layout.value;
  if (film || rows * columns < 2) {
    const kept = state.current.value;
    arrange(state.phone.value ? { rows: 2, columns: 1, film: false } : { rows: 1, columns: 2, film: false });
    const [first] = state.panes.value;
    if (film && kept && first) await show(kept, first);
  }
  const place = state.panes.value.find((pane) => pane !== state.active.value && !pane.open.value) ?? state.panes.value.find((pane) => pane !== state.active.value);
  if (!place) return;
  await show(other, place);
  setLinked(true);
}

/** Shows a series, at a picture of it or where it was left. */
export async function openSeries(open: OpenSeries, pane = state.active.value, wanted?: Picture): Promise<void> {
  if (state.layout.value.film && pane.open.value?.series.uid !== open.series.uid && state.panes.value.length > 1) {
    const others = state.panes.value.filter((other) => other !== pane);
    for (const other of others) void show(open, other);
  }
  await show(open, pane, wanted);
}

/** One picture of a series. */
export interface Picture {
  instance: string;
  /** Counts from 1. */
  frame: number;
  /** How it is to be shown. */
  presentation?: PresentationState | undefined;
}

async function show(open: OpenSeries, pane: Pane, wanted?: Picture): Promise<void> {
  opening.get(pane)?.abort();
  const controller = new AbortController();
  const { signal } = controller;
  opening.set(pane, controller);
  const { study, series } = open;
  // Before anything else: what is under way for the old series must not come up under the new one's name.
  views.get(pane)?.close();
  pane.open.value = open;
  pane.problem.value = null;
  pane.pictureShown.value = false;
  pane.first.value = null;
  pane.handled.value = {};
  pane.stack.value = [];
  pane.refusal.value = undefined;
  pane.presentation.value = wanted?.presentation ?? null;
  pane.presentationOn.value = wanted?.presentation !== undefined;
  state.mode.value = 'stack';
  pane.view.value = { ...state.EMPTY_VIEW, rendering: pane.view.value.rendering };
  if (!isStack(series)) return;
  const { preview, first } = ahead.take(series.uid) ?? askStandin(client, study, series, running === undefined, signal);
  const previewing = showPreview(preview, pane, signal);
  const drawing = showFirst(first, pane, signal);
  try {
    // On a slow line the engine's hundreds of kilobytes must not come before the picture.
    if (!running && isSlowLine()) await Promise.all([previewing, drawing]);
    const [stack, view] = await Promise.all([stackOf(open, pane, signal), viewOf(pane)]);
    if (signal.aborted || !view) return;
    if (stack.length === 0) {
      pane.problem.value = { code: 'empty_series', detail: '' };
      return;
    }
    pane.rate.value = (stack[0] && frameRate(stack[0].dataset)) ?? DEFAULT_RATE;
    const shown = stack.findIndex((image) => image.instance === series.representative);
    const place = state.layout.value.film ? state.panes.value.indexOf(pane) : 0;
    const window = firstWindow?.modality === series.modality ? firstWindow.window : undefined;
    const { handled } = pane;
    const start = place > 0 ? Math.min(place, stack.length - 1) : Math.max(0, state.layout.value.film ? 0 : (handled.value.index ?? shown));
    await view.open(stack, start, handled.value.window ?? window);
    if (place >= stack.length) view.blank(true);
    view.presentAs(wanted?.presentation?.of ?? null);
    const at = wanted ? stack.findIndex((image) => image.instance === wanted.instance && image.frame === wanted.frame) : -1;
    if (at >= 0) goTo(at, pane);
    await Promise.all([previewing, drawing]);
    void offerVolume(open, stack, pane);
    void bringMarks(study.uid);
  } catch (error) {
    report(error, 'engine_failed', pane);
  }
}

async function stackOf({ study, series }: OpenSeries, pane: Pane, signal: AbortSignal): Promise<readonly StackImage[]> {
  const stack = buildStack(study.uid, series.uid, await client.seriesMetadata(study.uid, series.uid, signal));
  if (!signal.aborted) pane.stack.value = stack;
  return stack;
}

/** Only after the picture: what is offered beside it must not be loaded before it. */
async function offerVolume(open: OpenSeries, stack: readonly StackImage[], pane: Pane): Promise<void> {
  try {
    const { refusalText } = await import('./volume/offer');
    if (pane.open.value === open) pane.refusal.value = refusalText(stack);
  } catch (error) {
    // Nothing is offered, and the picture stays.
    asViewerError(error, 'network');
  }
}

/** What was measured before, and the way to save: after the picture, too. */
async function bringMarks(study: string): Promise<void> {
  try {
    const { opened } = await import('./measurements/session');
    if (running) await opened(study, client, running);
  } catch (error) {
    asViewerError(error, 'network');
  }
}

/** Tells the user what went wrong, in the pane where it did; a picture that was given up is no error. */
export function report(error: unknown, fallback: ErrorCode, pane = state.active.value): void {
  if (isAbort(error)) return;
  const { code, message } = asViewerError(error, fallback);
  if (ENDS_SESSION.has(code)) onEnd(code);
  else if (pane.open.value) pane.problem.value = { code, detail: message };
  else state.fatal.value = { code, detail: message };
}

/** Tries again in every pane that has a problem. */
export function retry(): void {
  for (const pane of state.panes.value) {
    const open = pane.open.value;
    if (pane.problem.value && open) void openSeries(open, pane);
    else views.get(pane)?.retry();
  }
}

function startEngine(): Promise<Engine> {
  engine ??= import('./engine/engine').then(
    (module) => {
      running = module.startEngine({
        client,
        phone: state.phone.value,
        tool: state.tool.value,
        onMeasurements: (measurements, undoable) => {
          state.measurements.value = measurements;
          state.undoable.value = undoable;
        },
        onProgress: (progress) => {
          state.progress.value = progress;
        },
        onTyping: (typing) => {
          state.typing.value = typing;
        },
        lensFactor: () => state.lensFactor.value,
        onContextLost: () => {
          state.contextLost.value = true;
        },
      });
      const { film, columns } = state.layout.value;
      running.formation.film(film ? columns : 0);
      for (const [pane, element] of elements) addView(running, pane, element);
      return running;
    },
    (error: unknown) => {
      engine = undefined;
      // The browser reports a chunk that did not arrive as TypeError.
      throw asViewerError(error, error instanceof TypeError ? 'network' : 'engine_failed');
    },
  );
  return engine;
}

function addView(to: Engine, pane: Pane, element: HTMLDivElement): void {
  if (views.has(pane)) return;
  const view = to.add({
    id: pane.id,
    element,
    onView: (change) => {
      pane.view.value = { ...pane.view.value, ...change };
      if (change.shown === true) {
        pane.pictureShown.value = true;
        pane.first.value = null;
        setPreview(pane, null);
      }
      if (change.error && ENDS_SESSION.has(change.error.code)) onEnd(change.error.code);
    },
    onActivate: () => {
      state.active.value = pane;
    },
  });
  views.set(pane, view);
  if (pane === state.active.value) to.activate(view);
}

/** Undefined when the pane has left the page meanwhile. */
async function viewOf(pane: Pane): Promise<PaneView | undefined> {
  const started = await startEngine();
  if (!elements.has(pane)) await new Promise<void>((resolve) => expected.set(pane, resolve));
  const element = elements.get(pane);
  if (element) addView(started, pane, element);
  return views.get(pane);
}

/** What a pane of the page shows, once the engine is there. */
export function viewOfPane(pane: Pane): PaneView | undefined {
  return views.get(pane);
}

/** Shows the active pane's picture a second time, in a pane of its own, where it can be shown otherwise. False without room. */
export async function copyPicture(): Promise<boolean> {
  const [open, source] = [state.current.value, views.get(state.active.value)];
  const presentation = source?.presentation();
  if (!open || !source || !presentation) return false;
  const { index } = source;
  if (!state.panes.value.some((pane) => !pane.open.value)) {
    const layout = larger(state.layout.value, state.phone.value);
    if (!layout) return false;
    arrange(layout);
  }
  const target = state.panes.value.find((pane) => !pane.open.value);
  if (!target) return false;
  await show(open, target);
  const copy = views.get(target);
  await copy?.navigate(index);
  copy?.present(presentation);
  activate(target);
  return true;
}

/** The picture as the presentation state says, or as it is without. */
export function presentationOn(pane: Pane, on: boolean): void {
  pane.presentationOn.value = on;
  withView(pane, (view) => { view.presentAs(on ? (pane.presentation.value?.of ?? null) : null); });
}

/** Does something with the engine once it is there. */
export function withEngine(action: (running: Engine) => void): void {
  void engine?.then(action);
}

/** Does something with the active pane's picture once it is there. */
export function withActive(action: (view: PaneView) => void): void {
  withView(state.active.value, action);
}

function withView(pane: Pane, action: (view: PaneView) => void): void {
  void engine?.then(() => {
    const view = views.get(pane);
    if (view) action(view);
  });
}

export function activate(pane: Pane): void {
  state.active.value = pane;
  withEngine((started) => {
    const view = views.get(pane);
    if (view) started.activate(view);
  });
}

/** Shows a picture of a pane and what belongs to it in the others. */
export function goTo(index: number, pane = state.active.value): void {
  withEngine((started) => {
    const view = views.get(pane);
    if (view) void started.go(view, index);
  });
}

export function setLinked(linked: boolean): void {
  state.linked.value = linked;
  withEngine(({ formation }) => {
    formation.link(linked);
  });
}
