import { describe, expect, it } from 'vitest';
import { edgeLetters, letters, statedEdges, statedOrientation } from '../src/engine/orientation';
import { entries, readPalette } from '../src/engine/palette';
import { BUILT_IN, presetsFor, rangeToWindow, windowToRange } from '../src/engine/presets';
import { labelPosition } from '../src/tools/label';

describe('orientation letters', () => {
  it('of an axial slice are R on the left and A at the top', () => {
    expect(edgeLetters([1, 0, 0], [0, 1, 0])).toEqual({ top: 'A', right: 'L', bottom: 'P', left: 'R' });
  });

  it('of a coronal and a sagittal slice have the head at the top', () => {
    expect(edgeLetters([1, 0, 0], [0, 0, -1])).toEqual({ top: 'H', right: 'L', bottom: 'F', left: 'R' });
    expect(edgeLetters([0, 1, 0], [0, 0, -1])).toEqual({ top: 'H', right: 'P', bottom: 'F', left: 'A' });
  });

  it('follow mirroring and turning', () => {
    expect(edgeLetters([-1, 0, 0], [0, 1, 0])).toMatchObject({ left: 'L', right: 'R' });
    expect(edgeLetters([0, -1, 0], [1, 0, 0])).toEqual({ top: 'R', right: 'A', bottom: 'L', left: 'P' });
  });

  it('of an oblique direction name the strongest first', () => {
    expect(letters([0.8, 0, 0.6])).toBe('LH');
    expect(letters([0.99, 0.1, 0])).toBe('L');
    expect(letters([0, 0, 0])).toBe('');
  });
});

describe('orientation letters of a projection', () => {
  it('are those that the file states for rows and columns, and turn with the picture', () => {
    const stated = statedOrientation(['P', 'FL']);
    if (!stated) throw new Error('not accepted');
    expect(statedEdges(stated, [1, 0, 0], [0, 1, 0])).toEqual({ top: 'HR', right: 'P', bottom: 'FL', left: 'A' });
    expect(statedEdges(stated, [-1, 0, 0], [0, 1, 0])).toEqual({ top: 'HR', right: 'A', bottom: 'FL', left: 'P' });
    // A quarter turn clockwise: the rows run down, the columns to the left.
    expect(statedEdges(stated, [0, -1, 0], [1, 0, 0])).toEqual({ top: 'A', right: 'HR', bottom: 'P', left: 'FL' });
  });

  it.each([[[]], [['L']], [['L', '']], [['LR', 'F']], [['<b>', 'F']], [['LL', 'F']], [['RT', 'D']]])('are not shown for %j', (values) => {
    expect(statedOrientation(values)).toBeUndefined();
  });
});

describe('windows', () => {
  it('go to a range and back (PS3.3 C.11.2.1.2)', () => {
    expect(windowToRange({ width: 400, center: 40 })).toEqual({ lower: -160, upper: 239 });
    expect(rangeToWindow(windowToRange({ width: 1500, center: -600 }))).toEqual({ width: 1500, center: -600 });
    expect(windowToRange({ width: 400, center: 40 }, true)).toEqual({ lower: -160, upper: 240 });
    expect(rangeToWindow({ lower: -160, upper: 240 }, true)).toEqual({ width: 400, center: 40 });
  });

  it('of a chest begin with lung and mediastinum, of a head with brain', () => {
    expect(presetsFor(BUILT_IN, 'CT', 'CHEST').slice(0, 2)).toMatchObject([
      { key: 'lung', width: 1500, center: -600 },
      { key: 'mediastinum', width: 350, center: 40 },
    ]);
    expect(presetsFor(BUILT_IN, 'CT', '头颅')[0]).toMatchObject({ key: 'brain', width: 80, center: 40 });
  });

  it('are not offered where values have no absolute meaning', () => {
    expect(presetsFor(BUILT_IN, 'MR', 'HEAD')).toEqual([]);
  });
});

describe('a palette', () => {
  const words = (...values: number[]) => Buffer.from(Uint16Array.from(values).buffer).toString('base64');
  const client = { bulk: () => Promise.reject(new Error('no bulk data here')) };
  const table = (red: string, green: string, blue: string, descriptor: number[]) =>
    Object.fromEntries([
      ...['00281101', '00281102', '00281103'].map((tag) => [tag, { vr: 'US', Value: descriptor }]),
      ...[red, green, blue].map((InlineBinary, i) => [`0028120${i + 1}`, { vr: 'OW', InlineBinary }]),
    ]) as Parameters<typeof readPalette>[0];

  it('of sixteen bits is brought to eight for all colours alike', async () => {
    const palette = await readPalette(table(words(0, 255), words(0, 65535), words(0, 32768), [2, 0, 16]), client, '');
    expect([...palette.redPaletteColorLookupTableData]).toEqual([0, 0]);
    expect([...palette.greenPaletteColorLookupTableData]).toEqual([0, 255]);
    expect([...palette.bluePaletteColorLookupTableData]).toEqual([0, 128]);
  });

  it('of eight bits may be packed or one to a word', () => {
    expect(entries(Uint8Array.from([1, 2, 3]), 3)).toEqual([1, 2, 3]);
    expect(entries(Uint8Array.from([1, 0, 2, 0, 3, 0]), 3)).toEqual([1, 2, 3]);
  });

  it('without all three tables gives no picture', async () => {
    const incomplete = table(words(0), words(0), words(0), [1, 0, 16]);
    delete incomplete['00281203'];
    await expect(readPalette(incomplete, client, '')).rejects.toMatchObject({ code: 'decode_failed' });
  });
});

describe('a measurement’s label', () => {
  it('is beside the rightmost point', () => {
    const [x, y] = labelPosition([[10, 20], [60, 40]], ['长度 10.0 mm'], 500, 500);
    expect(x).toBe(70);
    expect(y).toBeGreaterThan(20);
  });

  it('stays inside a small screen', () => {
    const [x, y] = labelPosition([[5, 5], [385, 2]], ['长度 100.0 mm'], 390, 700);
    expect(x).toBeGreaterThanOrEqual(0);
    expect(x).toBeLessThan(300);
    expect(y).toBe(0);
  });
});
