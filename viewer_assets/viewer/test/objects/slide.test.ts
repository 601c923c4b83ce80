import { describe, expect, it } from 'vitest';
import type { Dataset } from '../../src/dicomweb/types';
import { markRgb } from '../../src/objects/slide/decode';
import { readSlide, tilesAt, type Slide } from '../../src/objects/slide/pyramid';
import { TileStore } from '../../src/objects/slide/store';
import { fit, held, lengthText, levelFor, lineText, magnification, scaleBar, toPane, toSlide, visibleTiles, zoomed } from '../../src/objects/slide/view';

const of = (vr: string, ...Value: unknown[]) => ({ vr, Value });

function volume(instance: string, columns: number, rows: number, extra: Dataset = {}): Dataset {
  return {
    '00080008': of('CS', 'ORIGINAL', 'PRIMARY', 'VOLUME', 'NONE'), '00080018': of('UI', instance), '00209311': of('CS', 'TILED_FULL'),
    '00280010': of('US', 256), '00280011': of('US', 256), '00280008': of('IS', Math.ceil(columns / 256) * Math.ceil(rows / 256)),
    '00480006': of('UL', columns), '00480007': of('UL', rows), ...extra,
  };
}

const measured = (spacing: number): Dataset => ({
  '52009229': of('SQ', { '00289110': of('SQ', { '00280030': of('DS', spacing, spacing) }) }),
  '00480105': of('SQ', { '00480112': of('DS', 40) }),
});
const slideOf = (...datasets: Dataset[]): Slide => readSlide('1', '2', datasets);
const place = (column: number, row: number, path = '1') => ({ '0048021A': of('SQ', { '0048021E': of('SL', column), '0048021F': of('SL', row) }), '00480207': of('SQ', { '00480106': of('SH', path) }) });

describe('a pyramid (PS3.3 C.8.12.4)', () => {
  const slide = slideOf(
    volume('1.2', 1024, 512), volume('1.1', 4096, 2048, measured(0.00025)), volume('1.3', 256, 128),
    volume('1.9', 300, 300, { '00080008': of('CS', 'ORIGINAL', 'PRIMARY', 'LABEL', 'NONE') }),
    volume('1.8', 1024, 512), volume('1.7', 700, 900),
  );

  it('has its levels by size, the largest first; label and duplicates are none', () => {
    expect(slide.levels.map(({ columns, factor }) => [columns, factor[0]])).toEqual([[4096, 1], [1024, 4], [256, 16]]);
    expect(slide.others).toBe(2);
    expect(slide.label?.path).toBe('/studies/1/series/2/instances/1.9');
    expect([slide.spacing, slide.objective, slide.overview]).toEqual([[0.00025, 0.00025], 40, null]);
  });

  it('counts frames along the rows first (TILED_FULL)', () => {
    const [base] = slide.levels;
    expect(tilesAt(base!, 0, 3, 2)[0]).toMatchObject({ frame: 2 * 16 + 3 + 1, x: 768, y: 512 });
    expect(tilesAt(base!, 0, 0, 99)[0]?.frame).toBeUndefined();
  });

  it('takes the place of each frame where it has one (TILED_SPARSE), by optical path', () => {
    const sparse = slideOf(volume('1', 512, 512, { '00209311': of('CS', 'TILED_SPARSE'), '00280008': of('IS', 3), '52009230': of('SQ', place(257, 1), place(1, 257), place(257, 1, '2')) }));
    const level = sparse.levels[0]!;
    expect(sparse.layers).toBe(2);
    expect(tilesAt(level, 0, 1, 0)[0]).toMatchObject({ frame: 1, x: 256, y: 0 });
    expect(tilesAt(level, 1, 1, 0)[0]?.frame).toBe(3);
    expect(tilesAt(level, 0, 0, 0)[0]?.frame).toBeUndefined();
  });

  it('joins the instances of a concatenation', () => {
    const part = (instance: string, offset: number): Dataset => ({ ...volume(instance, 512, 512), '00209161': of('UI', '1.5'), '00209228': of('UL', offset), '00280008': of('IS', 2) });
    const level = slideOf(part('1.52', 2), part('1.51', 0)).levels[0]!;
    expect(tilesAt(level, 0, 0, 0)[0]).toMatchObject({ frame: 1, part: { instance: '1.51' } });
    expect(tilesAt(level, 0, 1, 1)[0]).toMatchObject({ frame: 2, part: { instance: '1.52' } });
  });

  it('refuses what cannot be', () => {
    expect(() => slideOf(volume('1', 2 ** 30, 10))).toThrow(/matrix/);
    expect(() => slideOf(volume('1', 10, 10, { '00280010': of('US', 0) }))).toThrow(/tiles/);
    expect(() => slideOf()).toThrow();
  });
});

