import { describe, expect, it } from 'vitest';
import { halfExtent, snapToVoxel, stepAlong, toIndex, toPoint } from '../src/volume/grid';
import { lengthOf, positionText } from '../src/volume/marks';
import { axesOf, batchAngles, batchAxes, edgesOf, PATIENT, planeOf, scrolled, slicing, slicingAxis, toPane, toPatient, turnInPane, type Pane } from '../src/volume/planes';
import { normalOf, reslice, slabOffsets, valueAt, type Plane } from '../src/volume/reslice';
import { dot, length, type Vec3 } from '../src/engine/vector';
import { paintGreys } from '../src/volume/local/window';
import { fieldVolume, GRID } from './volume_phantom';

const THIN = { thickness: 0, projection: 'max' } as const;
/** Linear in each direction, so that interpolation must give it exactly: 1 a millimetre left, 100 back, 10000 up. */
const linear = (point: Vec3) => point[0] + 100 * point[1] + 10_000 * point[2];
const RAMP = fieldVolume(GRID, linear);

describe('a pane', () => {
  it.each<[Pane, string]>([
    ['axial', 'A L P R'],
    ['coronal', 'H L F R'],
    ['sagittal', 'H P F A'],
  ])('%s has %s at its edges (top, right, bottom, left)', (pane, letters) => {
    const { top, right, bottom, left } = edgesOf(axesOf(pane, PATIENT));
    expect([top, right, bottom, left].join(' ')).toBe(letters);
  });

  it.each<[Pane, number, number]>([
    ['axial', 1, 100],
    ['coronal', 1, -10_000],
    ['sagittal', 100, -10_000],
  ])('%s shows the patient’s left, back and head where the letters say', (pane, perRight, perDown) => {
    const plane = planeOf(GRID, axesOf(pane, PATIENT), [0, 0, 0], [0, 0]);
    const [columns, rows, pixel] = [5, 3, 1];
    const values = reslice(RAMP, plane, { columns, rows, pixel }, THIN);
    for (let row = 0; row < rows; row++) {
      for (let column = 0; column < columns; column++) expect(values[row * columns + column]).toBeCloseTo((column - 2) * perRight + (row - 1) * perDown, 1);
    }
  });

  it('gives slices of the file as they are, at the voxels’ middles', () => {
    const plane = planeOf(GRID, axesOf('axial', PATIENT), toPoint(GRID, [0, 0, 7]), [0, 0]);
    const row = reslice(RAMP, plane, { columns: 21, rows: 1, pixel: 0.5 }, THIN);
    const start = (7 * 17 + 8) * 21;
    expect([...row]).toEqual([...RAMP.voxels.slice(start, start + 21)]);
  });

  it('is empty outside the volume, and half a voxel further full', () => {
    const plane = planeOf(GRID, axesOf('axial', PATIENT), [0, 0, 0], [0, 0]);
    const row = reslice(RAMP, plane, { columns: 44, rows: 1, pixel: 0.25 }, THIN);
    expect([...row].map(Number.isNaN)).toEqual([true, ...Array.from({ length: 42 }, () => false), true]);
    expect(row[1]).toBe(-5);
  });

  it('finds a point where it draws it, and back', () => {
    const plane = planeOf(GRID, axesOf('sagittal', turnInPane(PATIENT, 'axial', 25)), [1, 2, 3], [4, -5]);
    const point = toPatient(plane, 0.4, [300, 200], [40, 70]);
    const [x, y] = toPane(plane, 0.4, [300, 200], point);
    expect(x).toBeCloseTo(40);
    expect(y).toBeCloseTo(70);
    expect(valueAt(RAMP, plane, [1, 2, 3], THIN)).toBeCloseTo(linear([1, 2, 3]), 0);
  });

  it('is scrolled by whole slices and stops at the last', () => {
    const axis = slicingAxis('axial', PATIENT);
    const start = snapToVoxel(GRID, [0.1, 0.2, 0.3]);
    expect(slicing(GRID, axis, start)).toMatchObject({ index: 5, count: 11, step: 2.5, position: 0 });
    expect(scrolled(GRID, axis, start, 2)[2]).toBe(5);
    expect(scrolled(GRID, axis, start, 99)[2]).toBe(12.5);
    const coronal = slicing(GRID, slicingAxis('coronal', PATIENT), start);
    expect(coronal.count).toBe(17);
    expect(coronal.step).toBeCloseTo(0.8);
  });
});

