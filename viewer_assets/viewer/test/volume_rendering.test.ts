import { describe, expect, it } from 'vitest';
import { bodyThreshold, fillHoles, keepLargest, outsideBody, spread } from '../src/volume/local/background';
import { beneath, fitting, pick, projection, seenAt, spun, standardAxes, STANDARD_VIEWS, trackball, type StandardView } from '../src/volume/camera';
import { behindOutline, CutVolume, insideOutline, reduced } from '../src/volume/local/cuts';
import { middle, toPoint, type Grid } from '../src/volume/grid';
import { VolumeBuilder } from '../src/volume/local/load';
import { edgesOf } from '../src/volume/planes';
import { leastThinning } from '../src/volume/session';
import { NO_SHIFT, opacityAt, transferOf, usualRange, vrPresetsFor } from '../src/volume/transfer';
import { cross, dot, type Vec3 } from '../src/engine/vector';
import { fieldVolume, GRID } from './volume_phantom';

const SIZE = [200, 160] as const;

describe('a standard view', () => {
  it.each<[StandardView, string]>([
    ['A', 'H L F R'],
    ['P', 'H R F L'],
    ['L', 'H P F A'],
    ['R', 'H A F P'],
    ['H', 'A R P L'],
    ['F', 'A L P R'],
  ])('%s has %s at its edges', (view, letters) => {
    const { top, right, bottom, left } = edgesOf(standardAxes(view));
    expect([top, right, bottom, left].join(' ')).toBe(letters);
  });

  it('is looked at from the side that it is named after', () => {
    const from: Record<StandardView, Vec3> = { A: [0, -1, 0], P: [0, 1, 0], L: [1, 0, 0], R: [-1, 0, 0], H: [0, 0, 1], F: [0, 0, -1] };
    for (const view of STANDARD_VIEWS) {
      const { right, down } = standardAxes(view);
      expect(dot(cross(right, down), from[view])).toBeCloseTo(-1);
    }
  });

  it('holds the whole volume', () => {
    for (const view of STANDARD_VIEWS) {
      const camera = fitting(GRID, standardAxes(view), ...SIZE);
      for (const corner of [0, 1, 2, 3, 4, 5, 6, 7]) {
        const point = toPoint(GRID, [corner & 1 ? 20 : 0, corner & 2 ? 16 : 0, corner & 4 ? 10 : 0]);
        const [x, y] = seenAt(camera, SIZE, point);
        expect(x >= 0 && y >= 0 && x <= SIZE[0] && y <= SIZE[1]).toBe(true);
      }
    }
  });
});

describe('turning', () => {
  const camera = fitting(GRID, standardAxes('A'), ...SIZE);
  const nose: Vec3 = [0, -6, 0];

  it('takes what is in front along with the pointer', () => {
    expect(seenAt(trackball(camera, 20, 0, 0.4), SIZE, nose)[0]).toBeGreaterThan(100);
    expect(seenAt(trackball(camera, 0, 20, 0.4), SIZE, nose)[1]).toBeGreaterThan(80);
    expect(seenAt(spun(camera, 10), SIZE, nose)[0]).toBeGreaterThan(100);
  });

  it('comes back and stays square', () => {
    let turned = camera;
    for (let i = 0; i < 300; i++) turned = trackball(turned, 7, i % 2 ? 5 : -4, 0.4);
    expect(Math.abs(dot(turned.right, turned.down))).toBeLessThan(1e-9);
    const round = Array.from({ length: 36 }).reduce<typeof camera>((at) => spun(at, 10), camera);
    round.right.forEach((value, axis) => { expect(value).toBeCloseTo(camera.right[axis]!); });
  });
});

