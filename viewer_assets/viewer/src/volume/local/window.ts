import { windowToRange, type Window } from '../../engine/presets';

/** A 256-step window over values as RGBA, opaque; what is not a number is black. PS3.3 C.11.2.1.2.1 */
export function paintGreys(values: Float32Array, window: Window, inverted: boolean, target: Uint32Array): void {
  const { lower, upper } = windowToRange(window);
  const factor = 255 / (upper - lower || 1);
  for (let i = 0; i < values.length; i++) {
    const value = values[i] ?? NaN;
    if (Number.isNaN(value)) {
      target[i] = BLACK;
      continue;
    }
    const grey = Math.min(255, Math.max(0, Math.round((value - lower) * factor)));
    target[i] = BLACK | ((inverted ? 255 - grey : grey) * 0x010101);
  }
}

const BLACK = 0xff000000 | 0;
