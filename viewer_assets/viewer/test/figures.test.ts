import { describe, expect, it } from 'vitest';
import { TAG } from '../src/dicomweb/dataset';
import type { Dataset } from '../src/dicomweb/types';
import { calibrate, type Calibration } from '../src/engine/calibration';
import { asRectangle, asThorax, asWidth } from '../src/engine/constraints';
import { difference, product, type Flat } from '../src/engine/flat';
import { measureCobb, measurePath } from '../src/engine/lines';
import { cardiothoracicRatio, thoraxLines } from '../src/engine/thorax';
import { ratioLines } from '../src/tools/format';

const patient = (column: number, row: number): Calibration => ({ kind: 'patient', spacing: [column, row], regions: [] });
const at = (degrees: number, length = 10): [number, number] => [length * Math.cos((degrees * Math.PI) / 180), length * Math.sin((degrees * Math.PI) / 180)];

describe('a Cobb angle', () => {
  const line = (x: number, y: number, degrees: number) => [[x, y], [x + at(degrees)[0], y + at(degrees)[1]]] as const;

  it.each([
    [20, -15, 35],
    [-10, 10, 20],
    [60, -45, 105],
    [0, 0, 0],
  ])('of lines at %i° and %i° is %i°, though they do not meet', (one, other, wanted) => {
    expect(measureCobb(patient(1, 1), line(0, 0, one), line(0, 100, other))).toBeCloseTo(wanted);
  });

  it('is the same whichever end is drawn first, and on a picture that lies on its side', () => {
    const [a, b] = line(0, 0, 20);
    const [c, d] = line(0, 100, -15);
    const turned = ([x, y]: readonly [number, number]) => [-y, x] as const;
    expect(measureCobb(patient(1, 1), [b, a], [c, d])).toBeCloseTo(35);
    expect(measureCobb(patient(1, 1), [a, b], [d, c])).toBeCloseTo(35);
    expect(measureCobb(patient(1, 1), [turned(a), turned(b)], [turned(c), turned(d)])).toBeCloseTo(35);
  });

  it('goes by the spacing of columns and rows', () => {
    expect(measureCobb(patient(1, 2), [[0, 0], [20, 10]], [[0, 100], [20, 100]])).toBeCloseTo(45);
  });

  it('of lines through one middle is the smaller one, and needs two lines', () => {
    expect(measureCobb(patient(1, 1), [[-10, 0], [10, 0]], [[-10, -10], [10, 10]])).toBeCloseTo(45);
    expect(measureCobb(patient(1, 1), [[0, 0], [0, 0]], [[0, 9], [9, 9]])).toBeUndefined();
  });
});

describe('a line of many points', () => {
  it('adds up its parts in millimetres, and the way back when it is closed', () => {
    const points = [[0, 0], [6, 0], [6, 4]] as const;
    expect(measurePath(patient(0.5, 2), points)).toEqual({ length: 11, unit: 'mm' });
    expect(measurePath(patient(0.5, 2), points, true).length).toBeCloseTo(11 + Math.hypot(3, 8));
  });

  it('that leaves an ultrasound region is told in pixels as a whole', () => {
    const us: Calibration = { kind: 'region', spacing: [1, 1], regions: [{ x0: 0, y0: 0, x1: 8, y1: 8, spacing: [0.5, 0.5] }] };
    expect(measurePath(us, [[0, 0], [4, 0], [20, 0]])).toEqual({ length: 20, unit: 'px' });
    expect(measurePath(us, [[0, 0], [4, 0], [8, 0]])).toEqual({ length: 4, unit: 'mm' });
  });
});

describe('length and width', () => {
  const right = (points: readonly Flat[]) => {
    const [a, b, c, d] = points as [Flat, Flat, Flat, Flat];
    return product(difference(b, a), difference(d, c));
  };

  it('stay at right angles while drawn, and when an end is moved', () => {
    const drawn = asWidth([[0, 0], [0, 0]], 1, [30, 40], [1, 0], true);
    expect(drawn).toHaveLength(4);
    expect(right(drawn)).toBeCloseTo(0);
    const wider = asWidth(drawn, 2, [50, 10], [1, 0], false);
    expect(wider[2]).toEqual([50, 10]);
    expect(right(wider)).toBeCloseTo(0);
    const longer = asWidth(wider, 1, [60, 60], [1, 0], false);
    expect(longer[1]).toEqual([60, 60]);
    expect(right(longer)).toBeCloseTo(0);
  });
});

