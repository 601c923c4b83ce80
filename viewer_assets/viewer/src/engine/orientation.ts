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

const OPPOSITE: Record<string, string> = { L: 'R', R: 'L', P: 'A', A: 'P', H: 'F', F: 'H' };
const STATED = /^(?!.*(.).*\1)(?!.*L.*R|.*R.*L|.*P.*A|.*A.*P|.*H.*F|.*F.*H)[LRPAHF]{1,3}$/;

export interface Edges {
  top: string;
  right: string;
  bottom: string;
  left: string;
}

/** Letters towards which the rows and the columns of the picture as it is stored run. */
export interface StatedOrientation {
  row: string;
  column: string;
}

/** Patient Orientation (0020,0020) of a biped (PS3.3 C.7.6.1.1.1); undefined when it is not fit to be shown. */
export function statedOrientation(values: readonly string[]): StatedOrientation | undefined {
  const [row, column] = values;
  if (row === undefined || column === undefined || values.length !== 2) return undefined;
  return STATED.test(row) && STATED.test(column) ? { row, column } : undefined;
}

/** Letters at the edges of a projection; `right` and `down` are along its own rows (x) and columns (y). */
export function statedEdges({ row, column }: StatedOrientation, right: Direction, down: Direction): Edges {
  const opposite = (text: string) => Array.from(text, (letter) => OPPOSITE[letter] ?? '').join('');
  const towards = ([x, y]: Direction) => {
    const [along, text] = Math.abs(x) > Math.abs(y) ? [x, row] : [y, column];
    return along > 0 ? text : opposite(text);
  };
  const [rightText, downText] = [towards(right), towards(down)];
  return { top: opposite(downText), right: rightText, bottom: downText, left: opposite(rightText) };
}

/** Letters at the four edges for the directions that point right and down on the screen. */
export function edgeLetters(right: Direction, down: Direction): Edges {
  const back = (v: Direction): Direction => [-v[0], -v[1], -v[2]];
  return { top: letters(back(down)), right: letters(right), bottom: letters(down), left: letters(back(right)) };
}
