import { describe, expect, it } from 'vitest';
import { frameDataset, number, numbers, TAG, text } from '../src/dicomweb/dataset';
import { buildStack } from '../src/dicomweb/stack';
import type { Dataset } from '../src/dicomweb/types';

function instance(uid: string, more: Record<string, unknown[]> = {}): Dataset {
  const values: Record<string, unknown[]> = {
    [TAG.sopInstance]: [uid],
    [TAG.rows]: [4],
    [TAG.columns]: [4],
    [TAG.bitsAllocated]: [16],
    ...more,
  };
  return Object.fromEntries(Object.entries(values).map(([tag, Value]) => [tag, { vr: 'UN', Value }]));
}

const uids = (datasets: Dataset[]) => buildStack('1', '2', datasets).map((image) => image.instance);

describe('a stack', () => {
  it('is in the order of the instance numbers', () => {
    const stack = [instance('b', { [TAG.instanceNumber]: [2] }), instance('a', { [TAG.instanceNumber]: ['1'] })];
    expect(uids(stack)).toEqual(['a', 'b']);
  });

  it('goes by position where instance numbers repeat', () => {
    const at = (uid: string, z: number) =>
      instance(uid, { [TAG.instanceNumber]: [1], [TAG.orientation]: [1, 0, 0, 0, 1, 0], [TAG.position]: [0, 0, z] });
    expect(uids([at('high', 10), at('low', -10)])).toEqual(['low', 'high']);
  });

  it('stays as it came where the slices lie differently', () => {
    const stack = [
      instance('x', { [TAG.orientation]: [1, 0, 0, 0, 1, 0], [TAG.position]: [0, 0, 5] }),
      instance('y', { [TAG.orientation]: [0, 1, 0, 0, 0, -1], [TAG.position]: [0, 0, 1] }),
    ];
    expect(uids(stack)).toEqual(['x', 'y']);
  });

  it('shows each frame of an instance, and leaves out what is no picture', () => {
    const stack = buildStack('1', '2', [instance('a', { [TAG.frames]: ['3'] }), instance('sr', { [TAG.rows]: [] })]);
    expect(stack.map((image) => image.frame)).toEqual([1, 2, 3]);
    expect(stack[2]).toMatchObject({ path: '/studies/1/series/2/instances/a', frameCount: 3 });
  });

  it('does not believe an absurd number of frames', () => {
    expect(buildStack('1', '2', [instance('a', { [TAG.frames]: [1e12] })])).toHaveLength(100_000);
  });
});

describe('attributes', () => {
  it('of an enhanced frame come from its functional groups', () => {
    const group = (tag: string, inner: Dataset) => ({ [tag]: { vr: 'SQ', Value: [inner] } });
    const dataset: Dataset = {
      [TAG.rows]: { vr: 'US', Value: [4] },
      [TAG.shared]: { vr: 'SQ', Value: [group('00289110', { [TAG.pixelSpacing]: { vr: 'DS', Value: [0.5, 0.5] } })] },
      [TAG.perFrame]: {
        vr: 'SQ',
        Value: [1, 2].map((z) => group('00209113', { [TAG.position]: { vr: 'DS', Value: [0, 0, z] } })),
      },
    };
    const second = frameDataset(dataset, 2);
    expect(numbers(second, TAG.position, 3)).toEqual([0, 0, 2]);
    expect(numbers(second, TAG.pixelSpacing, 2)).toEqual([0.5, 0.5]);
    expect(number(second, TAG.rows)).toBe(4);
  });

  it('are cut when they are longer than any honest text', () => {
    expect(text({ x: { vr: 'LO', Value: ['a'.repeat(10_000)] } }, 'x')).toHaveLength(128);
  });

  it('that are not numbers are no numbers', () => {
    expect(number({ x: { vr: 'DS', Value: ['1e999'] } }, 'x')).toBeUndefined();
    expect(number({ x: { vr: 'DS', Value: [''] } }, 'x')).toBeUndefined();
    expect(numbers({ x: { vr: 'DS', Value: [1, 'no'] } }, 'x', 2)).toBeUndefined();
  });
});
