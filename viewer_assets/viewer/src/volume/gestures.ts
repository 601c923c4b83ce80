import { signal } from '@preact/signals';

/** A button or a finger is down somewhere: what it moves goes on moving. */
export const handsOn = signal(false);

/** A place in the element, CSS pixels from its upper left corner. */
export type Place = readonly [number, number];

/** What happens from a press to its release. */
export interface Drag {
  move(at: Place, by: Place): void;
  /** `moved`: further than a trembling finger. `cancelled`: a second finger came. */
  end?(at: Place, moved: boolean, cancelled: boolean): void;
}

export type Button = 'primary' | 'secondary' | 'middle';

export interface Gestures {
  press(at: Place, button: Button): Drag | undefined;
  wheel(steps: number, zooming: boolean): void;
  /** Two fingers: how much further apart, how much they went together. */
  pinch(factor: number, by: Place): void;
  doublePress?(at: Place): void;
}

const TREMBLE = 4;
const DOUBLE_MS = 320;
const WHEEL_STEP = 60;
const BUTTONS: readonly Button[] = ['primary', 'middle', 'secondary'];

interface Press {
  from: Place;
  last: Place;
  drag: Drag | undefined;
  moved: boolean;
}

/** Mouse, pen and fingers on one element, in one language. Returns what stops listening. */
export function listen(element: HTMLElement, gestures: Gestures): () => void {
  const fingers = new Map<number, Place>();
  let press: Press | undefined;
  let lastPress = { time: -Infinity, at: [0, 0] as Place };
  let wheelRest = 0;
  const place = (event: MouseEvent): Place => {
    const box = element.getBoundingClientRect();
    return [event.clientX - box.left, event.clientY - box.top];
  };
  const finish = (cancelled: boolean) => {
    press?.drag?.end?.(press.last, press.moved, cancelled);
    press = undefined;
  };
  const pinch = (id: number, at: Place) => {
    const [a, b] = [...fingers.values()];
    fingers.set(id, at);
    const [c, d] = [...fingers.values()];
    if (!a || !b || !c || !d) return;
    const apart = (one: Place, two: Place) => Math.max(1, Math.hypot(one[0] - two[0], one[1] - two[1]));
    gestures.pinch(apart(c, d) / apart(a, b), [(c[0] + d[0] - a[0] - b[0]) / 2, (c[1] + d[1] - a[1] - b[1]) / 2]);
  };
  const on = {
    pointerdown: (event: PointerEvent) => {
      if (event.target instanceof HTMLElement && event.target.closest('button, input, select')) return;
      event.preventDefault();
      const at = place(event);
      element.setPointerCapture(event.pointerId);
      fingers.set(event.pointerId, at);
      handsOn.value = true;
      if (fingers.size > 1) {
        finish(true);
        return;
      }
      press = { from: at, last: at, drag: gestures.press(at, BUTTONS[event.button] ?? 'primary'), moved: false };
    },
    pointermove: (event: PointerEvent) => {
      if (!fingers.has(event.pointerId)) return;
      const at = place(event);
      if (fingers.size > 1) {
        pinch(event.pointerId, at);
        return;
      }
      fingers.set(event.pointerId, at);
      if (!press) return;
      const by: Place = [at[0] - press.last[0], at[1] - press.last[1]];
      press.moved ||= Math.hypot(at[0] - press.from[0], at[1] - press.from[1]) > TREMBLE;
      press.last = at;
      press.drag?.move(at, by);
    },
    pointerup: (event: PointerEvent) => {
      const ours = fingers.delete(event.pointerId);
      if (ours) handsOn.value = fingers.size > 0;
      if (!ours || !press) return;
      const { moved, last } = press;
      finish(false);
      const near = Math.hypot(last[0] - lastPress.at[0], last[1] - lastPress.at[1]) < 24;
      const doubled = !moved && near && event.timeStamp - lastPress.time < DOUBLE_MS;
      lastPress = { time: moved || doubled ? -Infinity : event.timeStamp, at: last };
      if (doubled) gestures.doublePress?.(last);
    },
    pointercancel: (event: PointerEvent) => {
      fingers.delete(event.pointerId);
      handsOn.value = fingers.size > 0;
      finish(true);
    },
    wheel: (event: WheelEvent) => {
      event.preventDefault();
      const pixels = event.deltaMode === WheelEvent.DOM_DELTA_PIXEL ? event.deltaY : event.deltaY * WHEEL_STEP;
      wheelRest += pixels / WHEEL_STEP;
      // A notch of a mouse is one step at least; a touchpad's small movements add up to one.
      const steps = Math.abs(pixels) >= WHEEL_STEP ? Math.sign(pixels) * Math.max(1, Math.min(3, Math.floor(Math.abs(pixels) / WHEEL_STEP / 2))) : Math.trunc(wheelRest);
      if (steps === 0) return;
      wheelRest = 0;
      gestures.wheel(steps, event.ctrlKey);
    },
    contextmenu: (event: Event) => {
      event.preventDefault();
    },
  };
  for (const [name, listener] of Object.entries(on)) element.addEventListener(name, listener as EventListener, { passive: false });
  return () => {
    if (fingers.size > 0) handsOn.value = false;
    for (const [name, listener] of Object.entries(on)) element.removeEventListener(name, listener as EventListener);
  };
}
