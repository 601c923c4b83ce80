import { describe, expect, it } from 'vitest';
import type { DicomWeb } from '../../src/dicomweb/client';
import type { StackImage } from '../../src/dicomweb/stack';
import type { Dataset } from '../../src/dicomweb/types';
import { greyAt, greyOf } from '../../src/engine/grey';
import { labColour } from '../../src/objects/presentation/colour';
import { drawingsOf } from '../../src/objects/presentation/drawings';
import { readState, referencesOf, refusal } from '../../src/objects/presentation/read';
import { circle, ellipse, fromDisplay, smooth } from '../../src/objects/presentation/shapes';

const of = (vr: string, ...Value: unknown[]) => ({ vr, Value });
const client = null as unknown as DicomWeb;
const image = (instance: string, frame = 1): StackImage => ({ imageId: instance, path: '', instance, frame, frameCount: 1, dataset: { '00280010': of('US', 100), '00280011': of('US', 200) } });

describe('grey (PS3.4 N.2)', () => {
  const ct = { slope: 1, intercept: -1024, bits: 12, signed: false };
  const rescale = { slope: 1, intercept: -1024 };

  it('is the window of the state where it has the picture’s own rescaling', () => {
    const grey = greyOf({ modality: rescale, voi: { width: 400, center: 40, shape: 'LINEAR' }, output: null }, ct);
    expect(grey).toEqual({ lower: -160, upper: 239, curve: null });
  });

  it('is a window of stored values where the state has no rescaling', () => {
    const grey = greyOf({ modality: null, voi: { width: 401, center: 1064.5, shape: 'LINEAR' }, output: null }, ct);
    expect(grey.lower).toBeCloseTo(1064 - 200 - 1024);
    expect(grey.upper).toBeCloseTo(1064 + 200 - 1024);
  });

  it('is the whole range without a window', () => {
    expect(greyOf({ modality: null, voi: null, output: null }, { slope: 1, intercept: 0, bits: 8, signed: false })).toEqual({ lower: 0, upper: 255, curve: null });
    expect(greyOf({ modality: null, voi: null, output: null }, { slope: 1, intercept: 0, bits: 16, signed: true })).toMatchObject({ lower: -32768, upper: 32767 });
  });

  it('goes through three tables one after the other, each value for itself', () => {
    const table = (make: (value: number) => number) => ({ first: 0, bits: 8, values: Uint16Array.from({ length: 256 }, (_, at) => make(at)) });
    const [a, b, c] = [table((v) => (v * 7) % 256), table((v) => 255 - v), table((v) => v >> 1)];
    const grey = greyOf({ modality: a, voi: b, output: c }, { slope: 1, intercept: 0, bits: 8, signed: false });
    for (const value of [0, 1, 2, 77, 128, 254, 255]) expect(greyAt(grey, value)).toBeCloseTo(((255 - ((value * 7) % 256)) >> 1) / 255, 6);
  });

  it('holds the ends of a table for values beyond it', () => {
    const voi = { first: 100, bits: 8, values: Uint16Array.of(10, 250) };
    const grey = greyOf({ modality: null, voi, output: null }, { slope: 1, intercept: 0, bits: 8, signed: false });
    expect([0, 100, 101, 255].map((value) => Math.round(greyAt(grey, value) * 255))).toEqual([10, 10, 250, 250]);
  });

  it('bends by a sigmoid (C.11.2.1.3.1)', () => {
    const grey = greyOf({ modality: rescale, voi: { width: 400, center: 40, shape: 'SIGMOID' }, output: null }, ct);
    expect(greyAt(grey, 40)).toBeCloseTo(0.5, 2);
    expect(greyAt(grey, 140)).toBeCloseTo(1 / (1 + Math.exp(-1)), 2);
  });
});

describe('places of the displayed area (C.10.5.1.1)', () => {
  const area = { from: [0, 0], to: [200, 100] } as const;

  it('follow the turn, then the flip', () => {
    expect(fromDisplay([0, 0], area, 0, false)).toEqual([0, 0]);
    expect(fromDisplay([0, 0], area, 0, true)).toEqual([200, 0]);
    // Turned clockwise, the lower left corner comes up to the left.
    expect(fromDisplay([0, 0], area, 90, false)).toEqual([0, 100]);
    expect(fromDisplay([1, 0], area, 90, false)).toEqual([0, 0]);
    expect(fromDisplay([0, 0], area, 180, false)).toEqual([200, 100]);
    expect(fromDisplay([0, 0], area, 270, false)).toEqual([200, 0]);
    expect(fromDisplay([0, 0], area, 90, true)).toEqual([0, 0]);
    expect(fromDisplay([0.25, 0.5], { from: [100, 50], to: [180, 90] }, 0, false)).toEqual([120, 70]);
  });
});

