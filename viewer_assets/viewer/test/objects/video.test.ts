import { expect, it } from 'vitest';
import { frameAt, stepped } from '../../src/objects/video/frames';

it('stepping goes from frame to frame, there and back, at every rate', () => {
  for (const rate of [24, 25, 29.97, 30, 60]) {
    let time = 0;
    for (let frame = 1; frame < 500; frame++) {
      time = stepped(time, 1, rate);
      expect(frameAt(time, rate)).toBe(frame);
    }
    expect(frameAt(stepped(time, -1, rate), rate)).toBe(498);
  }
});

it('the edge of a frame belongs to the one that begins there', () => {
  for (let frame = 0; frame < 300; frame++) expect(frameAt(frame / 25, 25)).toBe(frame);
  expect(frameAt(0, 25)).toBe(0);
});
