import { Enums, utilities, type Types } from '@cornerstonejs/core';
import { COLOURS, type ColourName } from './colours';
import type { Grey } from './grey';

/** What is done to a picture beside its window: for the eye alone, no measured value changes. */
export interface Look {
  colour: ColourName | null;
  /** Steps 0 (off) to 3. */
  sharpen: number;
  smooth: number;
}

export const PLAIN: Look = { colour: null, sharpen: 0, smooth: 0 };

/** Cornerstone's intensities of the steps. */
const SHARPEN = [0, 0.2, 0.5, 1];
const SMOOTH = [0, 2.5, 5, 10];

const REVERSED = '/reversed';

/** Makes the colour maps known under their names, each also with its ends exchanged. */
export function registerColours(register: (map: { name: string; Name: string; ColorSpace: string; RGBPoints: number[] }) => void): void {
  for (const [name, stops] of Object.entries(COLOURS)) {
    const points = stops.map(([place, ...rgb]) => [place, ...rgb.map((part) => part / 255)]);
    const reversed = [...points].reverse().map(([place = 0, ...rgb]) => [1 - place, ...rgb]);
    for (const [key, list] of [[name, points], [name + REVERSED, reversed]] as const) {
      register({ name: key, Name: key, ColorSpace: 'RGB', RGBPoints: list.flat() });
    }
  }
}

interface VoiSetter {
  setVOI: (range: Types.VOIRange, options: { forceRecreateLUTFunction: boolean }) => void;
}

const coloured = new WeakSet<Types.IStackViewport>();

const curves = new WeakMap<object, string>();
let named = 0;

/** A curve is drawn as a map of grey colours: cornerstone knows no other way between two values. */
function curveMap(curve: NonNullable<Grey['curve']>, invert: boolean): string {
  let name = curves.get(curve);
  if (name === undefined) {
    name = `curve/${++named}`;
    curves.set(curve, name);
    for (const [key, shade] of [[name, (grey: number) => grey], [name + REVERSED, (grey: number) => 1 - grey]] as const) {
      const RGBPoints = curve.flatMap(([at, grey]) => [at, shade(grey), shade(grey), shade(grey)]);
      utilities.colormap.registerColormap({ name: key, Name: key, ColorSpace: 'RGB', RGBPoints });
    }
  }
  return invert ? name + REVERSED : name;
}

function rises(curve: NonNullable<Grey['curve']>): boolean {
  const steps = curve.slice(1).map(([, grey], at) => grey - (curve[at]?.[1] ?? 0));
  return steps.every((step) => step >= 0) || steps.every((step) => step <= 0);
}

/** Gives a picture window, inversion and look. An inverted colour map runs the other way, its colours stay. */
export function applyLook(viewport: Types.IStackViewport, look: Look, voiRange: Types.VOIRange, invert: boolean, curve?: Grey['curve']): void {
  const filters = { sharpening: SHARPEN[look.sharpen] ?? 0, smoothing: SMOOTH[look.smooth] ?? 0 };
  // Between two values a table that goes up and down has anything: nothing is mixed before it.
  const interpolationType = curve && !rises(curve) ? Enums.InterpolationType.NEAREST : Enums.InterpolationType.LINEAR;
  const name = look.colour !== null ? look.colour + (invert ? REVERSED : '') : curve ? curveMap(curve, invert) : undefined;
  if (name !== undefined) {
    viewport.setProperties({ voiRange, invert: false, interpolationType, ...filters });
    viewport.setProperties({ colormap: { name } });
    coloured.add(viewport);
    return;
  }
  if (coloured.delete(viewport)) {
    viewport.setProperties({ invert: false });
    (viewport as unknown as VoiSetter).setVOI(voiRange, { forceRecreateLUTFunction: true });
  }
  viewport.setProperties({ voiRange, invert, interpolationType, ...filters });
}
