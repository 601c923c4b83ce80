import { computed, signal } from '@preact/signals';
import type { Preset, Window } from '../engine/presets';
import { NO_SHIFT, type TransferShift, type VrPreset } from './transfer';
import { standardAxes, type Camera } from './camera';
import type { Drawing } from './drawing';
import type { Grid } from './grid';
import type { Mark } from './marks';
import { axesOf, batchAngles, batchAxes, PATIENT, planeOf, type Pane, type ScreenAxes, type Triad } from './planes';
import type { Plane, Slab } from './reslice';
import type { Place } from './where';
import type { Vec3 } from '../engine/vector';

/** What is reconstructed and how it is looked at. Only `actions.ts` and `session.ts` write here. */

export interface Loaded {
  drawing: Drawing;
  grid: Grid;
  /** `HU`, another unit, or empty (engine/values.ts). */
  unit: string;
  window: Window;
  presets: Preset[];
  inverted: boolean;
  /** 1, or n when only every n-th slice was taken. */
  every: number;
}

export type Phase =
  /** `total` 0: not known yet. */
  | { name: 'loading'; place: Place; done: number; total: number }
  /** So many readers are let in before this one. */
  | { name: 'busy'; before: number }
  /** More than a phone, or the server, holds: every n-th slice is offered. */
  | { name: 'large'; place: Place; count: number; every: number }
  | { name: 'failed'; index: number | null; detail: string }
  /** The server draws nothing, and why not. */
  | { name: 'refused'; reason: string }
  | { name: 'ready' };

export const TOOLS = ['cursor', 'scroll', 'window', 'zoom', 'pan', 'length', 'probe'] as const;
export type MprTool = (typeof TOOLS)[number];

export const VR_TOOLS = ['rotate', 'zoom', 'pan', 'shift', 'pick', 'rectangle', 'freehand'] as const;
export type VrTool = (typeof VR_TOOLS)[number];

/** All panes at once, or one of them. */
export type Layout = 'quad' | Pane | 'vr' | 'batch';

export interface View {
  /** Times larger than the whole volume fitted into the pane. */
  zoom: number;
  /** Millimetres to the right and down. */
  pan: readonly [number, number];
}

export interface Batch {
  pane: Pane;
  about: 'vertical' | 'horizontal';
  step: number;
  range: number;
  index: number;
  playing: boolean;
}

export interface VrState {
  preset: VrPreset;
  shift: TransferShift;
  camera: Camera;
  tool: VrTool;
  take: 'inside' | 'outside';
  /** Kept part of each axis of the grid, 0..1. */
  crop: readonly (readonly [number, number])[];
  cuts: number;
  working: number | null;
  /** Nothing was found to take away. */
  nothing: boolean;
  spinning: boolean;
}

const WHOLE_VIEW: View = { zoom: 1, pan: [0, 0] };
export const WHOLE_CROP: VrState['crop'] = [[0, 1], [0, 1], [0, 1]];

export const phase = signal<Phase>({ name: 'loading', place: 'local', done: 0, total: 0 });
export const loaded = signal<Loaded | null>(null);
export const cursor = signal<Vec3>([0, 0, 0]);
export const triad = signal<Triad>(PATIENT);
export const greyWindow = signal<Window>({ width: 1, center: 0 });
export const slab = signal<Slab>({ thickness: 0, projection: 'max' });
export const views = signal<Record<Pane | 'batch', View>>(wholeViews());
export const tool = signal<MprTool>('cursor');
export const layout = signal<Layout>('quad');
export const marks = signal<readonly Mark[]>([]);
export const batch = signal<Batch | null>(null);
export const vr = signal<VrState>(initialVr('bone'));
/** Why there is no volume rendering, in words; null when there is. */
export const vrProblem = signal<string | null>(null);
export const sheetOpen = signal(false);
/** At the cursor; undefined until it is known. */
export const cursorValue = signal<number | undefined>(undefined);
/** What goes on between here and the server, in words; null when all is well. */
export const notice = signal<string | null>(null);

export function wholeViews(): Record<Pane | 'batch', View> {
  return { axial: WHOLE_VIEW, sagittal: WHOLE_VIEW, coronal: WHOLE_VIEW, batch: WHOLE_VIEW };
}

export function initialVr(preset: VrPreset): VrState {
  return {
    preset,
    shift: NO_SHIFT,
    camera: { ...standardAxes('A'), centre: [0, 0, 0], pixel: 0 },
    tool: 'rotate',
    take: 'inside',
    crop: WHOLE_CROP,
    cuts: 0,
    working: null,
    nothing: false,
    spinning: false,
  };
}

export const angles = computed(() => (batch.value ? batchAngles(batch.value.step, batch.value.range) : []));

/** How a pane lies now; a batch's pane by its current image. */
export function screenAxes(pane: Pane | 'batch'): ScreenAxes {
  if (pane !== 'batch') return axesOf(pane, triad.value);
  const run = batch.value;
  if (!run) return axesOf('coronal', triad.value);
  return batchAxes(axesOf(run.pane, triad.value), run.about, angles.value[run.index] ?? 0);
}

export function planeIn(grid: Grid, pane: Pane | 'batch'): Plane {
  return planeOf(grid, screenAxes(pane), cursor.value, views.value[pane].pan);
}
