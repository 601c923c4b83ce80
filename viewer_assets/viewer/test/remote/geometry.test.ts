import { describe, expect, it } from 'vitest';
import { distance } from '../../src/engine/vector';
import { beneath, standardAxes } from '../../src/volume/camera';
import type { Operation, PlaneScene } from '../../src/volume/drawing';
import { toPatient } from '../../src/volume/planes';
import { asked, pictureOf, planeView, raster } from '../../src/volume/remote/geometry';
import { frame } from './node';

describe('a pane in the node’s pixels', () => {
  it.each([
    [401.5, 300.25, 0.8, 1],
    [390, 640, 1.1, 2],
    [2600, 1500, 0.3, 2],
    [300, 200, 0.005, 1],
    [12, 9, 1, 1],
  ])('is as wide in millimetres as on the screen: %d × %d', (width, height, pixel, density) => {
    const placed = raster(width, height, pixel, density);
    expect(placed.size.every((side) => Number.isInteger(side) && side >= 16 && side <= 2048)).toBe(true);
    expect(placed.size[0] * placed.pixel).toBeCloseTo(width * pixel, 9);
    expect(placed.pixel).toBeGreaterThan(0.0099);
  });

  it('is asked for as it lies', () => {
    const scene: PlaneScene = {
      plane: { centre: [1, 2, 3], right: [1, 0, 0], down: [0, 0, -1] }, width: 200, height: 100, pixel: 0.5,
      slab: { thickness: 10, projection: 'max' }, window: { width: 400, center: 40 }, inverted: false,
    };
    expect(planeView(scene, 2, true)).toEqual({
      mode: 'mpr', size: [400, 200], pixel: 0.25, orientation: { right: [1, 0, 0], down: [0, 0, -1] }, centre: [1, 2, 3],
      slab: { thickness: 10, projection: 'max' }, window: { center: 40, width: 400 }, inverted: false, lossless: true,
    });
  });
});

describe('a picture on the screen', () => {
  it.each([200, 100, 640])('measures in millimetres what was sent, %d pixels wide', (width) => {
    const sent = frame({ width: 200, height: 100, pixel: 0.5 });
    const { plane, pixel } = pictureOf(sent, width);
    const [left, right] = [[0, 10], [width, 10]].map((at) => toPatient(plane, pixel, [width, width / 2], at as [number, number]));
    expect(distance(left!, right!)).toBeCloseTo(100, 9);
    expect(toPatient(plane, pixel, [width, width / 2], [width / 2, width / 4])).toEqual([1, 2, 3]);
  });

  it('is marked as compressed at rest, where it is', () => {
    expect(pictureOf(frame({ format: 'jpeg', sharp: true }), 200).lossy).toBe(true);
    expect(pictureOf(frame({ format: 'png', sharp: true }), 200).lossy).toBe(false);
  });
});

describe('a cut', () => {
  const camera = { ...standardAxes('A'), centre: [5, 6, 7] as const, pixel: 0.7 };
  const size = [401.5, 299.25] as const;
  const cut = (outline: readonly (readonly [number, number])[]): Operation => ({ kind: 'outline', outline, size, camera, take: 'outside' });

  it('goes through the points of the patient that the reader drew over', () => {
    const outline = [[10, 20], [300.5, 20], [150, 280]] as const;
    const { type, content } = asked(cut(outline));
    const sent = content as { outline: [number, number][]; size: [number, number]; pixel: number; centre: [number, number, number]; take: string };
    expect(type).toBe('cut');
    expect(sent.take).toBe('outside');
    for (const [at, point] of outline.entries()) {
      const there = beneath({ ...camera, pixel: sent.pixel, centre: sent.centre }, sent.size, sent.outline[at]!);
      expect(distance(there, beneath(camera, size, point))).toBeLessThan(0.01);
    }
  });

  it('has no more points than the node takes, and none out of its bounds', () => {
    const long = Array.from({ length: 9001 }, (_, at) => [at * 3, -at * 2] as const);
    const { outline } = asked(cut(long)).content as { outline: [number, number][] };
    expect(outline.length).toBeLessThanOrEqual(2000);
    expect(outline.length).toBeGreaterThan(1000);
    expect(outline.flat().every((value) => value >= -2048 && value <= 4096)).toBe(true);
  });
});
