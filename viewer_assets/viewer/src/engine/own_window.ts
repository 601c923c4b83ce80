import type { Types } from '@cornerstonejs/core';
import { voiFunction, type FrameInfo } from './frames';
import { windowToRange } from './presets';

/** The window of the file, or, where it gives none, from the least to the greatest value. */
export function ownRange({ windowWidth, windowCenter }: Types.IImage, exact: boolean): Types.VOIRange {
  const first = (value: number | number[]) => (Array.isArray(value) ? (value[0] ?? 0) : value);
  return windowToRange({ width: first(windowWidth), center: first(windowCenter) }, exact);
}

export function isExact(info: FrameInfo | undefined): boolean {
  return info !== undefined && voiFunction(info.dataset) === 'LINEAR_EXACT';
}
