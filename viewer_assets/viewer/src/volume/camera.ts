import { halfExtent, middle, toIndex, toPoint, indexSteps, type Grid, type Volume } from './grid';
import type { ScreenAxes } from './planes';
import { opacityAt, type Transfer } from './transfer';
import { add, along, cross, radians, rotate, scale, subtract, unit, type Vec3 } from '../engine/vector';

/** A parallel projection: what is in the middle of the picture, how it is turned, millimetres a pixel. */
export interface Camera extends ScreenAxes {
  centre: Vec3;
  pixel: number;
}

/** From where the patient is looked at. */
export const STANDARD_VIEWS = ['A', 'P', 'L', 'R', 'H', 'F'] as const;
export type StandardView = (typeof STANDARD_VIEWS)[number];

const [LEFT, BACK, HEAD]: Vec3[] = [[1, 0, 0], [0, 1, 0], [0, 0, 1]];
const back = (v: Vec3 | undefined): Vec3 => scale(v ?? [0, 0, 0], -1);

const VIEWS: Record<StandardView, ScreenAxes> = {
  A: { right: LEFT ?? [1, 0, 0], down: back(HEAD) },
  P: { right: back(LEFT), down: back(HEAD) },
  L: { right: BACK ?? [0, 1, 0], down: back(HEAD) },
  R: { right: back(BACK), down: back(HEAD) },
  H: { right: back(LEFT), down: BACK ?? [0, 1, 0] },
  F: { right: LEFT ?? [1, 0, 0], down: BACK ?? [0, 1, 0] },
};

/** The axes of a standard view: from the front the patient's left hand is on the right, the head on top. */
export function standardAxes(view: StandardView): ScreenAxes {
  return VIEWS[view];
}

/** The whole volume in a picture of this size, whichever way it is turned about its middle from here. */
export function fitting(grid: Grid, { right, down }: ScreenAxes, width: number, height: number): Camera {
  const pixel = Math.max((2 * halfExtent(grid, right)) / Math.max(1, width), (2 * halfExtent(grid, down)) / Math.max(1, height));
  return { right, down, centre: middle(grid), pixel };
}

/** The camera after a drag: what is nearest to the reader follows the pointer. */
export function trackball(camera: Camera, dx: number, dy: number, degreesPerPixel: number): Camera {
  const right = rotate(camera.right, camera.down, radians(dx * degreesPerPixel));
  const down = rotate(camera.down, right, radians(-dy * degreesPerPixel));
  const squared = unit(cross(cross(right, down), right));
  return { ...camera, right: unit(right), down: squared };
}

/** The camera gone about the body's long axis, as a cine run shows it: the front moves to the reader's right. */
export function spun(camera: Camera, degrees: number): Camera {
  const turned = (v: Vec3) => rotate(v, [0, 0, 1], radians(-degrees));
  return { ...camera, right: turned(camera.right), down: turned(camera.down) };
}

/** The point of the plane through the camera's centre beneath a pixel. */
export function beneath({ centre, right, down, pixel }: Camera, size: readonly [number, number], at: readonly [number, number]): Vec3 {
  return along(along(centre, right, (at[0] - size[0] / 2) * pixel), down, (at[1] - size[1] / 2) * pixel);
}

/** Where a point of the patient is seen, in pixels. */
export function seenAt({ centre, right, down, pixel }: Camera, size: readonly [number, number], point: Vec3): [number, number] {
  const offset = subtract(point, centre);
  const [x, y] = [right, down].map((axis) => (offset[0] * axis[0] + offset[1] * axis[1] + offset[2] * axis[2]) / pixel);
  return [(x ?? 0) + size[0] / 2, (y ?? 0) + size[1] / 2];
}

const HALF_SEEN = 0.5;

/** The first point on the ray through a pixel at which half the light is stopped: what the reader takes for the surface. */
export function pick({ grid, voxels }: Volume, transfer: Transfer, camera: Camera, size: readonly [number, number], at: readonly [number, number]): Vec3 | undefined {
  const into = cross(camera.right, camera.down);
  const reach = halfExtent(grid, into) + 1;
  const start = along(beneath(camera, size, at), into, -reach - Math.abs(into[0] + into[1] + into[2]));
  const from = toIndex(grid, start);
  const perMillimetre = indexSteps(grid, into);
  const step = 0.5;
  let light = 1;
  for (let depth = 0; depth < 2 * reach + 4; depth += step) {
    const index = along(from, perMillimetre, depth);
    const [x, y, z] = index.map(Math.round) as [number, number, number];
    if (x < 0 || y < 0 || z < 0 || x >= grid.size[0] || y >= grid.size[1] || z >= grid.size[2]) continue;
    const opacity = opacityAt(transfer, voxels[(z * grid.size[1] + y) * grid.size[0] + x] ?? 0);
    light *= (1 - opacity) ** step;
    if (light <= HALF_SEEN) return toPoint(grid, index);
  }
  return undefined;
}

/** Screen position as a function of voxel indices: `[x, y] = origin + steps · index`. */
export function projection(camera: Camera, size: readonly [number, number], grid: Grid): { origin: [number, number]; steps: [number, number][] } {
  const origin = seenAt(camera, size, grid.origin);
  const steps = grid.steps.map((step): [number, number] => {
    const [x, y] = seenAt(camera, size, add(grid.origin, step));
    return [x - origin[0], y - origin[1]];
  });
  return { origin, steps };
}
