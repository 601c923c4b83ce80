// @vitest-environment happy-dom
import { cache, utilities, type Types } from '@cornerstonejs/core';
import type { Types as ToolTypes } from '@cornerstonejs/tools';
import { beforeAll, describe, expect, it } from 'vitest';
import { TAG } from '../src/dicomweb/dataset';
import { buildStack } from '../src/dicomweb/stack';
import type { Dataset } from '../src/dicomweb/types';
import { registerFrames } from '../src/engine/frames';
import { StackEllipseTool, StackLengthTool, StackProbeTool } from '../src/tools/annotations';

const SIZE = 8;

function slice(index: number): Dataset {
  const values: Record<string, unknown[]> = {
    [TAG.sopInstance]: [`1.2.${index}`],
    [TAG.sopClass]: ['1.2.840.10008.5.1.4.1.1.2'],
    [TAG.modality]: ['CT'],
    [TAG.instanceNumber]: [index],
    [TAG.rows]: [SIZE],
    [TAG.columns]: [SIZE],
    [TAG.bitsAllocated]: [16],
    [TAG.slope]: [1],
    [TAG.intercept]: [-1024],
    [TAG.pixelSpacing]: [0.5, 0.25],
    [TAG.orientation]: [1, 0, 0, 0, 1, 0],
    [TAG.position]: [100, 200, index],
  };
  return Object.fromEntries(Object.entries(values).map(([tag, Value]) => [tag, { vr: 'UN', Value }]));
}

const stack = buildStack('1', '2', [0, 1, 2, 3, 4, 5].map(slice));
/** Row 3 and column 2 of the slice hold 100 × the slice's index, before rescaling. */
const world = (column: number, row: number, index: number): Types.Point3 => [100 + column * 0.25, 200 + row * 0.5, index];

beforeAll(() => {
  registerFrames(stack);
  stack.forEach(({ imageId }, index) => {
    const scalarData = new Int16Array(SIZE * SIZE);
    scalarData[3 * SIZE + 2] = 100 * index;
    const voxelManager = utilities.VoxelManager.createImageVoxelManager({ scalarData, width: SIZE, height: SIZE, numberOfComponents: 1 });
    const image = { imageId, rows: SIZE, columns: SIZE, slope: 1, intercept: -1024, color: false, numberOfComponents: 1, sizeInBytes: 128, voxelManager };
    cache.putImageSync(imageId, image as unknown as Types.IImage);
  });
});

function measured(tool: { _calculateCachedStats: (...parameters: never[]) => unknown }, index: number, points: Types.Point3[]): string[] {
  const target = `imageId:${stack[index]?.imageId ?? ''}`;
  const annotation = {
    annotationUID: 'a',
    metadata: { toolName: 'probe' },
    data: { handles: { points }, cachedStats: { [target]: {} } },
  } as unknown as ToolTypes.Annotation;
  const enabled = { viewport: { element: document.createElement('div') } };
  const calculate = tool._calculateCachedStats.bind(tool) as (...parameters: unknown[]) => unknown;
  calculate(annotation, tool instanceof StackEllipseTool ? enabled.viewport : null, enabled);
  return (annotation.data.cachedStats as Record<string, { lines: string[] }>)[target]?.lines ?? [];
}

describe('on any slice of a stack', () => {
  it.each([0, 1, 5])('the CT value of slice %i is that slice’s', (index) => {
    expect(measured(new StackProbeTool(), index, [world(2, 3, index)])).toEqual([`CT值 ${100 * index - 1024} HU`]);
  });

  it('a point beside the picture has no CT value', () => {
    expect(measured(new StackProbeTool(), 1, [world(-3, 0, 1)])).toEqual(['在图像之外']);
  });

  it('a length goes by the spacing of rows and columns', () => {
    expect(measured(new StackLengthTool(), 4, [world(0, 0, 4), world(4, 0, 4)])).toEqual(['长度 1.0 mm']);
    expect(measured(new StackLengthTool(), 4, [world(0, 0, 4), world(0, 4, 4)])).toEqual(['长度 2.0 mm']);
  });

  it('an ellipse tells mean and extremes of that slice', () => {
    const handles = [world(2, 4, 5), world(2, 2, 5), world(1, 3, 5), world(3, 3, 5)];
    expect(measured(new StackEllipseTool(), 5, handles)).toContain('平均 -924.0 HU');
    expect(measured(new StackEllipseTool(), 5, handles)).toContain('最小 -1024 最大 -524');
  });
});
