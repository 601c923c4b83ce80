import type { GreySteps, Lut, VoiWindow } from './presentation';
import { windowToRange } from './presets';

/** How a picture's stored values become the values that are told, and which can occur. */
export interface StoredValues {
  slope: number;
  intercept: number;
  bits: number;
  signed: boolean;
}

/** Grey by value: a straight way between two of the picture's values, or a curve between them. */
export interface Grey {
  lower: number;
  upper: number;
  /** Place (0 at `lower`, 1 at `upper`) and grey (0 to 1); null for the straight way. */
  curve: readonly (readonly [place: number, grey: number])[] | null;
}

/** More values than these are joined by straight lines between some of them. */
const MOST_STEPS = 1024;

/**
 * What a presentation state makes of a picture's values (PS3.4 N.2). A Modality LUT that it does not
 * have is none: the picture's own is not applied, and its values are only told in the usual unit.
 */
export function greyOf({ modality, voi, output }: GreySteps, stored: StoredValues): Grey {
  const least = stored.signed ? -(2 ** (stored.bits - 1)) : 0;
  const most = least + 2 ** stored.bits - 1;
  const told = (value: number) => value * stored.slope + stored.intercept;
  const linear = modality === null ? { slope: 1, intercept: 0 } : 'values' in modality ? undefined : modality;
  const straight = output === null && linear !== undefined && linear.slope !== 0 && (voi === null || ('width' in voi && voi.shape !== 'SIGMOID'));
  if (straight) {
    const range = voi && 'width' in voi ? windowToRange(voi, voi.shape === 'LINEAR_EXACT') : { lower: least * linear.slope + linear.intercept, upper: most * linear.slope + linear.intercept };
    const back = (value: number) => told((value - linear.intercept) / linear.slope);
    return { lower: back(range.lower), upper: back(range.upper), curve: null };
  }
  const modalityOf = (value: number) => (linear ? value * linear.slope + linear.intercept : lookUp(modality as Lut, value));
  const ends: readonly [number, number] = linear ? [modalityOf(least), modalityOf(most)] : [0, 2 ** (modality as Lut).bits - 1];
  const greyAt = (value: number) => {
    const share = voiShare(voi, modalityOf(value), ends);
    return output ? outputShare(output, share) : share;
  };
  return { lower: told(least), upper: told(most), curve: curveOf(greyAt, least, most) };
}

function curveOf(greyAt: (value: number) => number, least: number, most: number): [number, number][] {
  const span = most - least;
  const points: [number, number][] = [];
  if (span < MOST_STEPS) {
    for (let value = least; value <= most; value++) {
      // Each value is a step of its own: a table need not be smooth.
      const grey = greyAt(value);
      points.push([Math.max(0, (value - 0.499 - least) / span), grey], [Math.min(1, (value + 0.499 - least) / span), grey]);
    }
    return points;
  }
  for (let step = 0; step <= MOST_STEPS; step++) {
    const value = Math.round(least + (step / MOST_STEPS) * span);
    points.push([(value - least) / span, greyAt(value)]);
  }
  return points;
}

function lookUp({ first, values }: Lut, value: number): number {
  return values[Math.max(0, Math.min(values.length - 1, Math.round(value) - first))] ?? 0;
}

function full(bits: number): number {
  return 2 ** bits - 1;
}

/** Into the table's whole length, wherever it begins (PS3.3 C.11.6: the input is scaled to it). */
function outputShare(lut: Lut, share: number): number {
  return lookUp(lut, lut.first + share * (lut.values.length - 1)) / full(lut.bits);
}

function voiShare(voi: Lut | VoiWindow | null, value: number, [from, to]: readonly [number, number]): number {
  const clamp = (share: number) => Math.max(0, Math.min(1, share));
  if (voi === null) return clamp((value - from) / (to - from));
  if ('values' in voi) return lookUp(voi, value) / full(voi.bits);
  if (voi.shape === 'SIGMOID') return 1 / (1 + Math.exp((-4 * (value - voi.center)) / voi.width));
  const { lower, upper } = windowToRange(voi, voi.shape === 'LINEAR_EXACT');
  return upper > lower ? clamp((value - lower) / (upper - lower)) : value > lower ? 1 : 0;
}

/** Grey 0 to 1 of a value. */
export function greyAt({ lower, upper, curve }: Grey, value: number): number {
  const share = Math.max(0, Math.min(1, (value - lower) / (upper - lower)));
  if (!curve) return share;
  let [low, high] = [0, curve.length - 1];
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if ((curve[middle]?.[0] ?? 0) <= share) low = middle;
    else high = middle;
  }
  const [from, to] = [curve[low], curve[high]];
  if (!from || !to) return share;
  const part = to[0] === from[0] ? 0 : (share - from[0]) / (to[0] - from[0]);
  return from[1] + Math.max(0, Math.min(1, part)) * (to[1] - from[1]);
}
