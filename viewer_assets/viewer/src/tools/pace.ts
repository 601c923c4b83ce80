const LEAST_PIXELS_A_STEP = 4;
const FEWEST_STEPS_A_SCREEN = 24;

/** CSS pixels of a drag for each picture of a stack, in a pane so high. */
export function pixelsAStep(height: number, count: number): number {
  return Math.max(LEAST_PIXELS_A_STEP, height / Math.max(count, FEWEST_STEPS_A_SCREEN));
}
