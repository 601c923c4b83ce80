import type { Point } from './view';

export interface GestureEvents {
  move: (by: Point) => void;
  /** Around a place of the pane. */
  zoom: (factor: number, at: Point) => void;
  /** A line is drawn: its ends so far. `done` when the pointer is let go. */
  draw: (from: Point, to: Point, done: boolean) => void;
  drawing: () => boolean;
}

const WHEEL = 0.0015;
const DOUBLE_TAP_MS = 320;
const NEAR = 24;
const TAP = 8;

/** One pointer moves or draws, two pinch, two quick taps enlarge. Returns what ends it. */
export function listen(element: HTMLElement, events: GestureEvents): () => void {
  const pointers = new Map<number, Point>();
  let start: Point | null = null;
  let tapped: { at: Point; time: number } | null = null;
  let pinched = false;
  const at = ({ clientX, clientY }: PointerEvent | WheelEvent): Point => {
    const box = element.getBoundingClientRect();
    return [clientX - box.left, clientY - box.top];
  };
  const down = (event: PointerEvent) => {
    if (event.button !== 0) return;
    element.setPointerCapture(event.pointerId);
    pointers.set(event.pointerId, at(event));
    start = pointers.size === 1 ? at(event) : null;
    pinched = pointers.size > 1;
  };
  const move = (event: PointerEvent) => {
    const before = pointers.get(event.pointerId);
    if (!before) return;
    const now = at(event);
    const other = [...pointers].find(([id]) => id !== event.pointerId)?.[1];
    pointers.set(event.pointerId, now);
    if (other) {
      const distance = (point: Point) => Math.hypot(point[0] - other[0], point[1] - other[1]);
      const middle: Point = [(now[0] + other[0]) / 2, (now[1] + other[1]) / 2];
      events.move([(now[0] - before[0]) / 2, (now[1] - before[1]) / 2]);
      if (distance(before) > 0) events.zoom(distance(now) / distance(before), middle);
    } else if (start && events.drawing()) {
      events.draw(start, now, false);
    } else if (!pinched) {
      events.move([now[0] - before[0], now[1] - before[1]]);
    }
  };
  const up = (event: PointerEvent) => {
    if (!pointers.delete(event.pointerId)) return;
    const now = at(event);
    const still = start !== null && Math.hypot(now[0] - start[0], now[1] - start[1]) < TAP;
    if (start && !still && events.drawing()) events.draw(start, now, true);
    if (still && !events.drawing()) {
      const quick = tapped && event.timeStamp - tapped.time < DOUBLE_TAP_MS && Math.hypot(now[0] - tapped.at[0], now[1] - tapped.at[1]) < NEAR;
      if (quick) events.zoom(2, now);
      tapped = quick ? null : { at: now, time: event.timeStamp };
    }
    start = null;
  };
  const cancel = (event: PointerEvent) => {
    pointers.delete(event.pointerId);
    start = null;
  };
  const wheel = (event: WheelEvent) => {
    event.preventDefault();
    // Pages and lines (deltaMode 1, 2) become about as many pixels.
    const pixels = event.deltaY * ([1, 20, 400][event.deltaMode] ?? 1);
    events.zoom(Math.exp(-Math.max(-400, Math.min(400, pixels)) * WHEEL), at(event));
  };
  element.addEventListener('pointerdown', down);
  element.addEventListener('pointermove', move);
  element.addEventListener('pointerup', up);
  element.addEventListener('pointercancel', cancel);
  element.addEventListener('wheel', wheel, { passive: false });
  return () => {
    element.removeEventListener('pointerdown', down);
    element.removeEventListener('pointermove', move);
    element.removeEventListener('pointerup', up);
    element.removeEventListener('pointercancel', cancel);
    element.removeEventListener('wheel', wheel);
  };
}
