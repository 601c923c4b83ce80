import { describe, expect, it } from 'vitest';
import { nativeValues, paint, sketch } from '../src/first/picture';

const element = (...Value: unknown[]) => ({ vr: 'XX', Value });
const CT = {
  '00280010': element(1), '00280011': element(4), '00280100': element(16), '00280101': element(16), '00280102': element(15),
  '00280103': element(1), '00280004': element('MONOCHROME2'), '00281050': element(40), '00281051': element(400),
  '00281052': element(-1024), '00281053': element(1), '00280030': element(0.7, 0.7), '00200037': element(1, 0, 0, 0, 1, 0),
};

function sketched(change: object = {}) {
  const made = sketch({ ...CT, ...change }, 1);
  if (!made) throw new Error('no sketch');
  return made;
}

describe('the first picture without the engine', () => {
  it('has the greys of its window, by rescaled values', () => {
    const values = Int16Array.from([1024 - 160, 1024 + 40, 1024 + 240, 0]);
    const picture = paint(sketched(), values);
    // PS3.3 C.11.2.1.2.1: black up to 40 − 0.5 − 399/2, white from 40 − 0.5 + 399/2.
    expect(Array.from(picture.filter((_, i) => i % 4 === 0))).toEqual([0, 128, 255, 0]);
    expect(paint(sketched({ '00280004': element('MONOCHROME1') }), values)[0]).toBe(255);
  });

  it('tells its sides', () => {
    expect(sketched().edges).toEqual({ top: 'A', right: 'L', bottom: 'P', left: 'R' });
    expect(sketched({ '00200037': undefined, '00200020': element('A', 'F') }).edges).toEqual({ top: 'H', right: 'A', bottom: 'F', left: 'P' });
    expect(sketched({ '00200037': undefined }).edges).toBeNull();
  });

  it('reads signed values of fewer bits than are stored, and leaves what lies above them', () => {
    const twelve = sketched({ '00280101': element(12), '00280102': element(11) });
    const bytes = new Uint8Array(Uint16Array.from([0xf001, 0x0fff, 0x0800, 0x07ff]).buffer);
    expect(Array.from(nativeValues(twelve, bytes) ?? [])).toEqual([1, -1, -2048, 2047]);
    const unsigned = sketched({ '00280101': element(12), '00280102': element(11), '00280103': element(0) });
    expect(Array.from(nativeValues(unsigned, bytes) ?? [])).toEqual([1, 4095, 2048, 2047]);
    expect(nativeValues(twelve, bytes.subarray(1))).toBeUndefined();
  });

  it.each([
    ['a picture in colour', { '00280004': element('RGB') }],
    ['a palette', { '00280004': element('PALETTE COLOR') }],
    ['no window in the file', { '00281050': undefined }],
    ['a window without width', { '00281051': element(0) }],
    ['a sigmoid window', { '00281056': element('SIGMOID') }],
    ['a table of values', { '00283000': element({}) }],
    ['pixels that are not square', { '00280030': element(0.5, 0.7) }],
    ['an aspect ratio', { '00280034': element(2, 1) }],
    ['values that do not end at their highest bit', { '00280102': element(14) }],
    ['no size', { '00280010': undefined }],
  ])('waits for the engine with %s', (_, change) => {
    expect(sketch({ ...CT, ...change }, 1)).toBeUndefined();
  });
});
