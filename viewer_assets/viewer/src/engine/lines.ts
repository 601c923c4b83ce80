import { spacingAt, type Calibration } from './calibration';
import { measureLength, type Length, type Pixel } from './measure';

type Segment = readonly [from: Pixel, to: Pixel];

/** The way along a line of many points; `closed` counts the way back to the first. */
export function measurePath(calibration: Calibration, points: readonly Pixel[], closed = false): Length {
  const { unit } = spacingAt(calibration, points);
  const whole: Calibration = unit === 'px' ? { kind: 'none', spacing: [1, 1], regions: [] } : calibration;
  let length = 0;
  points.forEach((from, at) => {
    const to = at + 1 < points.length ? points[at + 1] : closed ? points[0] : undefined;
    if (to) length += measureLength(whole, from, to).length;
  });
  return { length, unit };
}

/**
 * The Cobb angle between two lines, whether or not they meet in the picture, degrees 0..180.
 *
 * Each line counts in the direction that points to the same side of the way from the middle of the
 * first to that of the second, as end plates lie across a spine: so it matters neither which end is
 * drawn first nor how the picture is turned, and a curve of more than 90° keeps its angle. Undefined
 * while a line has no length.
 */
export function measureCobb(calibration: Calibration, one: Segment, other: Segment): number | undefined {
  const { spacing } = spacingAt(calibration, [...one, ...other]);
  const flat = ([column, row]: Pixel) => [column * spacing[0], row * spacing[1]] as const;
  const [a, b, c, d] = [flat(one[0]), flat(one[1]), flat(other[0]), flat(other[1])];
  const between = [(c[0] + d[0] - a[0] - b[0]) / 2, (c[1] + d[1] - a[1] - b[1]) / 2] as const;
  const along = (from: readonly [number, number], to: readonly [number, number]) => {
    const [x, y] = [to[0] - from[0], to[1] - from[1]];
    return between[0] * y - between[1] * x < 0 ? ([-x, -y] as const) : ([x, y] as const);
  };
  const [u, v] = [along(a, b), along(c, d)];
  if (Math.hypot(...u) === 0 || Math.hypot(...v) === 0) return undefined;
  const angle = (Math.abs(Math.atan2(u[0] * v[1] - u[1] * v[0], u[0] * v[0] + u[1] * v[1])) * 180) / Math.PI;
  // Lines through one middle have no side in common: the smaller angle is meant.
  return Math.hypot(...between) === 0 ? Math.min(angle, 180 - angle) : angle;
}