describe('what is seen of it', () => {
  const slide = slideOf(volume('1', 4096, 2048, measured(0.00025)), volume('2', 1024, 512), volume('3', 256, 128));
  const pane = [800, 600] as const;

  it('is the whole at first, and what is under the pointer stays there', () => {
    const view = fit([4096, 2048], pane);
    expect(view).toEqual({ x: 2048, y: 1024, scale: 800 / 4096 });
    const at = [100, 500] as const;
    const nearer = zoomed(view, [4096, 2048], pane, 3, at);
    toSlide(nearer, pane, at).forEach((value, axis) => { expect(value).toBeCloseTo(toSlide(view, pane, at)[axis]!); });
    expect(toPane(nearer, pane, toSlide(nearer, pane, at))[0]).toBeCloseTo(100);
    expect(held({ x: -5, y: 9999, scale: 100 }, [4096, 2048], pane)).toEqual({ x: 0, y: 2048, scale: 8 });
  });

  it('is of the coarsest level that is fine enough', () => {
    expect([1, 0.5, 0.25, 0.1, 0.01].map((scale) => levelFor(slide, scale, 1)?.index)).toEqual([0, 0, 1, 1, 2]);
    expect(levelFor(slide, 0.25, 2)?.index).toBe(0);
  });

  it('has the tiles on the screen alone, the middle first', () => {
    const tiles = visibleTiles(slide.levels[0]!, 0, { x: 1100, y: 1090, scale: 1 }, [300, 300]);
    expect(tiles.map(({ x, y }) => [x, y])).toEqual([[1024, 1024], [1024, 768], [768, 1024], [768, 768]]);
    expect(visibleTiles(slide.levels[0]!, 0, { x: 0, y: 0, scale: 1 }, [300, 300])).toHaveLength(1);
  });

  it('is measured in micrometres and millimetres', () => {
    expect(lineText([0, 0], [300, 400], slide.spacing)).toBe('125 µm');
    expect(lineText([0, 0], [30000, 40000], slide.spacing)).toBe('12.5 mm');
    expect(lineText([0, 0], [3, 4], null)).toBe('5 px');
    expect(lengthText(0.9996)).toBe('999.6 µm');
    const bar = scaleBar(0.00025, 0.5, 200);
    expect(bar).toEqual({ label: '100 µm', pixels: 200 });
    expect(magnification(slide, 0.25)).toBe(10);
  });
});

describe('the store of tiles', () => {
  function make(memory = 100) {
    const asked: string[] = [];
    const aborted: string[] = [];
    const discarded: string[] = [];
    const done = new Map<string, { resolve: (key: string) => void; reject: (error: Error) => void }>();
    const store = new TileStore<string>({
      load: (key, signal) => {
        asked.push(key);
        signal.addEventListener('abort', () => { aborted.push(key); done.get(key)?.reject(new DOMException('', 'AbortError')); });
        return new Promise((resolve, reject) => { done.set(key, { resolve, reject }); });
      },
      size: () => 40, discard: (key) => { discarded.push(key); }, reason: (error) => (error as Error).message, parallel: 2, memory, onChange: () => undefined,
    });
    const settle = async (key: string, error?: Error) => {
      if (error) done.get(key)?.reject(error);
      else done.get(key)?.resolve(key);
      await new Promise((resolve) => { setTimeout(resolve); });
    };
    return { store, asked, aborted, discarded, settle };
  }

  it('asks for a few at a time and gives up what is not looked at any more', async () => {
    const { store, asked, aborted, settle } = make();
    store.want(['a', 'b', 'c']);
    expect(asked).toEqual(['a', 'b']);
    await settle('a');
    expect(asked).toEqual(['a', 'b', 'c']);
    store.want(['c', 'd']);
    expect(aborted).toEqual(['b']);
    await settle('c');
    await settle('d');
    expect(store.settled).toBe(true);
    expect(store.get('b')).toBeUndefined();
  });

  it('forgets what was seen longest ago, never what is on the screen', async () => {
    const { store, discarded, settle } = make(80);
    for (const key of ['a', 'b']) { store.want([key]); await settle(key); }
    store.get('a');
    store.want(['c']);
    await settle('c');
    store.want(['c']);
    expect(discarded).toEqual(['b']);
    expect(store.bytes).toBe(80);
    store.close();
    expect(store.bytes).toBe(0);
  });

  it('keeps the reason of a failure until it is tried again', async () => {
    const { store, asked, settle } = make();
    store.want(['a']);
    await settle('a', new Error('broken'));
    store.want(['a']);
    expect([store.get('a'), store.failed, asked.length]).toEqual([{ state: 'failed', reason: 'broken' }, 1, 1]);
    store.retry();
    expect(asked).toEqual(['a', 'a']);
  });
});

describe('a JPEG of RGB', () => {
  it('is marked as such, once', () => {
    const plain = Uint8Array.of(0xff, 0xd8, 0xff, 0xdb, 0, 4, 1, 2, 0xff, 0xda, 0, 2, 9);
    const marked = markRgb(plain);
    expect([...marked.subarray(0, 10)]).toEqual([0xff, 0xd8, 0xff, 0xee, 0, 14, 0x41, 0x64, 0x6f, 0x62]);
    expect(marked.length).toBe(plain.length + 16);
    expect(markRgb(marked)).toBe(marked);
  });
});