describe('shapes', () => {
  it('are round, closed, and smooth through their points', () => {
    for (const [x, y] of circle([[10, 20], [13, 24]])) expect(Math.hypot(x - 10, y - 20)).toBeCloseTo(5);
    const points = ellipse([[0, 5], [20, 5], [10, 2], [10, 8]]);
    expect(Math.max(...points.map(([x]) => x))).toBeCloseTo(20);
    expect(Math.min(...points.map(([, y]) => y))).toBeCloseTo(2);
    const through = smooth([[0, 0], [10, 10], [20, 0]]);
    for (const wanted of [[0, 0], [10, 10], [20, 0]]) expect(through).toContainEqual(wanted);
    expect(smooth([[0, 0], [10, 0], [10, 10], [0, 0]]).at(-1)).toEqual([0, 0]);
  });

  it('that cannot be drawn are named', () => {
    const graphic = (type: string, units: string, ...coordinates: number[]) => ({ '00700023': of('CS', type), '00700005': of('CS', units), '00700021': of('US', coordinates.length / 2), '00700022': of('FL', ...coordinates) });
    const dataset: Dataset = { '00700001': of('SQ', { '00700009': of('SQ', graphic('POLYLINE', 'PIXEL', 1, 2, 3, 4), graphic('SPIRAL', 'PIXEL', 1, 2), graphic('CIRCLE', 'MATRIX', 1, 2, 3, 4), graphic('ELLIPSE', 'PIXEL', 1, 2)) }) };
    const { drawings, unknown } = drawingsOf(dataset, () => true, (point) => point);
    expect(drawings).toEqual([{ kind: 'path', points: [[1, 2], [3, 4]], filled: false, colour: '#ffe45c' }]);
    expect(unknown).toEqual(['SPIRAL', 'CIRCLE', 'ELLIPSE']);
  });

  it('have the colour of their layer (C.10.7.1.1)', () => {
    expect(labColour([65535, 0x8080, 0x8080])).toBe('rgb(255 255 255)');
    expect(labColour([0, 0x8080, 0x8080])).toBe('rgb(0 0 0)');
    // sRGB red is L* 54.29, a* 80.8, b* 69.9 under D50.
    const [red, green, blue] = labColour([54.29, 80.8, 69.9].map((value, at) => (at === 0 ? value / 100 : (value + 128) / 255) * 65535) as [number, number, number]).match(/\d+/g)!.map(Number);
    expect(red).toBeGreaterThan(250);
    expect(green).toBeLessThan(12);
    expect(blue).toBeLessThan(12);
  });
});

describe('a state', () => {
  const reference = (instance: string, ...frames: number[]) => ({ '00081155': of('UI', instance), ...(frames.length > 0 ? { '00081160': of('IS', ...frames) } : {}) });
  const dataset: Dataset = {
    '00080016': of('UI', '1.2.840.10008.5.1.4.1.1.11.1'),
    '00081115': of('SQ', { '0020000E': of('UI', '1.5'), '00081140': of('SQ', reference('1.1'), reference('1.2', 2, 3)) }),
    '00283110': of('SQ', { '00081140': of('SQ', reference('1.1')), '00281050': of('DS', 50), '00281051': of('DS', 300) }, { '00281050': of('DS', 1), '00281051': of('DS', 2) }),
    '0070005A': of('SQ', { '00700052': of('SL', 11, 21), '00700053': of('SL', 60, 70), '00700100': of('CS', 'MAGNIFY'), '00700103': of('FL', 2) }),
    '00700041': of('CS', 'Y'), '00700042': of('US', 90), '20500020': of('CS', 'INVERSE'),
    '00181600': of('CS', 'RECTANGULAR', 'CIRCULAR', 'BITMAP'), '00181602': of('IS', 11), '00181604': of('IS', 20), '00181606': of('IS', 31), '00181608': of('IS', 40),
    '00181610': of('IS', 50, 60), '00181612': of('IS', 10),
    '60001001': of('CS', 'L1'),
  };

  it('is for the pictures that it names, each with its own window', async () => {
    expect(referencesOf(dataset)).toEqual([
      { instance: '1.1', frame: 1, series: '1.5' }, { instance: '1.2', frame: 2, series: '1.5' }, { instance: '1.2', frame: 3, series: '1.5' },
    ]);
    const state = await readState(dataset, client);
    expect(state.of(image('1.1'))?.grey.voi).toEqual({ width: 300, center: 50, shape: 'LINEAR' });
    expect(state.of(image('1.2', 3))?.grey.voi).toEqual({ width: 2, center: 1, shape: 'LINEAR' });
    expect(state.of(image('1.2', 1))).toBeUndefined();
    expect(state.of(image('9'))).toBeUndefined();
  });

  it('says turn, area and shutters in the edges of pixels', async () => {
    const shown = (await readState(dataset, client)).of(image('1.1'));
    expect(shown).toMatchObject({ rotation: 90, flip: true, inverted: true, area: { from: [10, 20], to: [60, 70], magnification: 2 } });
    expect(shown?.shutters[0]).toEqual([[10, 30], [20, 30], [20, 40], [10, 40]]);
    const [x, y] = shown?.shutters[1]?.[0] ?? [];
    expect([x, y]).toEqual([69.5, 49.5]);
  });

  it('names what is not done, and what is of another kind', async () => {
    expect((await readState(dataset, client)).notes).toEqual(['未显示：叠加层位图', '未应用：位图遮光器']);
    expect(refusal(dataset)).toBeNull();
    for (const leaf of [2, 3, 4, 5, 8]) expect(refusal({ '00080016': of('UI', `1.2.840.10008.5.1.4.1.1.11.${leaf}`) })).toContain('不能套用');
  });
});
