import { describe, expect, it } from 'vitest';
import { planVolume, thinOut, type Plan } from '../src/volume/geometry';
import { refusalText } from '../src/volume/offer';
import { axialStack, AXIAL, dataset, stackOf } from './volume_phantom';

const HEIGHTS = [0, 2.5, 5, 7.5, 10, 12.5];

function planned(result: ReturnType<typeof planVolume>): Plan {
  if (typeof result === 'string') throw new Error(`refused: ${result}`);
  return result;
}

describe('a volume', () => {
  it('is made of equal parallel slices, with the steps of the file', () => {
    const { grid, order } = planned(planVolume(axialStack(HEIGHTS)));
    expect(grid.size).toEqual([20, 16, 6]);
    expect(grid.origin).toEqual([-5, -6, 0]);
    // DICOM names the spacing between rows first.
    expect(grid.steps).toEqual([[0.5, 0, 0], [0, 0.8, 0], [0, 0, 2.5]]);
    expect(order).toEqual([0, 1, 2, 3, 4, 5]);
  });

  it('is the same whether the head or the feet were scanned first', () => {
    const { grid, order } = planned(planVolume(axialStack([...HEIGHTS].reverse())));
    expect(grid).toEqual(planned(planVolume(axialStack(HEIGHTS))).grid);
    expect(order).toEqual([5, 4, 3, 2, 1, 0]);
  });

  it('is right-handed for coronal, sagittal and feet-first slices too', () => {
    const coronal = stackOf(HEIGHTS.map((y) => dataset([0, y, 0], { orientation: [1, 0, 0, 0, 0, -1] })));
    expect(planned(planVolume(coronal)).grid.steps[2].map((value) => value + 0)).toEqual([0, 2.5, 0]);
    const sagittal = stackOf(HEIGHTS.map((x) => dataset([x, 0, 0], { orientation: [0, 1, 0, 0, 0, -1] })));
    const { grid, order } = planned(planVolume(sagittal));
    expect(grid.steps[2].map((value) => value + 0)).toEqual([-2.5, 0, 0]);
    expect(order[0]).toBe(5);
    const feetFirst = axialStack(HEIGHTS, { orientation: [-1, 0, 0, 0, 1, 0] });
    expect(planned(planVolume(feetFirst)).grid.steps[2].map((value) => value + 0)).toEqual([0, 0, -2.5]);
  });

  it('counts the frames of a multi-frame object by their own positions', () => {
    const item = (z: number) => ({ '00209113': { vr: 'SQ', Value: [{ '00200032': { vr: 'DS', Value: [-5, -6, z] } }] } });
    const whole = { ...dataset(undefined), '52009230': { vr: 'SQ', Value: HEIGHTS.map(item) } };
    const frames = HEIGHTS.map((_, index) => ({ imageId: `m:${index}`, path: '', instance: '1', frame: index + 1, frameCount: 6, dataset: whole }));
    expect(planned(planVolume(frames)).grid.steps[2]).toEqual([0, 0, 2.5]);
  });

  it('bears what rounding does to positions', () => {
    expect(planned(planVolume(axialStack([0, 0.63, 1.25, 1.88, 2.5, 3.13]))).grid.steps[2][2]).toBeCloseTo(0.626);
  });
});

describe('no volume is made', () => {
  it.each([
    ['few', axialStack(HEIGHTS.slice(0, 4))],
    ['colour', axialStack(HEIGHTS, { samples: 3, photometric: 'RGB' })],
    ['colour', axialStack(HEIGHTS, { photometric: 'PALETTE COLOR' })],
    ['size', stackOf(HEIGHTS.map((z, at) => dataset([0, 0, z], { rows: at === 3 ? 17 : 16 })))],
    ['spacing', stackOf(HEIGHTS.map((z, at) => dataset([0, 0, z], { spacing: at === 3 ? [0.8, 0.6] : [0.8, 0.5] })))],
    ['spacing', axialStack(HEIGHTS, { spacing: [0, 0] })],
    ['unknownPosition', stackOf(HEIGHTS.map((z, at) => dataset(at === 3 ? undefined : [0, 0, z])))],
    ['unknownPosition', axialStack(HEIGHTS, { orientation: [0, 0, 0, 0, 0, 0] })],
    ['reference', stackOf(HEIGHTS.map((z, at) => dataset([0, 0, z], { reference: at === 3 ? '9' : '1' })))],
    ['orientation', stackOf(HEIGHTS.map((z, at) => dataset([0, 0, z], { orientation: at === 0 ? [1, 0, 0, 0, 0, -1] : AXIAL })))],
    ['duplicate', axialStack([0, 2.5, 2.5, 5, 7.5, 10])],
    ['gap', axialStack([0, 2.5, 5, 10, 12.5, 15])],
    ['gap', axialStack([0, 2.5, 5, 7.7, 10, 12.5])],
    ['tilt', stackOf(HEIGHTS.map((z) => dataset([0, z * 0.1, z])))],
  ])('%s', (reason, stack) => {
    expect(planVolume(stack)).toBe(reason);
    expect(planVolume([...stack].reverse())).toBe(reason);
    expect(refusalText(stack)).toMatch(/\p{Script=Han}/u);
  });
});

it('fewer slices keep their places', () => {
  const { grid, order } = thinOut(planned(planVolume(axialStack(HEIGHTS))), 2);
  expect(order).toEqual([0, 2, 4]);
  expect(grid).toMatchObject({ size: [20, 16, 3], origin: [-5, -6, 0] });
  expect(grid.steps[2]).toEqual([0, 0, 5]);
});
