import { describe, expect, it } from 'vitest';
import { follow } from '../src/engine/link';
import { distance, planeIn, referenceLine, type Plane } from '../src/engine/planes';
import type { Vec3 } from '../src/engine/vector';

function plane(row: Vec3, column: Vec3, position: Vec3, frameOfReference = 'f1', size = [100, 100] as const): Plane {
  const dataset = {
    '00200037': { vr: 'DS', Value: [...row, ...column] },
    '00200032': { vr: 'DS', Value: [...position] },
    '00280030': { vr: 'DS', Value: [1, 1] },
    '00280010': { vr: 'US', Value: [size[1] + 1] },
    '00280011': { vr: 'US', Value: [size[0] + 1] },
    '00200052': { vr: 'UI', Value: [frameOfReference] },
  };
  const made = planeIn(dataset);
  if (!made) throw new Error('no plane');
  return made;
}

const axial = (z: number, space = 'f1') => plane([1, 0, 0], [0, 1, 0], [0, 0, z], space);
const coronal = (y: number, space = 'f1') => plane([1, 0, 0], [0, 0, -1], [0, y, 100], space);
const series = (count: number, from: number, step: number, space = 'f1') => Array.from({ length: count }, (_, i) => axial(from + i * step, space));

describe('a reference line', () => {
  it('is where the other plane crosses this one, as long as the other picture is wide', () => {
    const line = referenceLine(coronal(40), axial(30));
    expect(line?.map(([, y, z]) => [y, z])).toEqual([[40, 30], [40, 30]]);
    expect(line?.map(([x]) => x).sort((a, b) => a - b)).toEqual([0, 100]);
  });

  it.each([
    ['parallel planes', axial(1), axial(2)],
    ['planes of different spaces', coronal(40, 'f2'), axial(30)],
    ['planes without a space', coronal(40, ''), axial(30, '')],
    ['a plane that passes beside the picture', coronal(400), axial(30)],
  ])('is not drawn for %s', (_, one, other) => {
    expect(referenceLine(one, other)).toBeUndefined();
  });

  it('is not drawn without geometry', () => {
    expect(planeIn({})).toBeUndefined();
  });
});

describe('linked series', () => {
  const start = { moved: 0, other: 0 };

  it('meet by position in one space, whatever their order and spacing', () => {
    expect(follow(series(60, 0, 5), 10, series(120, 295, -2.5), start)).toBe(98);
  });

  it('keep the distance of the time of linking in different spaces, in both directions', () => {
    const [moved, other] = [series(60, 0, 5), series(60, 1000, -2.5, 'f2')];
    const anchor = { moved: 20, other: 30 };
    expect(follow(moved, 20, other, anchor)).toBe(30);
    expect(follow(moved, 22, other, anchor)).toBe(26);
    expect(distance(other[26]?.position ?? [0, 0, 0], other[30] ?? axial(0))).toBeCloseTo(10);
  });

  it('do not follow across each other', () => {
    expect(follow(series(9, 0, 5), 3, [coronal(0), coronal(5)], start)).toBeUndefined();
    expect(follow(series(9, 0, 5), 3, [coronal(0, 'f2'), coronal(5, 'f2')], start)).toBeUndefined();
  });

  it('are counted where neither file tells a position, within the series', () => {
    const blind = (count: number) => Array.from({ length: count }, () => undefined);
    expect(follow(blind(9), 5, blind(9), { moved: 2, other: 4 })).toBe(7);
    expect(follow(blind(9), 8, blind(5), start)).toBe(4);
  });
});