describe('turned planes', () => {
  const turned = turnInPane(PATIENT, 'axial', 30);

  it('stay at right angles to each other after many turns', () => {
    let triad = PATIENT;
    for (let i = 0; i < 500; i++) triad = turnInPane(triad, (['axial', 'coronal', 'sagittal'] as const)[i % 3]!, 7);
    for (const v of [triad.x, triad.y, triad.z]) expect(length(v)).toBeCloseTo(1, 9);
    expect(Math.abs(dot(triad.x, triad.y)) + Math.abs(dot(triad.y, triad.z))).toBeLessThan(1e-9);
  });

  it('go clockwise as they are seen, and take the others along', () => {
    // From the feet, a clockwise turn takes what pointed left (to the right of the screen) towards the back.
    expect(turned.x[0]).toBeCloseTo(Math.cos(Math.PI / 6));
    expect(turned.x[1]).toBeCloseTo(Math.sin(Math.PI / 6));
    expect(turned.z[2]).toBe(1);
    expect(edgesOf(axesOf('coronal', turned))).toMatchObject({ right: 'LP', left: 'RA', top: 'H' });
  });

  it('show the values of the points that they pass', () => {
    const plane = planeOf(GRID, axesOf('coronal', turned), [0, 0, 0], [0, 0]);
    const values = reslice(RAMP, plane, { columns: 3, rows: 3, pixel: 2 }, THIN);
    const right: Vec3 = [turned.x[0] * 2, turned.x[1] * 2, 0];
    expect(values[5]).toBeCloseTo(linear(right), 1);
  });
});

describe('a slab', () => {
  const axial: Plane = planeOf(GRID, axesOf('axial', PATIENT), [0, 0, 0], [0, 0]);

  it('of three slices’ thickness reads three slices', () => {
    expect(slabOffsets(GRID, normalOf(axial), 7.5).map((value) => Math.round(value * 1e6) / 1e6)).toEqual([-2.5, 0, 2.5]);
    expect(slabOffsets(GRID, normalOf(axial), 0)).toEqual([0]);
    expect(slabOffsets(GRID, [0.6, 0, 0.8], 10).length).toBe(Math.ceil(10 / stepAlong(GRID, [0.6, 0, 0.8])));
  });

  it('shows the greatest, the least or the mean of them', () => {
    const noise = fieldVolume(GRID, ([x, y, z]) => ((Math.sin(x * 12.9 + y * 78.2 + z * 37.7) * 43_758.5) % 1) * 1000);
    const raster = { columns: 21, rows: 17, pixel: 0.5 };
    const rowOf = (slice: number) => [...noise.voxels.slice((slice * 17 + 8) * 21, (slice * 17 + 9) * 21)];
    const layers = [rowOf(4), rowOf(5), rowOf(6)];
    const middleRow = (projection: 'max' | 'min' | 'mean') => [...reslice(noise, axial, raster, { thickness: 7.5, projection }, [8, 9])];
    const expected = {
      max: layers[0]!.map((_, at) => Math.max(...layers.map((layer) => layer[at]!))),
      min: layers[0]!.map((_, at) => Math.min(...layers.map((layer) => layer[at]!))),
      mean: layers[0]!.map((_, at) => layers.reduce((sum, layer) => sum + layer[at]!, 0) / 3),
    };
    for (const name of ['max', 'min', 'mean'] as const) middleRow(name).forEach((value, at) => { expect(value).toBeCloseTo(expected[name][at]!, 2); });
  });

  it('that reaches beyond the volume takes what there is', () => {
    const thick = reslice(RAMP, axial, { columns: 1, rows: 1, pixel: 1 }, { thickness: 501, projection: 'mean' });
    expect(thick[0]).toBeCloseTo(0, 0);
  });
});

describe('a batch', () => {
  it('counts its angles without repeating a full turn', () => {
    expect(batchAngles(45, 180)).toEqual([0, 45, 90, 135, 180]);
    expect(batchAngles(90, 360)).toEqual([0, 90, 180, 270]);
    expect(batchAngles(50, 120)).toEqual([0, 50, 100]);
  });

  it('turns the plane about its own vertical or horizontal axis', () => {
    const axes = axesOf('coronal', PATIENT);
    expect(edgesOf(batchAxes(axes, 'vertical', 90))).toMatchObject({ top: 'H', right: 'A', left: 'P' });
    expect(edgesOf(batchAxes(axes, 'horizontal', 90))).toMatchObject({ right: 'L', left: 'R' });
    expect(batchAxes(axes, 'vertical', 0)).toEqual(axes);
  });
});

it('lengths are millimetres of the patient, whatever the spacing', () => {
  const from = toPoint(GRID, [0, 0, 0]);
  const to = toPoint(GRID, [6, 0, 2]);
  expect(lengthOf({ kind: 'length', id: 1, from, to, normal: [0, 1, 0], projected: false })).toBeCloseTo(Math.hypot(3, 5));
  expect(positionText([12.34, -4, -120.5])).toBe('L 12.3  A 4.0  F 120.5');
  expect(toIndex(GRID, to)).toEqual([6, 0, 2]);
  expect(halfExtent(GRID, [0, 0, 1])).toBeCloseTo(13.75);
});

it('a window turns values into greys by the standard’s formula, and nothing into black', () => {
  const target = new Uint32Array(4);
  paintGreys(Float32Array.from([-1000, 39.5, 1000, NaN]), { width: 400, center: 40 }, false, target);
  expect([...target].map((pixel) => pixel & 255)).toEqual([0, 128, 255, 0]);
  paintGreys(Float32Array.from([-1000, 1000, NaN]), { width: 400, center: 40 }, true, target);
  expect([...target].slice(0, 3).map((pixel) => pixel & 255)).toEqual([255, 0, 0]);
});