describe('a cut', () => {
  const SQUARE: [number, number][] = [[10, 20], [30, 20], [30, 40], [10, 40]];

  it('outline counts pixels by their middles', () => {
    const table = insideOutline(SQUARE, 50, 50);
    expect(table.reduce((sum, one) => sum + one, 0)).toBe(400);
    expect([table[20 * 50 + 10], table[19 * 50 + 10], table[20 * 50 + 30]]).toEqual([1, 0, 0]);
    // The hole of a ring drawn crosswise stays outside.
    expect(insideOutline([[0, 0], [10, 10], [10, 0], [0, 10]], 10, 10)[5]).toBe(0);
  });

  const camera = fitting(GRID, standardAxes('A'), ...SIZE);
  const leftHalf: [number, number][] = [[99, 0], [200, 0], [200, 160], [99, 160]];

  it.each(['inside', 'outside'] as const)('takes what lies %s the outline, is undone and reset', async (take) => {
    const volume = fieldVolume(GRID, () => 7);
    const withAir = { ...volume, range: [-1000, 7] as const };
    const cut = new CutVolume(withAir);
    const away = behindOutline(leftHalf, SIZE, projection(camera, SIZE, GRID), take);
    // The right of the screen is the patient's left, x > 0.
    const count = await cut.cut(away);
    expect(count).toBe((take === 'inside' ? 11 : 10) * 17 * 11);
    const at = (column: number) => cut.shown.voxels[(5 * 17 + 8) * 21 + column];
    expect([at(0), at(20)]).toEqual(take === 'inside' ? [7, -1000] : [-1000, 7]);
    expect(withAir.voxels.every((value) => value === 7)).toBe(true);
    await cut.cut((_, row) => row === 0);
    cut.undo();
    expect([cut.count, cut.shown.voxels[0]]).toEqual([1, take === 'inside' ? 7 : -1000]);
    cut.reset();
    expect(cut.shown.voxels).toEqual(withAir.voxels);
    expect(cut.count).toBe(0);
  });

  it('that takes nothing is no operation', async () => {
    const cut = new CutVolume(fieldVolume(GRID, () => 7));
    expect(await cut.cut(() => false)).toBe(0);
    expect(cut.count).toBe(0);
  });
});

it('a point is picked on the surface that is seen, not behind it', () => {
  const ball = fieldVolume(GRID, (point) => (Math.hypot(...point) < 4 ? 1000 : -1000));
  const transfer = transferOf('bone', [0, 1], NO_SHIFT);
  const camera = fitting(GRID, standardAxes('A'), ...SIZE);
  const point = pick(ball, transfer, camera, SIZE, seenAt(camera, SIZE, [0, 0, 0]));
  expect(point?.[1]).toBeGreaterThan(-5);
  expect(point?.[1]).toBeLessThan(-2.5);
  const fromBehind = fitting(GRID, standardAxes('P'), ...SIZE);
  expect(pick(ball, transfer, fromBehind, SIZE, [100, 80])?.[1]).toBeGreaterThan(2.5);
  expect(pick(ball, transfer, camera, SIZE, [2, 2])).toBeUndefined();
  expect(beneath(camera, SIZE, [100, 80])).toEqual(middle(GRID));
});

describe('the background', () => {
  const BODY: Grid = { size: [40, 40, 12], origin: [-20, -20, 0], steps: [[1, 0, 0], [0, 1, 0], [0, 0, 1]] };
  /** A body with a lung, on a table that touches it in one line, and a cable. */
  const scene = fieldVolume(BODY, ([x, y]) => {
    if (Math.hypot(x, y) < 14) return Math.hypot(x - 3, y) < 4 ? -850 : 40;
    if (y >= 14 && y < 16.5) return 200;
    if (x < -17 && y < -17) return 300;
    return -1000;
  });

  it('is everything but the body; what is hollow in the body stays', async () => {
    const away = await outsideBody(scene, bodyThreshold(scene, 'HU'));
    const at = (x: number, y: number) => away(x + 20, y + 20, 6);
    expect([at(0, 0), at(3, 0), at(-8, 2), at(0, -13)]).toEqual([false, false, false, false]);
    expect([at(17, 15), at(-17, 15), at(-19, -19), at(17, -5)]).toEqual([true, true, true, true]);
  });

  it('in a picture without HU is parted by Otsu’s threshold', () => {
    const two = fieldVolume(BODY, ([x]) => (x > 0 ? 700 + (x % 3) : 20 + (x % 3)));
    expect(bodyThreshold(two, '')).toBeGreaterThan(25);
    expect(bodyThreshold(two, '')).toBeLessThan(700);
  });

  it('helpers wear away, keep the largest, fill holes', async () => {
    const line = Uint8Array.from([0, 1, 1, 1, 0, 1, 0, 0, 0]);
    spread(line, 9, 1, 1, 0);
    expect([...line]).toEqual([0, 0, 0, 0, 0, 0, 0, 0, 0]);
    const solid = Uint8Array.from({ length: 49 }, (_, i) => (i % 7 > 0 && i % 7 < 6 && i > 6 && i < 42 ? 1 : 0));
    spread(solid, 7, 7, 1, 0);
    expect(solid.reduce((sum, one) => sum + one, 0)).toBe(9);
    const parts = Uint8Array.from([1, 1, 0, 1, 0, 0, 0, 1, /* next slice */ 1, 0, 0, 0, 0, 0, 0, 0]);
    await keepLargest(parts, 4, 2, 2);
    expect([...parts]).toEqual([1, 1, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0]);
    const ring = Uint8Array.from([0, 0, 0, 0, 0, 0, 1, 1, 1, 0, 0, 1, 0, 1, 0, 0, 1, 1, 1, 0, 0, 0, 0, 0, 0]);
    fillHoles(ring, 5, 5);
    expect(ring[12]).toBe(1);
    expect(ring[0]).toBe(0);
  });
});

