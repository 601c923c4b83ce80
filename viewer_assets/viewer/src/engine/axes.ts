import { numbers, TAG } from '../dicomweb/dataset';
import type { Dataset } from '../dicomweb/types';
import type { Direction } from './orientation';

/** Row and column direction cosines, undefined when the file gives none (or not unit vectors). */
export function axes(dataset: Dataset): { row: Direction; column: Direction } | undefined {
  const [rx, ry, rz, cx, cy, cz] = numbers(dataset, TAG.orientation, 6) ?? [];
  if (rx === undefined || ry === undefined || rz === undefined || cx === undefined || cy === undefined || cz === undefined) return undefined;
  const [row, column]: [Direction, Direction] = [[rx, ry, rz], [cx, cy, cz]];
  const unit = (v: Direction) => Math.abs(Math.hypot(...v) - 1) < 0.05;
  return unit(row) && unit(column) ? { row, column } : undefined;
}
