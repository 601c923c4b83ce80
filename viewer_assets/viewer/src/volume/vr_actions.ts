import { fitting, spun, standardAxes, trackball, type Camera, type StandardView } from './camera';
import type { Drawing, Operation } from './drawing';
import * as store from './store';
import type { VrPreset } from './transfer';

/** What was taken away, in order: another place for drawing can do it again. */
let done: readonly Operation[] = [];

function drawing(): Drawing | undefined {
  return store.loaded.value?.drawing;
}

function change(part: Partial<store.VrState>): void {
  store.vr.value = { ...store.vr.value, ...part };
}

export function cutsDone(): readonly Operation[] {
  return done;
}

export function forgetCuts(): void {
  done = [];
}

export function choosePreset(preset: VrPreset): void {
  change({ preset, shift: store.initialVr(preset).shift });
}

/** The transfer function moved to the right, and widened downwards, by parts of the picture's size. */
export function shiftBy(right: number, down: number): void {
  const { shift } = store.vr.value;
  change({ shift: { offset: Math.min(3, Math.max(-3, shift.offset - right)), width: Math.min(5, Math.max(0.1, shift.width * Math.exp(down))) } });
}

export function setCamera(camera: Camera): void {
  change({ camera });
}

/** As a whole from one side; the pane fits it in when it knows its size. */
export function lookFrom(view: StandardView): void {
  change({ camera: { ...store.vr.value.camera, ...standardAxes(view), pixel: 0 }, spinning: false });
}

export function fit(width: number, height: number): void {
  const grid = store.loaded.value?.grid;
  if (grid) change({ camera: fitting(grid, store.vr.value.camera, width, height) });
}

const DEGREES_A_PIXEL = 0.4;

export function rotateBy(dx: number, dy: number): void {
  setCamera(trackball(store.vr.value.camera, dx, dy, DEGREES_A_PIXEL));
}

export function spinBy(degrees: number): void {
  setCamera(spun(store.vr.value.camera, degrees));
}

export function zoomVr(factor: number): void {
  const { camera } = store.vr.value;
  setCamera({ ...camera, pixel: Math.min(10, Math.max(0.02, camera.pixel / factor)) });
}

export function panVr(dx: number, dy: number): void {
  const { camera } = store.vr.value;
  const { centre, right, down, pixel } = camera;
  const moved = centre.map((value, axis) => value - ((right[axis] ?? 0) * dx + (down[axis] ?? 0) * dy) * pixel);
  setCamera({ ...camera, centre: moved as unknown as Camera['centre'] });
}

export function setCrop(axis: number, side: 0 | 1, share: number): void {
  const crop = store.vr.value.crop.map((range, at): readonly [number, number] => {
    if (at !== axis) return range;
    return side === 0 ? [Math.min(Math.max(0, share), range[1] - LEAST_CROP), range[1]] : [range[0], Math.max(Math.min(1, share), range[0] + LEAST_CROP)];
  });
  change({ crop });
}

const LEAST_CROP = 0.02;

/** Takes away what lies inside, or outside, an outline drawn on the screen. */
export async function cutOutline(outline: readonly (readonly [number, number])[], width: number, height: number): Promise<void> {
  const { camera, take } = store.vr.value;
  if (outline.length >= 3) await work({ kind: 'outline', outline, size: [width, height], camera, take });
}

export function removeBackground(): Promise<void> {
  return work({ kind: 'background' });
}

/** Does again what was done where the pictures were made before. */
export async function repeatCuts(): Promise<void> {
  const operations = done;
  done = [];
  for (const operation of operations) await work(operation);
}

/** Drawing the number must not take longer than the work. */
function tell(share: number): void {
  if (share - (store.vr.value.working ?? 0) >= 0.1) change({ working: share });
}

async function work(operation: Operation): Promise<void> {
  const target = drawing();
  if (!target || store.vr.value.working !== null) return;
  change({ working: 0, nothing: false });
  const { count, taken } = await target.cut(operation, tell);
  if (target !== drawing()) return;
  if (taken > 0) done = [...done, operation];
  change({ working: null, cuts: count, nothing: taken === 0 });
}

export async function undoCut(): Promise<void> {
  const target = drawing();
  if (!target || store.vr.value.working !== null) return;
  change({ working: 0, nothing: false });
  const cuts = await target.undo();
  if (target !== drawing()) return;
  done = done.slice(0, -1);
  change({ working: null, cuts });
}

/** The whole volume again: cuts undone, box open. */
export async function restoreCuts(): Promise<void> {
  const target = drawing();
  if (!target || store.vr.value.working !== null) return;
  change({ working: 0, nothing: false, crop: store.WHOLE_CROP });
  const cuts = await target.reset();
  if (target !== drawing()) return;
  done = [];
  change({ working: null, cuts });
}
