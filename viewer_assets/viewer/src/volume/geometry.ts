import { frameDataset, number, numbers, TAG, text } from '../dicomweb/dataset';
import type { StackImage } from '../dicomweb/stack';
import type { Dataset } from '../dicomweb/types';
import type { Grid } from './grid';
import { along, cross, distance, dot, length, scale, subtract, unit, type Vec3 } from '../engine/vector';

/** Why no volume is made of a series; each has a sentence `refusal.<reason>`. */
export const REFUSALS = ['few', 'colour', 'size', 'spacing', 'unknownPosition', 'reference', 'orientation', 'duplicate', 'gap', 'tilt'] as const;
export type Refusal = (typeof REFUSALS)[number];

/** A trustworthy volume: its grid, and which picture of the stack each slice is. */
export interface Plan {
  grid: Grid;
  /** Indices into the stack, along the grid's third step. */
  order: readonly number[];
}

interface Slice {
  index: number;
  rows: number;
  columns: number;
  /** Millimetres between columns and between rows. */
  spacing: readonly [number, number];
  row: Vec3;
  column: Vec3;
  position: Vec3;
  reference: string;
}

const FEWEST = 5;
const SAME_SPACING = 1e-3;
const SAME_DIRECTION = 1e-3;
const RIGHT_ANGLE = 1e-3;
const NO_GAP_MM = 0.01;
const GAP_SHARE = 0.01;
const GAP_MM = 0.1;
/** How far off the straight line a slice may lie, in pixels: beyond, neighbours do not match. */
const DRIFT_PIXELS = 0.5;

/**
 * Whether the pictures of a stack make a volume with right angles and equal steps, in whatever order
 * they come (PS3.3 C.7.6.2.1.1: Image Position and Orientation (Patient), Pixel Spacing).
 *
 * Gaps may differ by 1 % or 0.1 mm, whichever is more. Slices that lie beside one another's line by
 * more than half a pixel (a tilted gantry) are refused: what is drawn through them would be skewed.
 */
export function planVolume(images: readonly StackImage[]): Plan | Refusal {
  if (images.length < FEWEST) return 'few';
  const datasets = images.map((image) => frameDataset(image.dataset, image.frame));
  if (!datasets.every(isGrey)) return 'colour';
  const slices: Slice[] = [];
  for (const [index, dataset] of datasets.entries()) {
    const slice = readSlice(dataset, index);
    if (typeof slice === 'string') return slice;
    slices.push(slice);
  }
  return unequal(slices) ?? arrange(slices);
}

function isGrey(dataset: Dataset): boolean {
  const photometric = text(dataset, TAG.photometric);
  return (number(dataset, TAG.samplesPerPixel) ?? 1) === 1 && (photometric === 'MONOCHROME1' || photometric === 'MONOCHROME2');
}

function readSlice(dataset: Dataset, index: number): Slice | Refusal {
  const axes = numbers(dataset, TAG.orientation, 6);
  const position = numbers(dataset, TAG.position, 3);
  if (!axes || !position) return 'unknownPosition';
  const row = axes.slice(0, 3) as unknown as Vec3;
  const column = axes.slice(3) as unknown as Vec3;
  if (Math.abs(length(row) - 1) > SAME_DIRECTION * 10 || Math.abs(length(column) - 1) > SAME_DIRECTION * 10) return 'unknownPosition';
  if (Math.abs(dot(row, column)) > RIGHT_ANGLE) return 'orientation';
  const [betweenRows, betweenColumns] = numbers(dataset, TAG.pixelSpacing, 2) ?? [];
  if (betweenRows === undefined || betweenColumns === undefined || betweenRows <= 0 || betweenColumns <= 0) return 'spacing';
  return {
    index,
    rows: number(dataset, TAG.rows) ?? 0,
    columns: number(dataset, TAG.columns) ?? 0,
    spacing: [betweenColumns, betweenRows],
    row: unit(row),
    column: unit(column),
    position: position as unknown as Vec3,
    reference: text(dataset, TAG.frameOfReference),
  };
}

function unequal(slices: readonly Slice[]): Refusal | undefined {
  const [first] = slices;
  if (!first) return 'few';
  const near = (a: number, b: number) => Math.abs(a - b) <= SAME_SPACING * Math.max(a, b);
  const apart = (a: Vec3, b: Vec3) => distance(a, b) > SAME_DIRECTION;
  for (const slice of slices) {
    if (slice.rows !== first.rows || slice.columns !== first.columns || slice.rows < 2 || slice.columns < 2) return 'size';
    if (!near(slice.spacing[0], first.spacing[0]) || !near(slice.spacing[1], first.spacing[1])) return 'spacing';
    if (slice.reference !== first.reference) return 'reference';
    if (apart(slice.row, first.row) || apart(slice.column, first.column)) return 'orientation';
  }
  return undefined;
}

function arrange(slices: readonly Slice[]): Plan | Refusal {
  const [any] = slices;
  if (!any) return 'few';
  const normal = unit(cross(any.row, any.column));
  const sorted = [...slices].sort((a, b) => dot(a.position, normal) - dot(b.position, normal));
  const [first, last] = [sorted[0] ?? any, sorted.at(-1) ?? any];
  const offsets = sorted.map((slice) => subtract(slice.position, first.position));
  const heights = offsets.map((offset) => dot(offset, normal));
  const gap = dot(subtract(last.position, first.position), normal) / (sorted.length - 1);
  const gaps = heights.slice(1).map((height, at) => height - (heights[at] ?? 0));
  if (gaps.some((one) => one < NO_GAP_MM)) return 'duplicate';
  if (gaps.some((one) => Math.abs(one - gap) > Math.max(GAP_MM, GAP_SHARE * gap))) return 'gap';
  const drift = Math.max(GAP_MM, DRIFT_PIXELS * Math.min(...first.spacing));
  if (offsets.some((offset, at) => length(along(offset, normal, -(heights[at] ?? 0))) > drift)) return 'tilt';
  return {
    grid: {
      size: [first.columns, first.rows, sorted.length],
      origin: first.position,
      steps: [scale(first.row, first.spacing[0]), scale(unit(cross(normal, first.row)), first.spacing[1]), scale(normal, gap)],
    },
    order: sorted.map((slice) => slice.index),
  };
}

/** The plan with every `every`-th slice only. */
export function thinOut({ grid, order }: Plan, every: number): Plan {
  if (every <= 1) return { grid, order };
  const kept = order.filter((_, at) => at % every === 0);
  return {
    grid: { ...grid, size: [grid.size[0], grid.size[1], kept.length], steps: [grid.steps[0], grid.steps[1], scale(grid.steps[2], every)] },
    order: kept,
  };
}
