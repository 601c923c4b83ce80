import { items, number, numbers, TAG, text } from './dataset';
import { instancePath } from './client';
import type { Dataset } from './types';

/** One picture of a stack: an instance's frame. */
export interface StackImage {
  imageId: string;
  path: string;
  instance: string;
  /** Counts from 1. */
  frame: number;
  frameCount: number;
  dataset: Dataset;
}

export const SCHEME = 'yunying';
const MAX_FRAMES = 100_000;

/**
 * The pictures of a series in reading order: by Instance Number when every instance has its own,
 * else along the slice normal, else as the server listed them; frames of one instance in turn.
 * Instances without pixels are left out.
 */
export function buildStack(study: string, series: string, datasets: Dataset[]): StackImage[] {
  const pictures = datasets.filter(isImage);
  return inReadingOrder(pictures).flatMap((dataset) => {
    const instance = text(dataset, TAG.sopInstance);
    const frameCount = Math.min(Math.max(1, Math.trunc(number(dataset, TAG.frames) ?? 1)), MAX_FRAMES);
    return Array.from({ length: frameCount }, (_, index) => ({
      imageId: `${SCHEME}:${series}/${instance}/${index + 1}`,
      path: instancePath(study, series, instance),
      instance,
      frame: index + 1,
      frameCount,
      dataset,
    }));
  });
}

export function isImage(dataset: Dataset): boolean {
  const rows = number(dataset, TAG.rows) ?? 0;
  const columns = number(dataset, TAG.columns) ?? 0;
  return rows > 0 && columns > 0 && number(dataset, TAG.bitsAllocated) !== undefined && text(dataset, TAG.sopInstance) !== '';
}

function inReadingOrder(datasets: Dataset[]): Dataset[] {
  return sortedBy(datasets, (d) => number(d, TAG.instanceNumber)) ?? sortedBy(datasets, alongNormal(datasets)) ?? datasets;
}

/** Sorted by a key that every data set has and no two share; undefined when there is no such key. */
function sortedBy(datasets: Dataset[], key: (dataset: Dataset) => number | undefined): Dataset[] | undefined {
  const keyed = datasets.map((dataset) => ({ dataset, key: key(dataset) }));
  if (keyed.some((item) => item.key === undefined)) return undefined;
  if (new Set(keyed.map((item) => item.key)).size !== keyed.length) return undefined;
  return keyed.sort((a, b) => (a.key ?? 0) - (b.key ?? 0)).map((item) => item.dataset);
}

function alongNormal(datasets: Dataset[]): (dataset: Dataset) => number | undefined {
  const first = datasets[0] && numbers(datasets[0], TAG.orientation, 6);
  return (dataset) => {
    const axes = numbers(dataset, TAG.orientation, 6);
    const position = numbers(dataset, TAG.position, 3);
    if (!first || !axes || !position || axes.some((value, i) => Math.abs(value - (first[i] ?? 0)) > 1e-3)) return undefined;
    const [rx = 0, ry = 0, rz = 0, cx = 0, cy = 0, cz = 0] = axes;
    const normal = [ry * cz - rz * cy, rz * cx - rx * cz, rx * cy - ry * cx];
    return normal.reduce((sum, value, i) => sum + value * (position[i] ?? 0), 0);
  };
}

/**
 * Pictures a second as the file recommends, undefined when it does not say (PS3.3 C.7.6.5).
 * A Frame Time Vector counts by its mean; its first value belongs to no step and is 0.
 */
export function frameRate(dataset: Dataset): number | undefined {
  const times = (dataset[TAG.frameTimeVector]?.Value ?? []).slice(1).map(Number);
  const mean = times.reduce((sum, time) => sum + time, 0) / times.length;
  const positive = (value: number | undefined) => (value !== undefined && Number.isFinite(value) && value > 0 ? value : undefined);
  const time = positive(number(dataset, TAG.frameTime)) ?? positive(mean);
  const stated = positive(number(dataset, TAG.recommendedRate)) ?? positive(number(dataset, TAG.cineRate));
  return time === undefined ? stated : 1000 / time;
}

export function hasRegions(dataset: Dataset): boolean {
  return items(dataset, TAG.ultrasoundRegions).length > 0;
}
