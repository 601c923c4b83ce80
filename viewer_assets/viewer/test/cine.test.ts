import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { frameRate } from '../src/dicomweb/stack';
import { Cine, nextRate } from '../src/engine/cine';

beforeEach(() => { vi.useFakeTimers(); });
afterEach(() => { vi.useRealTimers(); });

describe('playing', () => {
  it('goes on at the pace that was chosen, and stops', async () => {
    const next = vi.fn(() => Promise.resolve());
    const cine = new Cine(next);
    cine.start(4);
    await vi.advanceTimersByTimeAsync(1000);
    expect(next).toHaveBeenCalledTimes(4);
    cine.stop();
    await vi.advanceTimersByTimeAsync(1000);
    expect(next).toHaveBeenCalledTimes(4);
  });

  it('waits for a picture that is slow to arrive instead of running past it', async () => {
    let arrive = () => {};
    const next = vi.fn(() => new Promise<void>((resolve) => { arrive = resolve; }));
    const cine = new Cine(next);
    cine.start(10);
    await vi.advanceTimersByTimeAsync(1000);
    expect(next).toHaveBeenCalledTimes(1);
    arrive();
    await vi.advanceTimersByTimeAsync(100);
    expect(next).toHaveBeenCalledTimes(2);
    cine.stop();
  });

  it('becomes faster and slower by steps, up to an end', () => {
    expect(nextRate(10, 1)).toBe(12.5);
    expect(nextRate(1000 / 76, -1)).toBe(12.5);
    expect(nextRate(60, 1)).toBe(60);
    expect(nextRate(1, -1)).toBe(1);
  });
});

describe('the speed that the file recommends', () => {
  const value = (...Value: number[]) => ({ vr: 'DS', Value });

  it('is by the frame time, or the mean of the frame time vector, or the rate', () => {
    expect(frameRate({ '00181063': value(40), '00180040': value(15) })).toBe(25);
    expect(frameRate({ '00181065': value(0, 40, 60) })).toBe(20);
    expect(frameRate({ '00082144': value(30), '00180040': value(15) })).toBe(30);
    expect(frameRate({ '00180040': value(15) })).toBe(15);
  });

  it('is not made up from nonsense', () => {
    expect(frameRate({})).toBeUndefined();
    expect(frameRate({ '00181063': value(0), '00181065': value(0), '00180040': value(-1) })).toBeUndefined();
  });
});
