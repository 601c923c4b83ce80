import { describe, expect, it } from 'vitest';
import { attributesOf, search } from '../src/dicomweb/attributes';
import type { Dataset } from '../src/dicomweb/types';
import { COLOUR_NAMES, colourOf } from '../src/engine/colours';
import { brightness, fillLens } from '../src/engine/lens';
import { windowToRange } from '../src/engine/presets';
import { readPresets, withPreset, writePresets } from '../src/presets';

describe('a colour map', () => {
  it.each(COLOUR_NAMES)('%s begins dark, ends bright and has a colour for every place', (name) => {
    expect(colourOf(name, 0)).toEqual([0, 0, 0]);
    for (let place = -0.5; place <= 1.5; place += 0.01) for (const part of colourOf(name, place)) expect(part >= 0 && part <= 255).toBe(true);
    expect(Math.max(...colourOf(name, 1))).toBe(255);
  });

  it('mixes between its stops', () => {
    expect(colourOf('hotMetal', 0.5)).toEqual([208, 55, 0]);
  });
});

describe('the magnifier', () => {
  it('shades a value as the window says', () => {
    const shading = { ...windowToRange({ width: 400, center: 40 }), invert: false, voi: 'LINEAR' as const };
    expect(brightness(-500, shading)).toBe(0);
    expect(brightness(500, shading)).toBe(1);
    expect(brightness(39.5, shading)).toBeCloseTo(0.5);
    expect(brightness(39.5, { ...shading, voi: 'SIGMOID' })).toBeCloseTo(0.5);
    expect(brightness(500, { ...shading, invert: true })).toBe(0);
  });

  it('shows each pixel of the file as a square of its own, mixed with no other', () => {
    const size = 12;
    const rgba = new Uint8ClampedArray(size * size * 4);
    const seen: string[] = [];
    fillLens(rgba, size, { centre: [5, 5], right: [0.25, 0], down: [0, 0.25] }, (column, row) => {
      seen.push(`${column},${row}`);
      return (column + row) % 2 === 0 ? [255, 255, 255] : [0, 0, 0];
    });
    expect(new Set(rgba)).toEqual(new Set([0, 255]));
    expect(new Set(seen).size).toBeLessThanOrEqual(16);
    expect(rgba[3]).toBe(0);
    expect(rgba[(6 * size + 6) * 4 + 3]).toBe(255);
  });
});

describe('own windows', () => {
  const storage = (kept: string | null) => ({ getItem: () => kept, setItem: () => undefined }) as unknown as Storage;
  const lung = { title: '我的肺窗', modality: 'CT', width: 1200, center: -500 };

  it('come back from the browser; whatever else lies there does not', () => {
    expect(readPresets(storage(JSON.stringify([lung])))).toEqual([lung]);
    expect(readPresets(storage(JSON.stringify([{ ...lung, width: 0 }, { ...lung, title: 'x'.repeat(99) }, null, 'x'])))).toEqual([]);
    expect(readPresets(storage('{'))).toEqual([]);
    expect(readPresets(undefined)).toEqual([]);
  });

  it('take the place of one of the same name', () => {
    expect(withPreset([lung], { ...lung, width: 900 })).toEqual([{ ...lung, width: 900 }]);
    expect(withPreset([lung], { ...lung, modality: 'MR' })).toHaveLength(2);
  });

  it('are told when the browser keeps nothing', () => {
    expect(writePresets(undefined, [lung])).toBe(false);
    const full = { setItem: () => { throw new DOMException('full', 'QuotaExceededError'); } } as unknown as Storage;
    expect(writePresets(full, [lung])).toBe(false);
  });
});

describe('the table of attributes', () => {
  const dataset: Dataset = {
    '00100010': { vr: 'PN', Value: [{ Alphabetic: 'Wang^Xiaodong', Ideographic: '王^小东' }] },
    '00080060': { vr: 'CS', Value: ['CT'] },
    '00081140': { vr: 'SQ', Value: [{ '00081155': { vr: 'UI', Value: ['1.2.3'] } }] },
    '00091001': { vr: 'LO', Value: ['<img src=x onerror=alert(1)>'] },
    '00280030': { vr: 'DS', Value: [0.5, 0.5] },
    '7FE00010': { vr: 'OW', BulkDataURI: '../bulk' },
    hostile: { vr: 'UN' },
  };
  const all = attributesOf(dataset);

  it('is in the order of the tags, with names, and sequences in it', () => {
    expect(all.map(({ tag }) => tag)).toEqual(['(0008,0060)', '(0008,1140)', '(0009,1001)', '(0010,0010)', '(0028,0030)', '(7FE0,0010)']);
    expect(all[3]).toMatchObject({ name: 'Patient Name', chinese: '患者姓名', value: 'Wang^Xiaodong=王^小东' });
    expect(all[1]?.items[0]?.[0]).toMatchObject({ name: 'Referenced SOP Instance UID', value: '1.2.3' });
    expect(all[4]?.value).toBe('0.5\\0.5');
  });

  it.each([['0010,0010'], ['(0010,0010)'], ['patientname'], ['姓名'], ['xiaodong'], ['小东']])('finds %s', (words) => {
    expect(search(all, words).map(({ tag }) => tag)).toEqual(['(0010,0010)']);
  });

  it('shows a find within a sequence in its place', () => {
    expect(search(all, '1.2.3')).toMatchObject([{ tag: '(0008,1140)', items: [[{ tag: '(0008,1155)' }]] }]);
    expect(search(all, 'nothing like it')).toEqual([]);
  });
});