describe('colours', () => {
  it('of CT are bound to HU, of others to the picture’s own range', () => {
    expect(vrPresetsFor('HU')).toContain('lung');
    expect(vrPresetsFor('')).toEqual(['mrDefault', 'mrVessel', 'mrSurface']);
    expect(transferOf('bone', [0, 10], NO_SHIFT)[0]?.value).toBe(150);
    expect(transferOf('mrDefault', [100, 200], NO_SHIFT).at(-1)?.value).toBe(200);
  });

  it('are moved and widened about their middle', () => {
    const plain = transferOf('bone', [0, 1], NO_SHIFT);
    const moved = transferOf('bone', [0, 1], { offset: 0.1, width: 2 });
    expect(moved[0]!.value - plain[0]!.value).toBeCloseTo(-1050 / 2 + 105);
    expect(opacityAt(plain, 0)).toBe(0);
    expect(opacityAt(plain, 200)).toBeCloseTo(0.125);
    expect(opacityAt(plain, 5000)).toBe(0.95);
  });

  it('take the usual range without the extremes', () => {
    const volume = fieldVolume(GRID, ([x, y, z]) => (x === -5 && y === -6.4 && z === -12.5 ? 1e6 : x));
    expect(usualRange(volume)[1]).toBeLessThan(2000);
  });
});

describe('loading', () => {
  const plan = { grid: { ...GRID, size: [2, 2, 2] as const }, order: [0, 1] };
  const picture = (values: number[], slope = 1, intercept = 0) =>
    ({ slope, intercept, voxelManager: { getScalarData: () => Int16Array.from(values) } }) as unknown as Parameters<VolumeBuilder['write']>[1];

  it('rescales, in two bytes a voxel while the values are whole', () => {
    const builder = new VolumeBuilder(plan);
    builder.write(1, picture([1, 2, 3, 4], 2, -1000));
    builder.write(0, picture([0, 0, 0, 9]));
    const volume = builder.finish();
    expect(volume.voxels).toEqual(Int16Array.from([0, 0, 0, 9, -998, -996, -994, -992]));
    expect(volume.range).toEqual([-998, 9]);
  });

  it('takes four bytes when a value has a fraction or is too great', () => {
    const builder = new VolumeBuilder(plan);
    builder.write(0, picture([1, 2, 3, 4]));
    builder.write(1, picture([1, 2, 3, 4], 0.5));
    expect(builder.finish().voxels).toEqual(Float32Array.from([1, 2, 3, 4, 0.5, 1, 1.5, 2]));
    const great = new VolumeBuilder(plan);
    great.write(0, picture([30_000, 0, 0, 0], 2));
    expect(great.finish().voxels[0]).toBe(60_000);
  });

  it('refuses a picture of another size', () => {
    expect(() => { new VolumeBuilder(plan).write(0, picture([1, 2, 3])); }).toThrow();
  });

  it('leaves out slices only beyond what fits', () => {
    expect([leastThinning(64, 64), leastThinning(65, 64), leastThinning(200, 64)]).toEqual([1, 2, 4]);
  });
});

it('what is rendered is made coarser in the plane first, about the same middle', () => {
  const small = reduced(fieldVolume(GRID, ([x]) => x), 1000, 2048);
  expect(small.grid.size).toEqual([10, 8, 11]);
  const [nx, ny] = small.grid.size;
  expect(small.voxels.length).toBe(nx * ny * 11);
  expect(small.voxels[0]).toBeCloseTo(-4.75);
  expect(toPoint(small.grid, [0, 0, 0])[0]).toBeCloseTo(-4.75);
  expect(reduced(fieldVolume(GRID, () => 0), 1e9, 2048).grid).toBe(GRID);
  expect(reduced(fieldVolume(GRID, () => 0), 1e9, 12).grid.size).toEqual([10, 8, 11]);
});
