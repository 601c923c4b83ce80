// @vitest-environment happy-dom
import { cache, type Types } from '@cornerstonejs/core';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { ViewerError } from '../src/dicomweb/errors';
import { Navigator } from '../src/engine/navigator';

const ids = Array.from({ length: 9 }, (_, index) => `yunying:s/i/${index}`);
let waiting: Map<string, { resolve: () => void; reject: (error: Error) => void; cancelled: boolean }>;
let shown: number[];
let errors: [number, string][];

function fetchImage(imageId: string): Promise<unknown> {
  const known = cache.getImageLoadObject(imageId);
  if (known) return known.promise;
  const promise = new Promise<Types.IImage>((resolve, reject) => {
    const image = { imageId, sizeInBytes: 10, getPixelData: () => new Uint8Array(1) } as unknown as Types.IImage;
    waiting.set(imageId, { resolve: () => { resolve(image); }, reject, cancelled: false });
  });
  const cancelFn = () => {
    const entry = waiting.get(imageId);
    if (entry) entry.cancelled = true;
    entry?.reject(new DOMException('aborted', 'AbortError'));
  };
  cache.putImageLoadObject(imageId, { promise, cancelFn }).catch(() => undefined);
  return promise;
}

let opened: Navigator;

function navigator(): Navigator {
  opened = new Navigator(
    fetchImage,
    {
      show: (index) => { shown.push(index); return Promise.resolve(); },
      onTarget: () => undefined,
      onError: (index, error) => errors.push([index, error.code]),
    },
    () => 2,
  );
  return opened;
}

const settle = () => vi.waitFor(() => Promise.resolve());
async function arrive(index: number) { waiting.get(ids[index] ?? '')?.resolve(); await settle(); await settle(); }

beforeEach(() => {
  cache.purgeCache();
  cache.setMaxCacheSize(1000);
  waiting = new Map();
  shown = [];
  errors = [];
});

afterEach(() => { opened.close(); });

describe('walking through a stack', () => {
  it('fetches ahead, and round the end, while it is played', async () => {
    const walk = navigator();
    walk.playing = true;
    const done = walk.open(ids, 7);
    await arrive(7);
    await done;
    expect([...waiting.keys()]).toEqual([7, 8, 0].map((index) => ids[index]));
    await arrive(8);
    expect([...waiting.keys()].at(-1)).toBe(ids[1]);
  });

  it('fetches outward from the picture that is shown', async () => {
    const walk = navigator();
    const done = walk.open(ids, 4);
    await arrive(4);
    await done;
    expect(shown).toEqual([4]);
    expect([...waiting.keys()].map((id) => ids.indexOf(id))).toEqual([4, 5, 3]);
    await arrive(5);
    expect([...waiting.keys()].map((id) => ids.indexOf(id))).toEqual([4, 5, 3, 6]);
  });

  it('shows the picture that was asked for last, not the one that came last', async () => {
    const walk = navigator();
    const first = walk.open(ids, 0);
    const second = walk.go(7);
    await arrive(7);
    await arrive(0);
    await Promise.all([first, second]);
    expect(shown).toEqual([7]);
  });

  it('goes on past a picture that cannot be decoded', async () => {
    const walk = navigator();
    const done = walk.open(ids, 3);
    waiting.get(ids[3] ?? '')?.reject(new ViewerError('decode_failed', 'broken'));
    await done;
    expect(errors).toEqual([[3, 'decode_failed']]);
    const next = walk.step(1);
    await arrive(4);
    await next;
    expect(shown).toEqual([4]);
  });

  it('stays within the stack', async () => {
    const walk = navigator();
    const done = walk.open(ids, 0);
    await arrive(0);
    await done;
    void walk.step(-5);
    expect(walk.index).toBe(0);
    void walk.step(500);
    expect(walk.index).toBe(8);
  });

  it('cancels what a left series still had under way', async () => {
    const walk = navigator();
    void walk.open(ids, 4);
    await arrive(4);
    void walk.open(['yunying:other/i/1'], 0);
    await settle();
    expect([...waiting.entries()].filter(([, entry]) => entry.cancelled).map(([id]) => ids.indexOf(id))).toEqual([5, 3]);
    expect(errors).toEqual([]);
  });

  it('does not fetch more than the cache can hold', async () => {
    cache.setMaxCacheSize(40);
    const walk = navigator();
    void walk.open(ids, 4);
    for (const index of [4, 5, 3, 6, 2]) await arrive(index);
    expect([...waiting.keys()].map((id) => ids.indexOf(id)).sort()).toEqual([3, 4, 5]);
  });
});
