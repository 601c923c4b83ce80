import { afterEach, describe, expect, it, vi } from 'vitest';
import { isWeak, keepPlace, keptPlace, placeFor } from '../src/volume/where';

afterEach(() => {
  vi.unstubAllGlobals();
});

function machine(navigator: object, queries: readonly string[] = []): void {
  vi.stubGlobal('navigator', { hardwareConcurrency: 8, deviceMemory: 8, connection: { downlink: 10 }, ...navigator });
  vi.stubGlobal('matchMedia', (query: string) => ({ matches: queries.includes(query) }));
}

describe('where pictures are made', () => {
  const plain = { allowed: true, kept: null, weak: false, large: false } as const;

  it('is here on a machine that can, and on the server where it would be slow or too much', () => {
    expect(placeFor(plain)).toBe('local');
    expect(placeFor({ ...plain, weak: true })).toBe('server');
    expect(placeFor({ ...plain, large: true })).toBe('server');
  });

  it('is where the reader chose before', () => {
    expect(placeFor({ ...plain, kept: 'server' })).toBe('server');
    expect(placeFor({ ...plain, weak: true, large: true, kept: 'local' })).toBe('local');
  });

  it('is here without the right, whatever speaks against it', () => {
    expect(placeFor({ allowed: false, kept: 'server', weak: true, large: true })).toBe('local');
  });

  it.each([
    ['little memory', { deviceMemory: 2 }, []],
    ['few cores', { hardwareConcurrency: 2 }, []],
    ['a slow line', { connection: { downlink: 1.5 } }, []],
    ['a reader who saves data', { connection: { downlink: 10, saveData: true } }, []],
    ['a reader who asked for less data', {}, ['(prefers-reduced-data: reduce)']],
  ])('is weak with %s', (_, navigator, queries) => {
    machine(navigator, queries);
    expect(isWeak(true)).toBe(true);
  });

  it('is weak without graphics, and else not', () => {
    machine({});
    expect(isWeak(false)).toBe(true);
    expect(isWeak(true)).toBe(false);
  });

  it('is not weak because the browser does not tell', () => {
    machine({ deviceMemory: undefined, hardwareConcurrency: undefined, connection: undefined });
    expect(isWeak(true)).toBe(false);
  });

  it('is remembered, and rubbish is not', () => {
    const items = new Map<string, string>();
    vi.stubGlobal('localStorage', { getItem: (key: string) => items.get(key) ?? null, setItem: (key: string, value: string) => void items.set(key, value) });
    expect(keptPlace()).toBeNull();
    keepPlace('server');
    expect(keptPlace()).toBe('server');
    items.set('yunying.drawing', '<script>');
    expect(keptPlace()).toBeNull();
  });
});
