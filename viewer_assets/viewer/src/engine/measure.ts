import { spacingAt, type Calibration } from './calibration';

/** Positions in pixels: [column, row], the middle of the first pixel is [0, 0]. */
export type Pixel = readonly [column: number, row: number];

export interface Length {
  length: number;
  unit: 'mm' | 'px';
}

/** Of what lies inside an outline. */
export interface RegionStats {
  area: number;
  areaUnit: 'mm²' | 'px²';
  perimeter: number;
  unit: 'mm' | 'px';
  /** Pixels whose middle lies inside; undefined values when there is none, or the picture is in colour. */
  count: number;
  mean?: number;
  /** Population standard deviation. */
  deviation?: number;
  min?: number;
  max?: number;
  sum?: number;
}

/** A grey picture's values after rescaling. */
export interface Values {
  columns: number;
  rows: number;
  at(column: number, row: number): number;
}

export function measureLength(calibration: Calibration, from: Pixel, to: Pixel): Length {
  const { spacing, unit } = spacingAt(calibration, [from, to]);
  return { length: Math.hypot((to[0] - from[0]) * spacing[0], (to[1] - from[1]) * spacing[1]), unit };
}

/** The angle at `vertex`, degrees 0..180; undefined while an arm has no length. */
export function measureAngle(calibration: Calibration, from: Pixel, vertex: Pixel, to: Pixel): number | undefined {
  const { spacing } = spacingAt(calibration, [from, vertex, to]);
  const a = [(from[0] - vertex[0]) * spacing[0], (from[1] - vertex[1]) * spacing[1]] as const;
  const b = [(to[0] - vertex[0]) * spacing[0], (to[1] - vertex[1]) * spacing[1]] as const;
  if (Math.hypot(...a) === 0 || Math.hypot(...b) === 0) return undefined;
  return (Math.abs(Math.atan2(a[0] * b[1] - a[1] * b[0], a[0] * b[0] + a[1] * b[1])) * 180) / Math.PI;
}

/**
 * An ellipse given by the ends of its two axes.
 *
 * Area and perimeter come from the axes (perimeter by Ramanujan's second approximation); the values
 * from every pixel whose middle lies inside or on the curve.
 */
export function measureEllipse(
  calibration: Calibration,
  axisA: readonly [Pixel, Pixel],
  axisB: readonly [Pixel, Pixel],
  values: Values | undefined,
): RegionStats {
  const { spacing, unit } = spacingAt(calibration, [...axisA, ...axisB]);
  const half = (axis: readonly [Pixel, Pixel]) => measureLengthWith(spacing, axis[0], axis[1]) / 2;
  const [a, b] = [half(axisA), half(axisB)];
  const h = a + b === 0 ? 0 : ((a - b) / (a + b)) ** 2;
  return {
    area: Math.PI * a * b,
    areaUnit: unit === 'mm' ? 'mm²' : 'px²',
    perimeter: Math.PI * (a + b) * (1 + (3 * h) / (10 + Math.sqrt(4 - 3 * h))),
    unit,
    ...(values ? ellipseValues(axisA, axisB, values) : { count: 0 }),
  };
}

function measureLengthWith(spacing: readonly [number, number], from: Pixel, to: Pixel): number {
  return Math.hypot((to[0] - from[0]) * spacing[0], (to[1] - from[1]) * spacing[1]);
}

function ellipseValues(axisA: readonly [Pixel, Pixel], axisB: readonly [Pixel, Pixel], picture: Values): ValueStats {
  const centre = [(axisA[0][0] + axisA[1][0]) / 2, (axisA[0][1] + axisA[1][1]) / 2] as const;
  const u = [(axisA[1][0] - axisA[0][0]) / 2, (axisA[1][1] - axisA[0][1]) / 2] as const;
  const v = [(axisB[1][0] - axisB[0][0]) / 2, (axisB[1][1] - axisB[0][1]) / 2] as const;
  const determinant = u[0] * v[1] - u[1] * v[0];
  if (determinant === 0) return { count: 0 };
  const reachX = Math.hypot(u[0], v[0]);
  const reachY = Math.hypot(u[1], v[1]);
  const inside = new Tally();
  const lastRow = Math.min(picture.rows - 1, centre[1] + reachY);
  const lastColumn = Math.min(picture.columns - 1, centre[0] + reachX);
  for (let row = Math.max(0, Math.ceil(centre[1] - reachY)); row <= lastRow; row++) {
    for (let column = Math.max(0, Math.ceil(centre[0] - reachX)); column <= lastColumn; column++) {
      const [dx, dy] = [column - centre[0], row - centre[1]];
      const s = (dx * v[1] - dy * v[0]) / determinant;
      const t = (dy * u[0] - dx * u[1]) / determinant;
      if (s * s + t * t <= 1) inside.add(picture.at(column, row));
    }
  }
  return inside.summary();
}

type ValueStats = Pick<RegionStats, 'count' | 'mean' | 'deviation' | 'min' | 'max' | 'sum'>;

/** Adds up values one by one, relative to the first, so that small deviations around great values keep their digits. */
export class Tally {
  private count = 0;
  private first = 0;
  private sum = 0;
  private squares = 0;
  private min = Infinity;
  private max = -Infinity;

  add(value: number): void {
    if (this.count === 0) this.first = value;
    const shifted = value - this.first;
    this.count++;
    this.sum += shifted;
    this.squares += shifted * shifted;
    if (value < this.min) this.min = value;
    if (value > this.max) this.max = value;
  }

  summary(): ValueStats {
    const { count, first, sum, squares, min, max } = this;
    if (count === 0) return { count };
    const shifted = sum / count;
    const deviation = Math.sqrt(Math.max(0, squares / count - shifted * shifted));
    return { count, mean: first + shifted, deviation, min, max, sum: first * count + sum };
  }
}
