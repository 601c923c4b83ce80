import { distance, inOneSpace, parallel, type Plane } from './planes';
import { dot, type Vec3 } from './vector';

/** The planes of a series' pictures in their order; undefined where the file does not tell. */
export type Track = readonly (Plane | undefined)[];

/** Where two series were when they were linked: that these two pictures belong together. */
export interface Anchor {
  moved: number;
  other: number;
}

/**
 * The picture of `other` that belongs to picture `index` of `moved`; undefined when it has none.
 *
 * Series in one space meet by position. Parallel ones of different spaces (another date, another
 * patient) keep the distance that they had when they were linked. Without geometry on both sides
 * pictures are counted. Planes across each other do not follow.
 */
export function follow(moved: Track, index: number, other: Track, anchor: Anchor): number | undefined {
  const here = moved[index];
  const [from, to] = [moved[anchor.moved], other[anchor.other]];
  if (!here || !from || !to) {
    return moved.some(Boolean) && other.some(Boolean) ? undefined : clamp(anchor.other + index - anchor.moved, other.length);
  }
  if (!parallel(here, to)) return undefined;
  if (inOneSpace(here, to)) return nearest(other, here.position);
  const direction = Math.sign(dot(here.normal, to.normal));
  const wanted = distance(here.position, from) * direction;
  return best(other, (plane) => Math.abs(distance(plane.position, to) - wanted));
}

/** The picture whose plane is nearest to a point. */
export function nearest(track: Track, point: Vec3): number | undefined {
  return best(track, (plane) => Math.abs(distance(point, plane)));
}

function best(track: Track, cost: (plane: Plane) => number): number | undefined {
  let [least, found]: [number, number | undefined] = [Infinity, undefined];
  track.forEach((plane, index) => {
    const value = plane ? cost(plane) : Infinity;
    if (value < least) [least, found] = [value, index];
  });
  return found;
}

function clamp(index: number, count: number): number {
  return Math.max(0, Math.min(index, count - 1));
}
