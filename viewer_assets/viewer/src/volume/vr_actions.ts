import { bodyThreshold, outsideBody } from './background';
import { fitting, projection, spun, standardAxes, trackball, type Camera, type StandardView } from './camera';
import { behindOutline, CutVolume, reduced } from './cuts';
import type { Volume } from './grid';
import * as store from './store';
import { transferOf, usualRange, type Transfer, type VrPreset } from './transfer';

/** Voxels that are drawn in three dimensions: each frame reads all of them. */
const MOST_VOXELS = { phone: 12_000_000, software: 3_000_000, desktop: 40_000_000 };

export interface Limits {
  phone: boolean;
  software: boolean;
  longestSide: number;
}

let source: Volume | undefined;
let cut: CutVolume | undefined;
let usual: readonly [number, number] = [0, 1];
let redraw: () => void = () => undefined;

function change(part: Partial<store.VrState>): void {
  store.vr.value = { ...store.vr.value, ...part };
}

/**
 * What is rendered: a copy that can be cut, as fine as the machine can draw. `onCut` hears when voxels
 * changed. What was cut stays cut when the pane comes and goes.
 */
export function openVr(volume: Volume, limits: Limits, onCut: () => void): Volume {
  redraw = onCut;
  if (cut && source === volume) return cut.shown;
  const most = limits.software ? MOST_VOXELS.software : limits.phone ? MOST_VOXELS.phone : MOST_VOXELS.desktop;
  source = volume;
  cut = new CutVolume(reduced(volume, most, limits.longestSide));
  usual = usualRange(volume);
  return cut.shown;
}

/** The pane is gone; the cuts are kept. */
export function pauseVr(): void {
  redraw = () => undefined;
}

export function closeVr(): void {
  pauseVr();
  source = cut = undefined;
}

export function renderedVolume(): Volume | undefined {
  return cut?.shown;
}

export function currentTransfer(): Transfer {
  return transferOf(store.vr.value.preset, usual, store.vr.value.shift);
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
  const volume = cut?.shown;
  if (volume) change({ camera: fitting(volume.grid, store.vr.value.camera, width, height) });
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
  if (!cut || outline.length < 3) return;
  const size = [width, height] as const;
  await work(behindOutline(outline, size, projection(camera, size, cut.shown.grid), take));
}

export async function removeBackground(unit: string): Promise<void> {
  if (!cut || store.vr.value.working !== null) return;
  change({ working: 0 });
  const away = await outsideBody(cut.shown, bodyThreshold(cut.shown, unit), (share) => {
    tell(share * 0.8);
  });
  await work(away, 0.8);
}

/** Drawing the number must not take longer than the work. */
function tell(share: number): void {
  if (share - (store.vr.value.working ?? 0) >= 0.1) change({ working: share });
}

async function work(away: Parameters<CutVolume['cut']>[0], from = 0): Promise<void> {
  const target = cut;
  if (!target) return;
  change({ working: from, nothing: false });
  const count = await target.cut(away, (share) => {
    tell(from + share * (1 - from));
  });
  if (target !== cut) return;
  redraw();
  change({ working: null, cuts: target.count, nothing: count === 0 });
}

export function undoCut(): void {
  if (!cut || store.vr.value.working !== null) return;
  cut.undo();
  redraw();
  change({ cuts: cut.count, nothing: false });
}

/** The whole volume again: cuts undone, box open. */
export function restoreCuts(): void {
  if (!cut || store.vr.value.working !== null) return;
  cut.reset();
  redraw();
  change({ cuts: 0, nothing: false, crop: store.WHOLE_CROP });
}
