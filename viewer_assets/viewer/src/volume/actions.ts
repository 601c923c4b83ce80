import type { Window } from '../engine/presets';
import { halfExtent, middle, snapToVoxel, type Grid } from './grid';
import { isOn, type Mark } from './marks';
import { axesOf, PANES, PATIENT, scrolled, slicingAxis, toPane, turnInPane, type Pane } from './planes';
import { normalOf, type Projection, type Slab } from './reslice';
import * as store from './store';
import type { Vec3 } from '../engine/vector';

const MOST_ZOOM = 40;
const LEAST_ZOOM = 0.2;
let nextMark = 1;

function grid(): Grid | undefined {
  return store.loaded.value?.grid;
}

export function moveCursor(point: Vec3): void {
  const field = grid();
  // In a slanted pane the cursor may lie beside the volume; further than its corners it is lost.
  if (!field) return;
  const centre = middle(field);
  const held = point.map((value, axis) => {
    const unit = [0, 1, 2].map((i) => (i === axis ? 1 : 0)) as unknown as Vec3;
    const reach = halfExtent(field, unit);
    return Math.min(Math.max(value, (centre[axis] ?? 0) - reach), (centre[axis] ?? 0) + reach);
  });
  store.cursor.value = held as unknown as Vec3;
}

export function scroll(pane: Pane | 'batch', slices: number): void {
  const field = grid();
  if (!field) return;
  if (pane === 'batch') showBatchImage((store.batch.value?.index ?? 0) + slices);
  else store.cursor.value = scrolled(field, slicingAxis(pane, store.triad.value), store.cursor.value, slices);
}

export function zoomBy(pane: Pane | 'batch', factor: number): void {
  changeView(pane, ({ zoom, pan }) => ({ zoom: Math.min(MOST_ZOOM, Math.max(LEAST_ZOOM, zoom * factor)), pan }));
}

/** Moves the picture by millimetres to the right and down. */
export function panBy(pane: Pane | 'batch', right: number, down: number): void {
  changeView(pane, ({ zoom, pan }) => ({ zoom, pan: [pan[0] - right, pan[1] - down] }));
}

function changeView(pane: Pane | 'batch', change: (view: store.View) => store.View): void {
  store.views.value = { ...store.views.value, [pane]: change(store.views.value[pane]) };
}

export function setWindow(window: Window): void {
  store.greyWindow.value = { width: Math.max(1, window.width), center: window.center };
}

export function resetWindow(): void {
  const window = store.loaded.value?.window;
  if (window) store.greyWindow.value = window;
}

export function setProjection(projection: Projection | 'thin'): void {
  const { slab } = store;
  if (projection === 'thin') slab.value = { ...slab.value, thickness: 0 };
  else slab.value = { projection, thickness: slab.value.thickness > 0 ? slab.value.thickness : DEFAULT_SLAB_MM };
}

const DEFAULT_SLAB_MM = 10;

/** As thick as it takes to hold the volume, whichever way the planes lie. */
export function wholeThickness(): number {
  const field = grid();
  if (!field) return 0;
  return Math.ceil(Math.hypot(...[0, 1, 2].map((axis) => 2 * halfExtent(field, [0, 1, 2].map((i) => (i === axis ? 1 : 0)) as unknown as Vec3))));
}

export function setThickness(millimetres: number): void {
  if (!Number.isFinite(millimetres)) return;
  store.slab.value = { ...store.slab.value, thickness: Math.min(wholeThickness(), Math.max(0, millimetres)) };
}

export function turn(pane: Pane, degrees: number): void {
  if (Number.isFinite(degrees)) store.triad.value = turnInPane(store.triad.value, pane, degrees);
}

export function straighten(): void {
  store.triad.value = PATIENT;
  const field = grid();
  if (field) store.cursor.value = snapToVoxel(field, store.cursor.value);
}

/** Everything of the planes as it was after loading; marks stay. */
export function resetPlanes(): void {
  const field = grid();
  if (!field) return;
  store.triad.value = PATIENT;
  store.cursor.value = snapToVoxel(field, middle(field));
  store.views.value = store.wholeViews();
  store.slab.value = { thickness: 0, projection: 'max' } satisfies Slab;
  resetWindow();
}

type NewMark = { kind: 'length'; from: Vec3; to: Vec3 } | { kind: 'probe'; at: Vec3; value: number; normal: Vec3 };

/** Adds a mark to a pane; its number. */
export function addMark(pane: Pane | 'batch', mark: NewMark): number {
  const id = nextMark++;
  const full: Mark = mark.kind === 'length' ? { ...mark, id, normal: normalOf(store.screenAxes(pane)), projected: store.slab.value.thickness > 0 } : { ...mark, id };
  store.marks.value = [...store.marks.value, full];
  return id;
}

export function moveMarkEnd(id: number, to: Vec3): void {
  store.marks.value = store.marks.value.map((mark) => (mark.id === id && mark.kind === 'length' ? { ...mark, to } : mark));
}

export function removeMark(id: number): void {
  store.marks.value = store.marks.value.filter((mark) => mark.id !== id);
}

export function undoMark(): void {
  store.marks.value = store.marks.value.slice(0, -1);
}

export function clearMarks(): void {
  store.marks.value = [];
}

export function marksIn(pane: Pane | 'batch'): Mark[] {
  const field = grid();
  if (!field) return [];
  const plane = store.planeIn(field, pane);
  return store.marks.value.filter((mark) => isOn(mark, plane, field, store.slab.value));
}

export function startBatch(settings: Pick<store.Batch, 'pane' | 'about' | 'step' | 'range'>): void {
  store.batch.value = { ...settings, index: 0, playing: false };
  store.layout.value = 'batch';
}

export function endBatch(): void {
  store.batch.value = null;
  if (store.layout.value === 'batch') store.layout.value = 'quad';
}

export function showBatchImage(index: number): void {
  const run = store.batch.value;
  if (run) store.batch.value = { ...run, index: Math.min(Math.max(index, 0), store.angles.value.length - 1) };
}

export function toggleBatch(): void {
  const run = store.batch.value;
  if (run) store.batch.value = { ...run, playing: !run.playing };
}

/** One pane alone, or back to all. */
export function toggleLayout(pane: Pane | 'vr'): void {
  store.layout.value = store.layout.value === pane ? 'quad' : pane;
}

/** Where the other panes' planes cut this one: a direction of the screen each (unit length, x right, y down). */
export function crossLines(pane: Pane): { pane: Pane; direction: [number, number] }[] {
  const { right, down } = axesOf(pane, store.triad.value);
  const origin = { right, down, centre: [0, 0, 0] as Vec3 };
  return PANES.filter((other) => other !== pane).map((other) => {
    const third = PANES.find((name) => name !== pane && name !== other) ?? pane;
    // Two planes of a triad meet along the vector that the third is at right angles to.
    const [x, y] = toPane(origin, 1, [0, 0], slicingAxis(third, store.triad.value));
    return { pane: other, direction: [x, y] };
  });
}