describe('a rectangle', () => {
  const angles = ([a, b, c, d]: readonly Flat[]) => [a, b, c].map((_, i) => {
    const corner = [a, b, c, d] as Flat[];
    return product(difference(corner[i + 1]!, corner[i]!), difference(corner[(i + 2) % 4]!, corner[i + 1]!));
  });

  it('lies along the screen when it is drawn', () => {
    expect(asRectangle([[1, 2], [1, 2]], 1, [5, 9], [1, 0], true)).toEqual([[1, 2], [5, 2], [5, 9], [1, 9]]);
    const turned = asRectangle([[0, 0], [0, 0]], 1, [0, 10], [Math.SQRT1_2, Math.SQRT1_2], true);
    for (const angle of angles(turned)) expect(angle).toBeCloseTo(0);
  });

  it.each([0, 1, 2, 3])('keeps right angles and the opposite corner when corner %i is moved', (index) => {
    const before = asRectangle([[0, 0]], 1, [4, 10], [Math.SQRT1_2, Math.SQRT1_2], true);
    const after = asRectangle(before, index, [20, 3], [1, 0], false);
    expect(after[index]).toEqual([20, 3]);
    expect(after[(index + 2) % 4]).toEqual(before[(index + 2) % 4]);
    for (const angle of angles(after)) expect(angle).toBeCloseTo(0);
  });
});

describe('the cardiothoracic ratio', () => {
  const points: Flat[] = [[100, 0], [100, 200], [60, 120], [190, 140], [-50, 150], [250, 150]];

  it('is the heart’s two parts over the thorax', () => {
    expect(cardiothoracicRatio(points)).toEqual({ right: 40, left: 90, thorax: 300, ratio: 130 / 300 });
  });

  it('counts across a midline that leans', () => {
    const [sine, cosine] = [Math.sin(0.3), Math.cos(0.3)];
    const leaning = points.map(([x, y]) => [x * cosine - y * sine, x * sine + y * cosine] as const);
    expect(cardiothoracicRatio(leaning)?.ratio).toBeCloseTo(130 / 300);
  });

  it('snaps the thorax to the midline’s right angle, whichever end is moved', () => {
    for (const index of [4, 5]) {
      const snapped = asThorax(points, index, [240, 180], [1, 0], true);
      expect(product(difference(snapped[1]!, snapped[0]!), difference(snapped[5]!, snapped[4]!))).toBeCloseTo(0);
    }
  });

  it('is not told when both borders lie on one side, or the thorax has no width', () => {
    expect(cardiothoracicRatio([...points.slice(0, 2), [120, 120], ...points.slice(3)])?.ratio).toBeUndefined();
    expect(cardiothoracicRatio([...points.slice(0, 5), points[4]!])?.ratio).toBeUndefined();
    expect(cardiothoracicRatio(points.slice(0, 5))).toBeUndefined();
  });

  it('is shown with its limit and its parts, in pixels where the file has no spacing', () => {
    const parts = cardiothoracicRatio(points)!;
    expect(ratioLines(parts, 'none')).toEqual(['心胸比 43.3 %（参考值 < 50 %）', '最大心右缘距 40.0 像素', '最大心左缘距 90.0 像素', '胸廓最大内径 300.0 像素']);
    expect(ratioLines({ ...parts, ratio: undefined }, 'detector')[0]).toBe('左右心缘在中轴线同侧，请移动标记点');
  });

  it('draws perpendiculars that end on the midline', () => {
    const lines = thoraxLines(points);
    expect(lines).toHaveLength(4);
    expect(lines[1]).toEqual([[60, 120], [100, 120]]);
  });

  it('goes by the pixel’s shape where only that is known', () => {
    const values = { [TAG.modality]: ['CR'], [TAG.pixelAspectRatio]: ['6', '5'] };
    const dataset: Dataset = Object.fromEntries(Object.entries(values).map(([tag, Value]) => [tag, { vr: 'UN', Value }]));
    expect(calibrate(dataset)).toEqual({ kind: 'none', spacing: [1, 1.2], regions: [] });
  });
});
