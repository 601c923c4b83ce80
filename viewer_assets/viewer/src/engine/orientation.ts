/** A direction in DICOM's patient coordinates: x towards the left hand, y towards the back, z towards the head. */
export type Direction = readonly [number, number, number];

const LETTERS = [
  ['L', 'R'],
  ['P', 'A'],
  ['H', 'F'],
] as const;

const LEAST_SHARE = 0.2;

/**
 * Letters for a direction, the strongest first, e.g. `L`, `PF` (PS3.3 C.7.6.1.1.1).
 * A component below a fifth of the whole is left out.
 */
export function letters(direction: Direction): string {
  const length = Math.hypot(...direction);
  if (length === 0) return '';
  return direction
    .map((value, axis) => ({ share: Math.abs(value) / length, letter: LETTERS[axis]?.[value >= 0 ? 0 : 1] ?? '' }))
    .filter((item) => item.share >= LEAST_SHARE)
    .sort((a, b) => b.share - a.share)
    .map((item) => item.letter)
    .join('');
}

/** Letters at the four edges for the directions that point right and down on the screen. */
export function edgeLetters(right: Direction, down: Direction): { top: string; right: string; bottom: string; left: string } {
  const back = (v: Direction): Direction => [-v[0], -v[1], -v[2]];
  return { top: letters(back(down)), right: letters(right), bottom: letters(down), left: letters(back(right)) };
}
