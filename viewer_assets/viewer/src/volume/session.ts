import { effect, untracked } from '@preact/signals';
import type { Types } from '@cornerstonejs/core';
import { frameDataset, number, TAG, text } from '../dicomweb/dataset';
import type { StackImage } from '../dicomweb/stack';
import type { Dataset } from '../dicomweb/types';
import type { Engine } from '../engine/engine';
import { rangeToWindow, type Window } from '../engine/presets';
import { valueUnit } from '../engine/values';
import { asViewerError } from '../dicomweb/errors';
import { report, withEngine } from '../panes';
import * as state from '../state';
import { resetPlanes } from './actions';
import type { Drawing } from './drawing';
import { planVolume, thinOut, type Plan } from './geometry';
import { voxelCount, type Grid } from './grid';
import { loadVolume, SliceError } from './local/load';
import { newestOnly } from './newest';
import * as store from './store';
import { usualRange, vrPresetsFor } from './transfer';
import { forgetCuts, repeatCuts } from './vr_actions';
import { hasGraphics, isWeak, keepPlace, keptPlace, placeFor, type Place } from './where';

/** Voxels (two bytes each, as a rule) that a browser is trusted to hold beside the pictures themselves. */
const MOST_VOXELS = { phone: 64_000_000, desktop: 400_000_000 };

/** How a session begins: as chosen before, unless a place or fewer slices are named. */
export interface Wish {
  place?: Place;
  /** The reader agreed to every so manieth slice on the server. */
  every?: number;
  /** The reader agreed to as many slices as this machine holds. */
  thin?: boolean;
  /** Go on as it was looked at where it was drawn before. */
  going?: boolean;
}

/** What there is to look at, wherever it is drawn. */
interface Opened {
  drawing: Drawing;
  grid: Grid;
  unit: string;
  inverted: boolean;
  every: number;
  /** Least and greatest value without the outermost half percent. */
  usual: readonly [number, number];
}

let loading: AbortController | undefined;
let stopFollowing: (() => void) | undefined;

/** Every how manieth slice must be left out so that the rest fits; 1 when all fit. */
export function leastThinning(voxels: number, most: number): number {
  return Math.max(1, Math.ceil(voxels / most));
}

/** The server may be asked for pictures. */
export function serverAllowed(): boolean {
  return state.rights.value.includes('render');
}

/** Reconstructs the open stack. */
export function openSession(wish: Wish = {}): void {
  withEngine((engine) => {
    const stack = engine.active?.images ?? [];
    const plan = planVolume(stack);
    if (typeof plan === 'string') {
      leave();
      return;
    }
    const every = leastThinning(voxelCount(plan.grid), state.phone.value ? MOST_VOXELS.phone : MOST_VOXELS.desktop);
    const weak = () => state.contextLost.value || isWeak(hasGraphics());
    const allowed = serverAllowed();
    const place = wish.place ?? placeFor({ allowed, kept: keptPlace(), weak: allowed && weak(), large: every > 1 });
    const first = stack[plan.order[0] ?? 0];
    const dataset = first ? frameDataset(first.dataset, first.frame) : {};
    if (place === 'server') {
      void openThere(dataset, wish);
      return;
    }
    if (every > 1 && wish.thin !== true) {
      store.phase.value = { name: 'large', place, count: stack.length, every };
      return;
    }
    void openHere(engine, thinOut(plan, every), stack, dataset, { ...wish, every });
  });
}

/** The same series, drawn elsewhere from now on, also the next time on this device. */
export function drawAt(place: Place): void {
  keepPlace(place);
  openAgain({ place });
}

/** After a failure, or elsewhere: where the reader was. */
export function openAgain(wish: Wish): void {
  const going = store.loaded.value !== null;
  end();
  openSession({ ...wish, going });
}

async function openHere(engine: Engine, plan: Plan, stack: readonly StackImage[], dataset: Dataset, wish: Wish): Promise<void> {
  const { signal } = start('local', plan.order.length);
  const total = plan.order.length;
  try {
    // The chunk comes while the pictures do.
    const coming = import('./local/drawing');
    const volume = await loadVolume(
      plan,
      (index) => engine.fetch(stack[index]?.imageId ?? '') as Promise<Types.IImage>,
      signal,
      (done) => {
        store.phase.value = { name: 'loading', place: 'local', done, total };
      },
    );
    const { LocalDrawing } = await coming;
    if (signal.aborted) return;
    const unit = valueUnit(dataset);
    const inverted = text(dataset, TAG.photometric) === 'MONOCHROME1';
    const drawing = new LocalDrawing(volume, unit, state.phone.value);
    begin({ drawing, grid: volume.grid, unit, inverted, every: wish.every ?? 1, usual: usualRange(volume) }, dataset, wish);
  } catch (error) {
    if (signal.aborted) return;
    const slice = error instanceof SliceError ? error.stackIndex : null;
    const cause = error instanceof SliceError ? error.cause : error;
    store.phase.value = { name: 'failed', index: slice, detail: cause instanceof Error ? cause.message : '' };
  }
}

