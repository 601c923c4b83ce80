import { tilesAt, type Level, type Slide, type Tile } from './pyramid';

/** What of a slide is on the screen: the slide's pixel in the middle, and CSS pixels for one of its pixels. */
export interface View {
  x: number;
  y: number;
  scale: number;
}

export type Size = readonly [width: number, height: number];
export type Point = readonly [x: number, y: number];

/** Enlarged further a pixel tells nothing more. */
const LARGEST = 8;

export function matrix(slide: Slide): Size {
  const base = slide.levels[0];
  return [base?.columns ?? 1, base?.rows ?? 1];
}

/** The whole slide in the middle. */
export function fit(size: Size, pane: Size): View {
  const scale = Math.min(pane[0] / size[0], pane[1] / size[1]);
  return { x: size[0] / 2, y: size[1] / 2, scale: scale > 0 ? scale : 1 };
}

/** Never smaller than half of the whole, never beyond the slide's edge with the middle. */
export function held(view: View, size: Size, pane: Size): View {
  const least = Math.min(fit(size, pane).scale / 2, 1);
  const clamp = (value: number, most: number) => Math.max(0, Math.min(most, value));
  return { x: clamp(view.x, size[0]), y: clamp(view.y, size[1]), scale: Math.max(least, Math.min(LARGEST, view.scale)) };
}

/** The slide's pixel at a place of the pane. */
export function toSlide(view: View, pane: Size, [x, y]: Point): Point {
  return [view.x + (x - pane[0] / 2) / view.scale, view.y + (y - pane[1] / 2) / view.scale];
}

export function toPane(view: View, pane: Size, [x, y]: Point): Point {
  return [pane[0] / 2 + (x - view.x) * view.scale, pane[1] / 2 + (y - view.y) * view.scale];
}

/** Enlarged by a factor; what lies at `at` stays there. */
export function zoomed(view: View, size: Size, pane: Size, factor: number, at: Point): View {
  const fixed = toSlide(view, pane, at);
  const { scale } = held({ ...view, scale: view.scale * factor }, size, pane);
  return held({ x: fixed[0] - (at[0] - pane[0] / 2) / scale, y: fixed[1] - (at[1] - pane[1] / 2) / scale, scale }, size, pane);
}

/** The coarsest level that is as fine as the screen; a fifth too coarse is not seen. */
export function levelFor(slide: Slide, scale: number, pixelRatio: number): Level | undefined {
  const wanted = 1.2 / (scale * pixelRatio);
  return [...slide.levels].reverse().find(({ factor }) => factor[0] <= wanted) ?? slide.levels[0];
}

/** The level's tiles that are on the screen, those in the middle first. */
export function visibleTiles(level: Level, layer: number, view: View, pane: Size): Tile[] {
  const [left, top] = toSlide(view, pane, [0, 0]);
  const [right, bottom] = toSlide(view, pane, pane);
  const [width, height] = [level.tile[0] * level.factor[0], level.tile[1] * level.factor[1]];
  const last = [Math.ceil(level.columns / level.tile[0]) - 1, Math.ceil(level.rows / level.tile[1]) - 1] as const;
  // A tile with a place of its own may begin in the cell before.
  const before = level.placed ? 1 : 0;
  const [fromX, fromY] = [Math.max(0, Math.floor(left / width) - before), Math.max(0, Math.floor(top / height) - before)];
  const [toX, toY] = [Math.min(last[0], Math.floor(right / width)), Math.min(last[1], Math.floor(bottom / height))];
  const found: Tile[] = [];
  for (let y = fromY; y <= toY; y++) for (let x = fromX; x <= toX; x++) found.push(...tilesAt(level, layer, x, y));
  const distance = (tile: Tile) => Math.hypot((tile.x + level.tile[0] / 2) * level.factor[0] - view.x, (tile.y + level.tile[1] / 2) * level.factor[1] - view.y);
  return found.sort((a, b) => distance(a) - distance(b));
}

/** The longest of 1, 2, 5 × 10ⁿ micrometres that fits `most` CSS pixels. */
export function scaleBar(spacing: number, scale: number, most: number): { pixels: number; label: string } {
  const micrometres = (spacing * 1000) / scale;
  const longest = most * micrometres;
  const power = 10 ** Math.floor(Math.log10(longest));
  const length = [5, 2, 1].map((step) => step * power).find((value) => value <= longest) ?? power;
  return { pixels: length / micrometres, label: lengthText(length / 1000) };
}

/** Micrometres below a millimetre, else millimetres; three digits that count. */
export function lengthText(millimetres: number): string {
  const [value, unit] = millimetres < 1 ? [millimetres * 1000, 'µm'] : [millimetres, 'mm'];
  return `${Number(value.toPrecision(value >= 100 ? 4 : 3))} ${unit}`;
}

/** Of a line between two of the slide's pixels; in pixels where the file gives no spacing. */
export function lineText([x0, y0]: Point, [x1, y1]: Point, spacing: Slide['spacing']): string {
  if (!spacing) return `${Math.hypot(x1 - x0, y1 - y0).toFixed(0)} px`;
  return lengthText(Math.hypot((x1 - x0) * spacing[0], (y1 - y0) * spacing[1]));
}

/** How many times the screen enlarges, by the lens; null when the file does not tell it. */
export function magnification(slide: Slide, scale: number): number | null {
  return slide.objective === null ? null : slide.objective * scale;
}
