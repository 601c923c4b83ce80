/** Filters for looking, never on by themselves: each changes what a diagnosis rests on. */

export interface Filters {
  /** High pass, 0.5 Hz. */
  baseline: boolean;
  /** Notch, 50 Hz. */
  mains: boolean;
  /** Low pass, 35 Hz. */
  muscle: boolean;
}

export const NO_FILTERS: Filters = { baseline: false, mains: false, muscle: false };
export const BASELINE_HZ = 0.5;
export const MAINS_HZ = 50;
export const MUSCLE_HZ = 35;
const NOTCH_Q = 30;

/** A second-order section, a0 = 1. */
interface Section {
  b: [number, number, number];
  a: [number, number];
}

type Kind = 'low' | 'high' | 'notch';

/** R. Bristow-Johnson's cookbook formulas for a biquad of quality `q`. */
function section(kind: Kind, frequency: number, sampling: number, q: number): Section {
  const w = (2 * Math.PI * frequency) / sampling;
  const [cos, alpha] = [Math.cos(w), Math.sin(w) / (2 * q)];
  const numerators: Record<Kind, [number, number, number]> = {
    low: [(1 - cos) / 2, 1 - cos, (1 - cos) / 2],
    high: [(1 + cos) / 2, -(1 + cos), (1 + cos) / 2],
    notch: [1, -2 * cos, 1],
  };
  const a0 = 1 + alpha;
  const [b0, b1, b2] = numerators[kind];
  return { b: [b0 / a0, b1 / a0, b2 / a0], a: [(-2 * cos) / a0, (1 - alpha) / a0] };
}

function run(values: Float64Array, { b, a }: Section): void {
  const first = values[0] ?? 0;
  // Begins as if the first value had been there for ever: no step, no ringing.
  const settled = (first * (b[0] + b[1] + b[2])) / (1 + a[0] + a[1]);
  let [x1, x2, y1, y2] = [first, first, settled, settled];
  for (let i = 0; i < values.length; i++) {
    const x = values[i] ?? 0;
    const y = b[0] * x + b[1] * x1 + b[2] * x2 - a[0] * y1 - a[1] * y2;
    [x2, x1, y2, y1] = [x1, x, y1, y];
    values[i] = y;
  }
}

/**
 * Forward and backward, so that nothing is shifted and no phase turns an ST segment; each filter
 * therefore acts twice (-6 dB at its frequency).
 */
function bothWays(values: Float64Array, one: Section): void {
  run(values, one);
  values.reverse();
  run(values, one);
  values.reverse();
}

/** Whether the sampling is fine enough for each filter to be what it says. */
export function possible(frequency: number): Filters {
  return { baseline: frequency > 4 * BASELINE_HZ, mains: frequency > 2.2 * MAINS_HZ, muscle: frequency > 2.2 * MUSCLE_HZ };
}

/** The filtered values; gaps (NaN) stay gaps, what lies between two gaps is filtered by itself. */
export function filtered(values: Float32Array, frequency: number, filters: Filters): Float32Array {
  const can = possible(frequency);
  const sections = [
    ...(filters.baseline && can.baseline ? [section('high', BASELINE_HZ, frequency, Math.SQRT1_2)] : []),
    ...(filters.mains && can.mains ? [section('notch', MAINS_HZ, frequency, NOTCH_Q)] : []),
    ...(filters.muscle && can.muscle ? [section('low', MUSCLE_HZ, frequency, Math.SQRT1_2)] : []),
  ];
  if (sections.length === 0) return values;
  const result = new Float32Array(values.length).fill(NaN);
  for (let start = 0; start < values.length; start++) {
    if (Number.isNaN(values[start])) continue;
    let end = start;
    while (end < values.length && !Number.isNaN(values[end])) end++;
    result.set(filterRun(values.subarray(start, end), frequency, sections), start);
    start = end;
  }
  return result;
}

/** Both ends are continued point-symmetrically, so that a slope does not begin with a swing. */
function filterRun(values: Float32Array, frequency: number, sections: Section[]): Float64Array {
  const margin = Math.min(values.length - 1, Math.ceil(2 * frequency));
  const padded = new Float64Array(values.length + 2 * margin);
  const [first, last] = [values[0] ?? 0, values[values.length - 1] ?? 0];
  padded.set(values, margin);
  for (let i = 1; i <= margin; i++) {
    padded[margin - i] = 2 * first - (values[i] ?? 0);
    padded[margin + values.length - 1 + i] = 2 * last - (values[values.length - 1 - i] ?? 0);
  }
  for (const one of sections) bothWays(padded, one);
  return padded.subarray(margin, margin + values.length);
}
