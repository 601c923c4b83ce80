import { describe, expect, it } from 'vitest';
import type { StackImage } from '../src/dicomweb/stack';
import type { Dataset } from '../src/dicomweb/types';
import { frameInfo, registerFrames } from '../src/engine/frames';
import { documentsIn, keyOf, trackingOf, type MarkRecord, type NumberRecord } from '../src/measurements/record';
import { annotationOf, isForeign, recordOf } from '../src/tools/record';
import { linesOf } from '../src/tools/stats';
import { storedPixel, toPixel } from '../src/tools/target';

const dataset: Dataset = {
  '00080016': { vr: 'UI', Value: ['1.2.840.10008.5.1.4.1.1.2'] },
  '00080060': { vr: 'CS', Value: ['CT'] },
  '00200052': { vr: 'UI', Value: ['1.2.9'] },
  '00200032': { vr: 'DS', Value: [-184.3, 12.7, -903.1] },
  '00200037': { vr: 'DS', Value: [0.98, 0.199, 0, -0.199, 0.98, 0] },
  '00280030': { vr: 'DS', Value: [0.72, 0.61] },
  '00281052': { vr: 'DS', Value: [-1024] },
  '00281053': { vr: 'DS', Value: [1] },
};
const image: StackImage = {
  imageId: 'yunying:1.2.3.1/1.2.3.1.1/1', path: '/studies/1.2.3/series/1.2.3.1/instances/1.2.3.1.1', instance: '1.2.3.1.1', frame: 1, frameCount: 1, dataset,
};
registerFrames([image]);

const number = (name: string, value: number, unit: string): NumberRecord => ({ name, value, unit });
const region = [
  number('area', 1234.5, 'mm2'), number('mean', -612.26, 'HU'), number('deviation', 33.3, 'HU'), number('min', -900, 'HU'),
  number('max', 55, 'HU'), number('sum', -99_000, 'HU'), number('perimeter', 140.2, 'mm'),
];

let count = 0;
function mark(kind: string, points: [number, number][], numbers: NumberRecord[], more: Partial<MarkRecord> = {}): MarkRecord {
  count += 1;
  const exact = points.map(([x, y]): [number, number] => [Math.round(x * 256) / 256, Math.round(y * 256) / 256]);
  return { kind, tracking: `2.25.${count}`, instance: '1.2.3.1.1', frame: 1, points: exact, closed: false, text: '', numbers, ...more };
}

const MARKS: [mark: MarkRecord, lines: string[]][] = [
  [mark('length', [[10.1, 20.3], [90.7, 20.9]], [number('length', 49.17, 'mm')]), ['长度 49.2 mm']],
  [mark('width', [[1, 1], [9, 1], [5, 0], [5, 4]], [number('length', 5.6, 'mm'), number('width', 2.8, 'mm')]), ['长度 5.6 mm', '宽度 2.8 mm']],
  [mark('angle', [[1.3, 1], [5, 5], [9, 1]], [number('angle', 90, 'deg')]), ['角度 90.0°']],
  [mark('cobb', [[1, 1], [9, 2], [1, 9], [9, 7]], [number('cobb', 21.3, 'deg')]), ['Cobb角 21.3°']],
  [mark('probe', [[3.5, 4.5]], [number('value', -67, 'HU')]), ['CT值 -67 HU']],
  [mark('probe', [[3.5, 4.5]], [number('red', 1, ''), number('green', 2, ''), number('blue', 3, '')]), ['颜色 1 / 2 / 3']],
  [mark('probe', [[-33.5, 4.5]], []), ['在图像之外']],
  [mark('ellipse', [[20, 80], [140, 80], [80, 50], [80, 110]], region), ['面积 1234.5 mm²', '平均 -612.3 HU', '标准差 33.3 HU', '最小 -900 最大 55', '总和 -99000 HU', '周长 140.2 mm']],
  [mark('ellipse', [[80, 20], [80, 140], [60, 80], [100, 80]], region), ['面积 1234.5 mm²', '平均 -612.3 HU', '标准差 33.3 HU', '最小 -900 最大 55', '总和 -99000 HU', '周长 140.2 mm']],
  [mark('rectangle', [[2, 2], [9, 2], [9, 7], [2, 7]], region.slice(0, 1).concat(region.slice(-1))), ['面积 1234.5 mm²', '周长 140.2 mm']],
  [mark('freehand', [[2, 2], [9, 3], [7, 9.1]], region), ['面积 1234.5 mm²', '平均 -612.3 HU', '标准差 33.3 HU', '最小 -900 最大 55', '总和 -99000 HU', '周长 140.2 mm']],
  [mark('freehand', [[2, 2], [9, 9], [9, 2], [2, 9]], []), ['轮廓自相交，无法计算面积']],
  [mark('path', [[2, 2], [9, 3], [7, 9]], [number('path', 9.9, 'px')]), ['折线长 9.9 像素（2 段）']],
  [mark('path', [[2, 2], [9, 3], [7, 9]], region.slice(0, 1).concat(region.slice(-1)), { closed: true }), ['面积 1234.5 mm²', '周长 140.2 mm']],
  [
    mark('ratio', [[8, 1], [8, 15], [5, 8], [13, 8], [1, 10], [15, 10]], [number('ratio', 57.14, '%'), number('right', 2.1, 'mm'), number('left', 3.5, 'mm'), number('thorax', 9.8, 'mm')]),
    ['心胸比 57.1 %（参考值 < 50 %）', '最大心右缘距 2.1 mm', '最大心左缘距 3.5 mm', '胸廓最大内径 9.8 mm'],
  ],
  [mark('text', [[4, 4]], [], { text: '<b>结节' }), ['<b>结节']],
  [mark('arrow', [[4, 4], [9, 9]], [], { text: '箭头' }), ['箭头']],
];

