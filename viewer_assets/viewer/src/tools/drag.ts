import type { Types } from '@cornerstonejs/core';
import { Enums, store, type Types as ToolTypes } from '@cornerstonejs/tools';

const { MOUSE_DRAG, MOUSE_UP, MOUSE_CLICK, TOUCH_DRAG, TOUCH_END } = Enums.Events;
const MOVES: string[] = [MOUSE_DRAG, TOUCH_DRAG];
const ENDS: string[] = [MOUSE_UP, MOUSE_CLICK, TOUCH_END];

export type DragDetail = ToolTypes.EventTypes.MouseDragEventDetail;

interface Handlers {
  move: (detail: DragDetail) => void;
  end: () => void;
}

/** From a press to its release; meanwhile no other tool answers. */
export class Drag {
  private stopListening: (() => void) | undefined;

  get active(): boolean {
    return this.stopListening !== undefined;
  }

  start(element: HTMLDivElement, { move, end }: Handlers): void {
    this.stop();
    const onMove = (event: Event) => {
      move((event as CustomEvent<DragDetail>).detail);
    };
    const onEnd = () => {
      this.stop();
      end();
    };
    for (const name of MOVES) element.addEventListener(name, onMove);
    for (const name of ENDS) element.addEventListener(name, onEnd);
    store.state.isInteractingWithTool = true;
    this.stopListening = () => {
      for (const name of MOVES) element.removeEventListener(name, onMove);
      for (const name of ENDS) element.removeEventListener(name, onEnd);
      store.state.isInteractingWithTool = false;
    };
  }

  stop(): void {
    this.stopListening?.();
    this.stopListening = undefined;
  }
}

interface Outline {
  points: Types.Point2[];
  closed?: boolean;
}

/** Whether a place of the screen is near a figure's lines. */
export function grasp(figures: readonly Outline[], at: Types.Point2, proximity: number): boolean {
  return figures.some(({ points, closed }) =>
    points.some((from, index) => {
      const to = points[index + 1] ?? (closed ? points[0] : from);
      return to !== undefined && distance(at, from, to) <= proximity;
    }),
  );
}

function distance(at: Types.Point2, from: Types.Point2, to: Types.Point2): number {
  const [x, y] = [to[0] - from[0], to[1] - from[1]];
  const squared = x * x + y * y;
  const share = squared === 0 ? 0 : Math.max(0, Math.min(1, ((at[0] - from[0]) * x + (at[1] - from[1]) * y) / squared));
  return Math.hypot(at[0] - from[0] - share * x, at[1] - from[1] - share * y);
}
