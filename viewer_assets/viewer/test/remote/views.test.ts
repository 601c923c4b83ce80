import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { PACE_MS, Views } from '../../src/volume/remote/views';

type Told = Record<string, unknown>;

let told: Told[];
let reachable: boolean;
let views: Views;

beforeEach(() => {
  vi.useFakeTimers();
  told = [];
  reachable = true;
  views = new Views(
    (message) => {
      if (reachable) told.push(message as Told);
      return reachable;
    },
    (callback) => { callback(); },
  );
});
afterEach(() => {
  vi.useRealTimers();
});

const soon = () => vi.advanceTimersByTime(PACE_MS);

describe('views', () => {
  it('of a drag are told as the newest alone', () => {
    for (let step = 0; step < 20; step++) views.want(0, { centre: [0, 0, step] }, true);
    soon();
    expect(told).toEqual([{ type: 'view', pane: 0, seq: 1, moving: true, centre: [0, 0, 19] }]);
  });

  it('are told no faster than the node takes them, four panes at once', () => {
    const second = 1000;
    for (let at = 0; at < second; at += 4) {
      for (let pane = 0; pane < 4; pane++) views.want(pane, { centre: [0, 0, at] }, true);
      vi.advanceTimersByTime(4);
    }
    expect(told.length).toBeGreaterThan(60);
    expect(told.length).toBeLessThanOrEqual(110);
  });

  it('name only what has changed', () => {
    views.want(0, { size: [100, 80], centre: [0, 0, 0] }, false);
    soon();
    views.want(0, { size: [100, 80], centre: [0, 0, 5] }, false);
    soon();
    expect(told[1]).toEqual({ type: 'view', pane: 0, seq: 2, moving: false, centre: [0, 0, 5] });
  });

  it('that are as they were are not told', () => {
    expect(views.want(0, { pixel: 1 }, false)).toBe(true);
    soon();
    expect(views.want(0, { pixel: 1 }, false)).toBe(false);
    soon();
    expect(told).toHaveLength(1);
  });

  it('are told with what is at rest when the hand lets go', () => {
    views.want(0, { pixel: 1 }, true);
    soon();
    views.rest();
    soon();
    expect(told.at(-1)).toEqual({ type: 'view', pane: 0, seq: 2, moving: false });
  });

  it('that are fine already are not asked for again when the hand lets go', () => {
    views.want(0, { pixel: 1 }, true);
    soon();
    expect(views.shows(0, 1, true)).toBe(true);
    views.rest();
    soon();
    expect(told).toHaveLength(1);
  });

  it('are not shown by a picture of an older one', () => {
    views.want(0, { pixel: 1 }, true);
    soon();
    views.want(0, { pixel: 2 }, true);
    expect(views.shows(0, 1, true), 'the newest is not even told').toBe(false);
    soon();
    expect(views.shows(0, 1, true)).toBe(false);
    expect(views.shows(0, 2, false)).toBe(true);
  });

  it('are told whole to another session, at rest or not', () => {
    views.want(0, { size: [100, 80], pixel: 1 }, false);
    soon();
    reachable = false;
    views.want(0, { size: [100, 80], pixel: 2 }, false);
    soon();
    reachable = true;
    views.restart();
    expect(told.at(-1)).toMatchObject({ pane: 0, size: [100, 80], pixel: 2 });
    expect(told).toHaveLength(2);
  });

  it('are told whole after one was refused, which the node does not know', () => {
    views.want(0, { size: [100, 80], pixel: 99 }, false);
    soon();
    views.refused();
    views.want(0, { size: [100, 80], pixel: 2 }, false);
    soon();
    expect(told.at(-1)).toMatchObject({ size: [100, 80], pixel: 2 });
  });

  it('of a pane that is gone are taken back', () => {
    views.want(2, { pixel: 1 }, false);
    soon();
    views.hide(2);
    expect(told.at(-1)).toEqual({ type: 'hide', pane: 2 });
    views.restart();
    expect(told).toHaveLength(2);
  });

  it('of planes are told before the rendering, which takes longest', () => {
    for (const pane of [3, 1, 0]) views.want(pane, { pixel: 1 }, false);
    soon();
    expect(told.map(({ pane }) => pane)).toEqual([0, 1, 3]);
  });
});
