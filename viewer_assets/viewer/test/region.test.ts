import { describe, expect, it } from 'vitest';
import type { Calibration } from '../src/engine/calibration';
import type { Pixel, Values } from '../src/engine/measure';
import { measureRegion } from '../src/engine/region';

const patient = (column: number, row: number): Calibration => ({ kind: 'patient', spacing: [column, row], regions: [] });
// arange(400).reshape(20, 20)
const picture: Values = { columns: 20, rows: 20, at: (column, row) => row * 20 + column };

/** What numpy's boolean mask gives. */
function truth(inside: (column: number, row: number) => boolean) {
  const values = Array.from({ length: 400 }, (_, i) => i).filter((i) => inside(i % 20, Math.floor(i / 20)));
  const sum = values.reduce((a, b) => a + b, 0);
  const mean = sum / values.length;
  return { count: values.length, sum, mean, min: Math.min(...values), max: Math.max(...values), deviation: Math.sqrt(values.reduce((a, b) => a + (b - mean) ** 2, 0) / values.length) };
}

const RECTANGLE: Pixel[] = [[2.5, 3.5], [7.5, 3.5], [7.5, 9.5], [2.5, 9.5]];

describe('a rectangle', () => {
  it('has area and perimeter by the spacing of columns and rows, and the values inside', () => {
    const stats = measureRegion(patient(0.5, 2), RECTANGLE, picture);
    const wanted = truth((column, row) => column >= 3 && column <= 7 && row >= 4 && row <= 9);
    expect(stats).toMatchObject({ area: 5 * 0.5 * 6 * 2, perimeter: 2 * (2.5 + 12), areaUnit: 'mm²', unit: 'mm', count: wanted.count, min: wanted.min, max: wanted.max, sum: wanted.sum });
    expect(stats?.mean).toBeCloseTo(wanted.mean, 9);
    expect(stats?.deviation).toBeCloseTo(wanted.deviation, 9);
  });

  it('on the middles of pixels counts those on its edges once', () => {
    expect(measureRegion(patient(1, 1), [[2, 3], [5, 3], [5, 6], [2, 6]], picture)?.count).toBe(16);
  });

  it('drawn the other way round is the same', () => {
    expect(measureRegion(patient(0.5, 2), [...RECTANGLE].reverse(), picture)).toEqual(measureRegion(patient(0.5, 2), RECTANGLE, picture));
  });

  it('beyond the picture counts what is there', () => {
    expect(measureRegion(patient(1, 1), [[-5, -5], [1e3, -5], [1e3, 1e3], [-5, 1e3]], picture)).toMatchObject({ count: 400, sum: 79800 });
  });

  it('between the pixels has no values', () => {
    const stats = measureRegion(patient(1, 1), [[2.1, 2.1], [2.9, 2.1], [2.9, 2.9], [2.1, 2.9]], picture);
    expect(stats).toMatchObject({ count: 0 });
    expect(stats?.mean).toBeUndefined();
  });

  it('without spacing is told in pixels', () => {
    expect(measureRegion({ kind: 'none', spacing: [1, 1.2], regions: [] }, RECTANGLE, picture)).toMatchObject({ area: 30, areaUnit: 'px²', unit: 'px' });
  });

  it('in ultrasound is told in millimetres within one region alone', () => {
    const us: Calibration = { kind: 'region', spacing: [1, 1], regions: [{ x0: 0, y0: 0, x1: 8, y1: 12, spacing: [0.2, 0.2] }] };
    expect(measureRegion(us, RECTANGLE, picture)?.area).toBeCloseTo(30 * 0.04);
    expect(measureRegion(us, [[2, 3], [12, 3], [12, 9]], picture)?.areaUnit).toBe('px²');
  });
});

describe('any outline', () => {
  it('counts the pixels whose middle lies inside a triangle', () => {
    const wanted = truth((column, row) => row >= 2 && row <= 12 && column >= 4 && column - 4 <= 12 - row);
    expect(measureRegion(patient(1, 1), [[4, 2], [14, 2], [4, 12]], picture)).toMatchObject({ count: wanted.count, sum: wanted.sum, area: 50 });
  });

  it('leaves out what lies in its bay', () => {
    const bay: Pixel[] = [[1.5, 1.5], [9.5, 1.5], [9.5, 9.5], [7.5, 9.5], [7.5, 3.5], [3.5, 3.5], [3.5, 9.5], [1.5, 9.5]];
    const wanted = truth((column, row) => column >= 2 && column <= 9 && row >= 2 && row <= 9 && !(column >= 4 && column <= 7 && row >= 4));
    expect(measureRegion(patient(1, 1), bay, picture)).toMatchObject({ count: wanted.count, sum: wanted.sum, area: 64 - 24 });
  });

  it('that crosses itself, or has no three corners, has no area', () => {
    expect(measureRegion(patient(1, 1), [[0, 0], [5, 5], [5, 0], [0, 5]], picture)).toBeUndefined();
    expect(measureRegion(patient(1, 1), [[0, 0], [5, 5]], picture)).toBeUndefined();
  });

  it('keeps the digits of small deviations around great values', () => {
    const high: Values = { columns: 20, rows: 20, at: (column) => 1e8 + (column % 2) };
    expect(measureRegion(patient(1, 1), [[0, 0], [19, 0], [19, 19], [0, 19]], high)?.deviation).toBeCloseTo(0.5, 9);
  });
});
