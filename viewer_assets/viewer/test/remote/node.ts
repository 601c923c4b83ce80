import { expect } from 'vitest';
import type { Socket } from '../../src/volume/remote/line';
import type { Frame } from '../../src/volume/remote/protocol';

type Said = { type: string; seq?: number } & Record<string, unknown>;

/** A socket that takes no liberties: what a browser would refuse fails the test. */
export class FakeSocket implements Socket {
  binaryType = 'blob';
  onopen: (() => void) | null = null;
  onmessage: ((event: { data: unknown }) => void) | null = null;
  onclose: ((event: { code: number }) => void) | null = null;
  readonly said: Said[] = [];
  state: 'connecting' | 'open' | 'closed' = 'connecting';

  send(text: string): void {
    expect(this.state, 'a message is sent on an open socket alone').toBe('open');
    this.said.push(JSON.parse(text) as Said);
  }

  close(): void {
    this.state = 'closed';
  }

  accept(): void {
    expect(this.state).toBe('connecting');
    expect(this.binaryType, 'pictures are taken as bytes').toBe('arraybuffer');
    this.state = 'open';
    this.onopen?.();
  }

  says(message: object | string): void {
    expect(this.state).toBe('open');
    this.onmessage?.({ data: typeof message === 'string' ? message : JSON.stringify(message) });
  }

  sends(data: ArrayBuffer): void {
    this.onmessage?.({ data });
  }

  /** The node, or the line, ends it. */
  ends(code: number): void {
    this.state = 'closed';
    this.onclose?.({ code });
  }
}

export const GRID = { size: [4, 5, 6], origin: [-2, -3, 10], steps: [[1, 0, 0], [0, 1, 0], [0, 0, 2.5]] };
export const OPENED = { type: 'opened', grid: GRID, unit: 'HU', range: [-1000, 900], usual: [-990, 700], window: { center: 40, width: 400 }, inverted: false, presets: ['bone'], every: 1 };

export const HEADER = {
  type: 'frame', number: 1, pane: 0, seq: 1, format: 'jpeg', mode: 'mpr', width: 200, height: 100, pixel: 0.5,
  right: [1, 0, 0], down: [0, 1, 0], centre: [1, 2, 3], edges: { top: 'A', right: 'L', bottom: 'P', left: 'R' }, sharp: true,
  slice: { position: 3, step: 1, index: 2, count: 6 },
};

export function frame(changes: Partial<Frame> = {}): Frame {
  return {
    number: 1, pane: 0, seq: 1, format: 'jpeg', width: 200, height: 100, pixel: 0.5, right: [1, 0, 0], down: [0, 1, 0], centre: [1, 2, 3],
    edges: { top: 'A', right: 'L', bottom: 'P', left: 'R' }, sharp: true, slicing: null, ...changes,
  };
}

/** A binary message: length of the header, header, picture. */
export function binary(header: object | string, picture: readonly number[] = [1, 2, 3], length?: number): ArrayBuffer {
  const text = new TextEncoder().encode(typeof header === 'string' ? header : JSON.stringify(header));
  const data = new Uint8Array(4 + text.length + picture.length);
  new DataView(data.buffer).setUint32(0, length ?? text.length, true);
  data.set(text, 4);
  data.set(picture, 4 + text.length);
  return data.buffer;
}