async function openThere(dataset: Dataset, wish: Wish): Promise<void> {
  const open = state.current.value;
  if (!open) return;
  const { signal } = start('server', 0);
  try {
    const { openRemote } = await import('./remote/open');
    const opened = await openRemote({ study: open.study.uid, series: open.series.uid, every: wish.every ?? 1 }, signal);
    if (signal.aborted) opened?.drawing.close();
    else if (opened) begin(opened, dataset, wish);
  } catch (error) {
    if (signal.aborted) return;
    leave();
    report(asViewerError(error, 'network'), 'network');
  }
}

function start(place: Place, total: number): AbortController {
  loading?.abort();
  loading = new AbortController();
  store.notice.value = null;
  store.phase.value = { name: 'loading', place, done: 0, total };
  return loading;
}

function begin({ drawing, grid, unit, inverted, every, usual }: Opened, dataset: Dataset, { going }: Wish): void {
  const presets = state.presets.value;
  const window = startWindow(usual, dataset);
  store.loaded.value = { drawing, grid, unit, window, presets, inverted, every };
  store.vrProblem.value = null;
  stopFollowing = followCursor(drawing);
  if (going === true) {
    store.vr.value = { ...store.vr.value, cuts: 0, working: null, nothing: false, spinning: false };
    void repeatCuts();
  } else {
    store.marks.value = [];
    store.batch.value = null;
    store.layout.value = state.phone.value ? 'axial' : 'quad';
    store.tool.value = 'cursor';
    store.vr.value = store.initialVr(vrPresetsFor(unit)[0] ?? 'mrDefault');
    forgetCuts();
    resetPlanes();
    store.greyWindow.value = currentWindow() ?? store.greyWindow.value;
  }
  store.phase.value = { name: 'ready' };
}

/** Keeps the value at the cursor. */
function followCursor(drawing: Drawing): () => void {
  const thin = { thickness: 0, projection: 'max' } as const;
  const wait = newestOnly(async ({ at, answer }: { at: typeof store.cursor.value; answer: () => ReturnType<Drawing['value']> }) => {
    const value = await answer();
    if (store.cursor.value === at && store.loaded.value?.drawing === drawing) store.cursorValue.value = value;
  });
  return effect(() => {
    const grid = store.loaded.value?.grid;
    const at = store.cursor.value;
    if (!grid) return;
    const answer = () => drawing.value('cursor', store.planeIn(grid, 'axial'), at, thin);
    if (drawing.place === 'local') {
      store.cursorValue.value = answer() as number;
      return;
    }
    store.cursorValue.value = undefined;
    untracked(() => { wait({ at, answer }); });
  });
}

/** What the reader sees in two dimensions stays as it is: the same window. */
function currentWindow(): Window | undefined {
  const { width, center, shown } = state.view.value;
  return shown && width > 0 ? { width, center } : undefined;
}

function startWindow([lower, upper]: readonly [number, number], dataset: Dataset): Window {
  const [width, center] = [number(dataset, TAG.windowWidth), number(dataset, TAG.windowCenter)];
  if (width !== undefined && center !== undefined && width >= 1) return { width, center };
  const [preset] = state.presets.value;
  if (preset) return { width: preset.width, center: preset.center };
  return rangeToWindow({ lower, upper });
}

/** Back to the stack. */
export function leave(): void {
  state.mode.value = 'stack';
}

/** Lets the voxels, or the line to the server, go; what was measured and how it was looked at stays. */
function end(): void {
  loading?.abort();
  stopFollowing?.();
  store.loaded.value?.drawing.close();
  store.loaded.value = null;
  store.notice.value = null;
}

export function closeSession(): void {
  end();
  forgetCuts();
  store.batch.value = null;
  store.marks.value = [];
  store.sheetOpen.value = false;
  store.phase.value = { name: 'loading', place: 'local', done: 0, total: 0 };
}
