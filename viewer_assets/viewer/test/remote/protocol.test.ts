import { describe, expect, it } from 'vitest';
import { readFrame, readMessage } from '../../src/volume/remote/protocol';
import { binary, HEADER, OPENED } from './node';

describe('what the node says', () => {
  it('is taken as the contract has it', () => {
    expect(readMessage('{"type":"busy","before":3}')).toEqual({ type: 'busy', before: 3 });
    expect(readMessage('{"type":"value","seq":4,"value":null}')).toEqual({ type: 'value', seq: 4, value: null });
    expect(readMessage('{"type":"point","seq":4,"point":[1,2.5,-3]}')).toEqual({ type: 'point', seq: 4, point: [1, 2.5, -3] });
    expect(readMessage(JSON.stringify(OPENED))).toMatchObject({ type: 'opened', grid: { size: [4, 5, 6], steps: [[1, 0, 0], [0, 1, 0], [0, 0, 2.5]] }, unit: 'HU', usual: [-990, 700], every: 1 });
  });

  it.each([
    ['no JSON', '{'],
    ['a list', '[]'],
    ['null', 'null'],
    ['another type', '{"type":"script"}'],
    ['a place in line that is none', '{"type":"busy","before":-1}'],
    ['a value that is text', '{"type":"value","seq":1,"value":"40"}'],
    ['an answer to nothing', '{"type":"cuts","count":1,"taken":2}'],
    ['a point with two numbers', '{"type":"point","seq":1,"point":[1,2]}'],
    ['a volume without steps', JSON.stringify({ ...OPENED, grid: { ...OPENED.grid, steps: [[1, 0, 0]] } })],
    ['a volume of no voxels', JSON.stringify({ ...OPENED, grid: { ...OPENED.grid, size: [0, 5, 6] } })],
    ['an error without a code', '{"type":"error","message":"x"}'],
  ])('is nothing when it is %s', (_, text) => {
    expect(readMessage(text)).toBeUndefined();
  });

  it('has no longer words than a message needs', () => {
    expect(readMessage(JSON.stringify({ type: 'error', code: 'failed', message: 'x'.repeat(9999) }))).toMatchObject({ message: 'x'.repeat(400) });
  });
});

describe('a picture', () => {
  it('comes with where it lies', () => {
    const read = readFrame(binary(HEADER));
    expect(read?.frame).toMatchObject({ number: 1, pane: 0, pixel: 0.5, centre: [1, 2, 3], edges: { left: 'R' }, slicing: { index: 2, count: 6 } });
    expect([...(read?.picture ?? [])]).toEqual([1, 2, 3]);
  });

  it('of a volume has no slice', () => {
    expect(readFrame(binary({ ...HEADER, slice: undefined }))?.frame.slicing).toBeNull();
  });

  it.each([
    ['nothing', new ArrayBuffer(2)],
    ['a header longer than the message', binary(HEADER, [], 60_000)],
    ['a header longer than any', binary(HEADER, [], 2 ** 31)],
    ['no JSON', binary('{"type":')],
    ['no frame', binary({ type: 'busy', before: 1 })],
    ['no millimetres', binary({ ...HEADER, pixel: null })],
    ['no letters', binary({ ...HEADER, edges: { top: 'A' } })],
    ['another format', binary({ ...HEADER, format: 'svg' })],
    ['no direction', binary({ ...HEADER, right: [1, 0] })],
  ])('is none with %s', (_, data) => {
    expect(readFrame(data)).toBeUndefined();
  });
});
