import { spacingAt, type Calibration } from './calibration';
import { Tally, type Pixel, type RegionStats, type Values } from './measure';

/**
 * A closed outline, its corners in pixels; the last one is joined with the first.
 *
 * Area and perimeter come from the outline, the values from every pixel whose middle lies inside
 * (even-odd rule) or on it. An outline that crosses itself encloses no area that could be told:
 * the answer is then undefined.
 */
export function measureRegion(calibration: Calibration, outline: readonly Pixel[], values: Values | undefined): RegionStats | undefined {
  if (outline.length < 3 || crossesItself(outline)) return undefined;
  const { spacing, unit } = spacingAt(calibration, outline);
  let [doubled, perimeter] = [0, 0];
  for (const [from, to] of edges(outline)) {
    doubled += from[0] * to[1] - to[0] * from[1];
    perimeter += Math.hypot((to[0] - from[0]) * spacing[0], (to[1] - from[1]) * spacing[1]);
  }
  return {
    area: (Math.abs(doubled) / 2) * spacing[0] * spacing[1],
    areaUnit: unit === 'mm' ? 'mm²' : 'px²',
    perimeter,
    unit,
    ...(values ? tally(outline, values).summary() : { count: 0 }),
  };
}

type Edge = readonly [from: Pixel, to: Pixel];

function edges(outline: readonly Pixel[]): Edge[] {
  return outline.flatMap((from, at) => {
    const to = outline[(at + 1) % outline.length];
    return to ? [[from, to] as const] : [];
  });
}

function tally(outline: readonly Pixel[], picture: Values): Tally {
  const rows = outline.map(([, row]) => row);
  const last = Math.min(picture.rows - 1, Math.floor(Math.max(...rows)));
  const inside = new Tally();
  for (let row = Math.max(0, Math.ceil(Math.min(...rows))); row <= last; row++) {
    let next = 0;
    for (const [from, to] of spans(outline, row)) {
      const end = Math.min(picture.columns - 1, Math.floor(to));
      for (next = Math.max(next, Math.ceil(from)); next <= end; next++) inside.add(picture.at(next, row));
    }
  }
  return inside;
}

/** The parts of a row that lie inside or on the outline, from left to right; they may touch or overlap. */
function spans(outline: readonly Pixel[], row: number): [number, number][] {
  const crossings: number[] = [];
  const found: [number, number][] = [];
  for (const [[x0, y0], [x1, y1]] of edges(outline)) {
    if (y0 === row) found.push(y1 === row ? [Math.min(x0, x1), Math.max(x0, x1)] : [x0, x0]);
    if (y0 <= row === y1 <= row) continue;
    crossings.push(x0 + ((row - y0) / (y1 - y0)) * (x1 - x0));
  }
  crossings.sort((a, b) => a - b);
  for (let at = 0; at + 1 < crossings.length; at += 2) found.push([crossings[at] ?? 0, crossings[at + 1] ?? 0]);
  return found.sort((a, b) => a[0] - b[0]);
}

function side(a: Pixel, b: Pixel, c: Pixel): number {
  return Math.sign((b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0]));
}

function meet([a, b]: Edge, [c, d]: Edge): boolean {
  return side(a, b, c) * side(a, b, d) < 0 && side(c, d, a) * side(c, d, b) < 0;
}

export function crossesItself(outline: readonly Pixel[]): boolean {
  const all = edges(outline);
  return all.some((one, at) => all.slice(at + 2).some((other) => meet(one, other)));
}
