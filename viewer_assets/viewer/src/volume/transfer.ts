import type { Volume } from './grid';

/** A value's colour (0..1 each) and how much of the light it stops on a millimetre. */
export interface TransferPoint {
  value: number;
  colour: readonly [number, number, number];
  opacity: number;
}

export type Transfer = readonly TransferPoint[];

export const VR_PRESETS = ['bone', 'vessel', 'soft', 'lung', 'skin', 'mrDefault', 'mrVessel', 'mrSurface'] as const;
export type VrPreset = (typeof VR_PRESETS)[number];

const point = (value: number, red: number, green: number, blue: number, opacity: number): TransferPoint => ({ value, colour: [red, green, blue], opacity });

/** CT by Hounsfield units. */
const CT: Partial<Record<VrPreset, Transfer>> = {
  bone: [point(150, 0.62, 0.36, 0.28, 0), point(250, 0.78, 0.56, 0.42, 0.25), point(450, 0.93, 0.86, 0.72, 0.8), point(1200, 1, 0.98, 0.93, 0.95)],
  vessel: [point(120, 0.55, 0.1, 0.08, 0), point(180, 0.75, 0.18, 0.12, 0.35), point(300, 0.92, 0.42, 0.28, 0.75), point(500, 0.96, 0.88, 0.74, 0.9)],
  soft: [point(-100, 0.75, 0.45, 0.3, 0), point(0, 0.8, 0.4, 0.3, 0.06), point(60, 0.85, 0.42, 0.34, 0.25), point(200, 0.95, 0.75, 0.6, 0.5), point(500, 1, 0.97, 0.9, 0.9)],
  lung: [point(-950, 0.3, 0.45, 0.7, 0), point(-880, 0.4, 0.55, 0.8, 0.015), point(-700, 0.85, 0.7, 0.62, 0.1), point(-400, 0.95, 0.68, 0.56, 0.12), point(-200, 0.95, 0.6, 0.5, 0)],
  skin: [point(-500, 0.85, 0.6, 0.48, 0), point(-300, 0.92, 0.7, 0.57, 0.5), point(0, 0.94, 0.74, 0.62, 0.95), point(1000, 1, 0.95, 0.9, 1)],
};

/** Elsewhere by shares of the picture's own range: its values have no absolute meaning. */
const RELATIVE: Partial<Record<VrPreset, Transfer>> = {
  mrDefault: [point(0.1, 0.2, 0.15, 0.12, 0), point(0.25, 0.55, 0.4, 0.32, 0.05), point(0.5, 0.8, 0.68, 0.55, 0.25), point(1, 1, 0.97, 0.9, 0.7)],
  mrVessel: [point(0.45, 0.5, 0.1, 0.08, 0), point(0.6, 0.8, 0.25, 0.15, 0.3), point(1, 1, 0.85, 0.7, 0.9)],
  mrSurface: [point(0.06, 0.8, 0.62, 0.5, 0), point(0.14, 0.88, 0.7, 0.58, 0.7), point(1, 1, 0.95, 0.9, 1)],
};

/** Those offered for a series, the first by default. */
export function vrPresetsFor(unit: string): VrPreset[] {
  return Object.keys(unit === 'HU' ? CT : RELATIVE) as VrPreset[];
}

/** How a preset is moved along the values (in shares of their span) and narrowed or widened. */
export interface TransferShift {
  offset: number;
  width: number;
}

export const NO_SHIFT: TransferShift = { offset: 0, width: 1 };

/** Range that a preset's shares refer to: all but the darkest and brightest half percent. */
export function usualRange({ voxels, range }: Volume): [number, number] {
  const bins = new Uint32Array(1024);
  const span = range[1] - range[0] || 1;
  const every = Math.max(1, Math.floor(voxels.length / 500_000));
  let total = 0;
  for (let i = 0; i < voxels.length; i += every, total++) {
    const bin = Math.min(1023, Math.floor((((voxels[i] ?? 0) - range[0]) / span) * 1024));
    bins[bin] = (bins[bin] ?? 0) + 1;
  }
  const level = (share: number) => {
    let seen = 0;
    const bin = bins.findIndex((count) => (seen += count) >= share * total);
    return range[0] + ((bin + 0.5) / 1024) * span;
  };
  return [level(0.005), level(0.995)];
}

/** A preset in the volume's own values, moved as the user moved it. */
export function transferOf(preset: VrPreset, usual: readonly [number, number], { offset, width }: TransferShift): Transfer {
  const absolute = CT[preset];
  const points = absolute ?? (RELATIVE[preset] ?? []).map((item) => ({ ...item, value: usual[0] + item.value * (usual[1] - usual[0]) }));
  const [low, high] = [points[0]?.value ?? 0, points.at(-1)?.value ?? 1];
  const [middle, span] = [(low + high) / 2, high - low];
  return points.map((item) => ({ ...item, value: middle + (item.value - middle) * width + offset * span }));
}

/** How much a value stops on a millimetre; beyond the ends as at the ends. */
export function opacityAt(transfer: Transfer, value: number): number {
  const next = transfer.findIndex((item) => item.value >= value);
  if (next === 0) return transfer[0]?.opacity ?? 0;
  if (next < 0) return transfer.at(-1)?.opacity ?? 0;
  const [low, high] = [transfer[next - 1], transfer[next]];
  if (!low || !high) return 0;
  return low.opacity + ((high.opacity - low.opacity) * (value - low.value)) / (high.value - low.value || 1);
}
