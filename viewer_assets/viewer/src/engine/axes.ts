import { numbers, TAG } from '../dicomweb/dataset';
import type { Dataset } from '../dicomweb/types';

/** Row and column direction cosines, undefined when the file gives none (or not unit vectors). */
export function axes(dataset: Dataset): { row: number[]; column: number[] } | undefined {
  const values = numbers(dataset, TAG.orientation, 6);
  if (!values) return undefined;
  const row = values.slice(0, 3);
  const column = values.slice(3);
  const unit = (v: number[]) => Math.abs(Math.hypot(...v) - 1) < 0.05;
  return unit(row) && unit(column) ? { row, column } : undefined;
}
