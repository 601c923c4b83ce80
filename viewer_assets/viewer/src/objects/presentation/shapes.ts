import type { Area, Place } from '../../engine/presentation';

const ROUND = 72;
const BETWEEN = 12;

/** Circle: its middle and a point on it (PS3.3 C.10.5.1.2). */
export function circle([middle, edge]: readonly [Place, Place]): Place[] {
  const radius = Math.hypot(edge[0] - middle[0], edge[1] - middle[1]);
  return round(middle, [radius, 0], [0, radius]);
}

/** Ellipse: the ends of the major axis, then those of the minor one. */
export function ellipse([a, b, c, d]: readonly [Place, Place, Place, Place]): Place[] {
  const middle: Place = [(a[0] + b[0]) / 2, (a[1] + b[1]) / 2];
  return round(middle, [(b[0] - a[0]) / 2, (b[1] - a[1]) / 2], [(d[0] - c[0]) / 2, (d[1] - c[1]) / 2]);
}

/** All the way round a middle, by two half axes. */
export function round(middle: Place, along: Place, across: Place): Place[] {
  return Array.from({ length: ROUND + 1 }, (_, step) => {
    const angle = (2 * Math.PI * step) / ROUND;
    const [cos, sin] = [Math.cos(angle), Math.sin(angle)];
    return [middle[0] + along[0] * cos + across[0] * sin, middle[1] + along[1] * cos + across[1] * sin];
  });
}

/** A smooth line through all points (Catmull and Rom); the standard leaves the way between them open. */
export function smooth(points: readonly Place[]): Place[] {
  const [first, last] = [points[0], points[points.length - 1]];
  if (!first || !last || points.length < 3) return [...points];
  const closed = first[0] === last[0] && first[1] === last[1];
  const ring = closed ? points.slice(0, -1) : points;
  const at = (index: number): Place => (closed ? ring[(index + ring.length) % ring.length] : ring[Math.max(0, Math.min(ring.length - 1, index))]) ?? first;
  const found: Place[] = [];
  for (let index = 0; index < (closed ? ring.length : ring.length - 1); index++) {
    const [p, q, r, s] = [at(index - 1), at(index), at(index + 1), at(index + 2)];
    for (let step = 0; step < BETWEEN; step++) {
      const t = step / BETWEEN;
      const mix = (axis: 0 | 1) =>
        0.5 * (2 * q[axis] + (r[axis] - p[axis]) * t + (2 * p[axis] - 5 * q[axis] + 4 * r[axis] - s[axis]) * t * t + (3 * q[axis] - p[axis] - 3 * r[axis] + s[axis]) * t ** 3);
      found.push([mix(0), mix(1)]);
    }
  }
  return [...found, last];
}

/**
 * A place of the displayed area, [0, 0] its upper left corner as it is seen, [1, 1] the lower right
 * (PS3.3 C.10.5.1.1 DISPLAY), as column and row of the picture.
 */
export function fromDisplay([u, v]: Place, { from, to }: Pick<Area, 'from' | 'to'>, rotation: number, flip: boolean): Place {
  const [low, high]: [Place, Place] = [
    [Math.min(from[0], to[0]), Math.min(from[1], to[1])],
    [Math.max(from[0], to[0]), Math.max(from[1], to[1])],
  ];
  // Back the way that the picture came: first the flip, then the turn.
  const x = flip ? 1 - u : u;
  const turned: Record<number, Place> = { 90: [v, 1 - x], 180: [1 - x, 1 - v], 270: [1 - v, x] };
  const [s, t] = turned[rotation] ?? [x, v];
  return [low[0] + s * (high[0] - low[0]), low[1] + t * (high[1] - low[1])];
}
