import type { Types } from '@cornerstonejs/core';
import { frameDataset, number, TAG, text } from '../dicomweb/dataset';
import type { StackImage } from '../dicomweb/stack';
import type { Dataset } from '../dicomweb/types';
import type { Engine } from '../engine/engine';
import { rangeToWindow, type Preset, type Window } from '../engine/presets';
import { valueUnit } from '../engine/values';
import { withEngine } from '../panes';
import * as state from '../state';
import { resetPlanes } from './actions';
import { planVolume, thinOut, type Plan } from './geometry';
import { voxelCount, type Volume } from './grid';
import { loadVolume, SliceError } from './load';
import * as store from './store';
import { usualRange, vrPresetsFor } from './transfer';
import { closeVr } from './vr_actions';

/** Voxels (two bytes each, as a rule) that a browser is trusted to hold beside the pictures themselves. */
const MOST_VOXELS = { phone: 64_000_000, desktop: 400_000_000 };

let loading: AbortController | undefined;

/** Every how manieth slice must be left out so that the rest fits; 1 when all fit. */
export function leastThinning(voxels: number, most: number): number {
  return Math.max(1, Math.ceil(voxels / most));
}

/** Reconstructs the open stack. `thin`: the user agreed to fewer slices. */
export function openSession(thin = false): void {
  withEngine((engine) => {
    const stack = engine.active?.images ?? [];
    const plan = planVolume(stack);
    if (typeof plan === 'string') {
      leave();
      return;
    }
    const every = leastThinning(voxelCount(plan.grid), state.phone.value ? MOST_VOXELS.phone : MOST_VOXELS.desktop);
    if (every > 1 && !thin) {
      store.phase.value = { name: 'large', count: stack.length, every };
      return;
    }
    void load(engine, thinOut(plan, every), stack, every);
  });
}

async function load(engine: Engine, plan: Plan, stack: readonly StackImage[], every: number): Promise<void> {
  loading?.abort();
  const { signal } = (loading = new AbortController());
  const total = plan.order.length;
  store.phase.value = { name: 'loading', done: 0, total };
  try {
    const volume = await loadVolume(
      plan,
      (index) => engine.fetch(stack[index]?.imageId ?? '') as Promise<Types.IImage>,
      signal,
      (done) => {
        store.phase.value = { name: 'loading', done, total };
      },
    );
    if (!signal.aborted) begin(volume, stack[plan.order[0] ?? 0], every);
  } catch (error) {
    if (signal.aborted) return;
    const slice = error instanceof SliceError ? error.stackIndex : null;
    const cause = error instanceof SliceError ? error.cause : error;
    store.phase.value = { name: 'failed', index: slice, detail: cause instanceof Error ? cause.message : '' };
  }
}

function begin(volume: Volume, image: StackImage | undefined, every: number): void {
  const dataset: Dataset = image ? frameDataset(image.dataset, image.frame) : {};
  const unit = valueUnit(dataset);
  const presets = state.presets.value;
  store.loaded.value = {
    volume,
    unit,
    window: startWindow(volume, dataset, presets),
    presets,
    inverted: text(dataset, TAG.photometric) === 'MONOCHROME1',
    every,
  };
  store.marks.value = [];
  store.batch.value = null;
  store.layout.value = state.phone.value ? 'axial' : 'quad';
  store.tool.value = 'cursor';
  store.vr.value = store.initialVr(vrPresetsFor(unit)[0] ?? 'mrDefault');
  resetPlanes();
  store.greyWindow.value = currentWindow() ?? store.greyWindow.value;
  store.phase.value = { name: 'ready' };
}

/** What the reader sees in two dimensions stays as it is: the same window. */
function currentWindow(): Window | undefined {
  const { width, center, shown } = state.view.value;
  return shown && width > 0 ? { width, center } : undefined;
}

function startWindow(volume: Volume, dataset: Dataset, presets: readonly Preset[]): Window {
  const [width, center] = [number(dataset, TAG.windowWidth), number(dataset, TAG.windowCenter)];
  if (width !== undefined && center !== undefined && width >= 1) return { width, center };
  const [preset] = presets;
  if (preset) return { width: preset.width, center: preset.center };
  const [lower, upper] = usualRange(volume);
  return rangeToWindow({ lower, upper });
}

/** Back to the stack. */
export function leave(): void {
  state.mode.value = 'stack';
}

/** The voxels are let go. */
export function closeSession(): void {
  loading?.abort();
  closeVr();
  store.loaded.value = null;
  store.batch.value = null;
  store.marks.value = [];
  store.sheetOpen.value = false;
  store.phase.value = { name: 'loading', done: 0, total: 0 };
}