describe('a mark that was saved', () => {
  it.each(MARKS)('is drawn with its points and its numbers: $kind', (saved, lines) => {
    const drawn = annotationOf(saved);
    expect(drawn && linesOf(drawn.data, `imageId:${image.imageId}`)).toEqual(lines);
    const back = drawn && recordOf(drawn);
    expect(back?.study).toBe('1.2.3');
    const close = (numbers: NumberRecord[]) => numbers.map(({ name, value, unit }) => [name, Number(value.toPrecision(12)), unit]).sort();
    expect({ ...back?.record, numbers: close(back?.record.numbers ?? []) }).toEqual({ ...saved, numbers: close(saved.numbers) });
    expect(keyOf(back ? [back.record] : [])).toBe(keyOf([saved]));
  });

  it('has its upright axis first for who moves its handles, whichever is longer', () => {
    const info = frameInfo(image.imageId);
    for (const [saved] of MARKS.filter(([{ kind }]) => kind === 'ellipse')) {
      const points = annotationOf(saved)?.data.handles?.points ?? [];
      const [bottom, top, left, right] = points.map((point) => (info ? toPixel(info, point) : [0, 0]));
      expect(Math.abs((bottom?.[0] ?? 0) - (top?.[0] ?? 1))).toBeLessThan(1e-6);
      expect(bottom?.[1]).toBeGreaterThan(top?.[1] ?? NaN);
      expect(left?.[0]).toBeLessThan(right?.[0] ?? NaN);
    }
  });

  it('waits while its picture is not open', () => {
    expect(annotationOf({ ...mark('probe', [[1, 1]], []), instance: '9.9.9' })).toBeUndefined();
    expect(annotationOf({ ...mark('probe', [[1, 1]], []), frame: 2 })).toBeUndefined();
    expect(annotationOf({ ...mark('probe', [[1, 1]], []), kind: 'unknown' })).toBeUndefined();
  });

  it('of another reader is locked, named, and never saved as one’s own', () => {
    const [first] = MARKS[0] ?? [];
    const drawn = first && annotationOf(first, '李医生');
    expect(drawn?.isLocked).toBe(true);
    expect(drawn && isForeign(drawn)).toBe(true);
    expect(drawn && linesOf(drawn.data, `imageId:${image.imageId}`)).toEqual(['李医生', '长度 49.2 mm']);
    expect(drawn && recordOf(drawn)).toBeUndefined();
  });

  it('of another reader without numbers claims none', () => {
    const drawn = annotationOf(mark('length', [[1, 1], [2, 2]], []), '李医生');
    expect(drawn && linesOf(drawn.data, `imageId:${image.imageId}`)).toEqual(['李医生']);
  });
});

it('a place is what is stored of it, and stays so', () => {
  const once = storedPixel([100.123456789, 7.1]);
  expect(storedPixel(once)).toEqual(once);
  expect(storedPixel([once[0] + 1e-9, once[1] - 1e-9])).toEqual(once);
});

it('a UUID is a UID, and a UID stays itself', () => {
  expect(trackingOf('00000000-0000-0000-0000-0000000000ff')).toBe('2.25.255');
  expect(trackingOf('ffffffff-ffff-ffff-ffff-ffffffffffff')).toBe(`2.25.${2n ** 128n - 1n}`);
  expect(trackingOf('1.2.3')).toBe('1.2.3');
});

it('the key of marks follows from what was drawn, not from its order', () => {
  const [one, other] = [mark('probe', [[1, 1]], []), mark('probe', [[2, 2]], [])];
  expect(keyOf([one, other])).toBe(keyOf([other, one]));
  expect(keyOf([one])).not.toBe(keyOf([{ ...one, points: [[1, 1.5]] }]));
  expect(keyOf([one])).toBe(keyOf([{ ...one, numbers: [number('value', 1, 'HU')] }]));
});

it('an answer that is none is not taken', () => {
  const good = { document: '1.2', author: '', mine: true, saved: null, marks: [mark('probe', [[1, 1]], [])] };
  expect(documentsIn({ documents: [good] })).toEqual([good]);
  for (const bad of [null, {}, { documents: 3 }, { documents: [{ ...good, author: 3 }] }, { documents: [{ ...good, marks: [{}] }] }, { documents: [{ ...good, marks: [{ ...good.marks[0], points: [[1, null]] }] }] }]) {
    expect(documentsIn(bad)).toBeUndefined();
  }
});
