import { crossLines } from '../actions';
import type { Pane } from '../planes';

/** Lines leave the middle free, so that what the cursor points at is seen. */
const GAP = 14;
const HANDLE_SHARE = 0.36;
const GRIP = 22;

export type Point = readonly [number, number];

export interface CrossLine {
  pane: Pane;
  /** Two strokes, each from near the cursor to beyond the edge. */
  strokes: readonly (readonly [Point, Point])[];
  /** Where the line is taken hold of to turn the planes. */
  handles: readonly Point[];
}

/** The other planes' lines in a pane, through the cursor's place. */
export function crossHair(pane: Pane, cursor: Point, width: number, height: number): CrossLine[] {
  const far = width + height;
  const reach = Math.min(width, height) * HANDLE_SHARE;
  return crossLines(pane).map(({ pane: other, direction: [dx, dy] }) => {
    const at = (distance: number): Point => [cursor[0] + dx * distance, cursor[1] + dy * distance];
    return {
      pane: other,
      strokes: [1, -1].map((side) => [at(side * GAP), at(side * far)] as const),
      handles: [at(reach), at(-reach)],
    };
  });
}

/** Whether a press takes hold of a handle. */
export function grips(lines: readonly CrossLine[], at: Point): boolean {
  return lines.some(({ handles }) => handles.some((handle) => Math.hypot(handle[0] - at[0], handle[1] - at[1]) <= GRIP));
}

/** Degrees, clockwise, from one place to another as seen from the cursor. */
export function turned(cursor: Point, from: Point, to: Point): number {
  const angle = (point: Point) => (Math.atan2(point[1] - cursor[1], point[0] - cursor[0]) * 180) / Math.PI;
  return ((angle(to) - angle(from) + 540) % 360) - 180;
}
