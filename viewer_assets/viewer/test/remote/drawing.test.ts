import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { standardAxes } from '../../src/volume/camera';
import type { Operation, PlaneScene } from '../../src/volume/drawing';
import { RemoteDrawing } from '../../src/volume/remote/drawing';
import { PACE_MS } from '../../src/volume/remote/views';
import { frame } from './node';

type Said = { type: string; seq?: number } & Record<string, unknown>;

const PNG = new Uint8Array([1]);
const SCENE: PlaneScene = {
  plane: { centre: [0, 0, 0], right: [1, 0, 0], down: [0, 1, 0] }, width: 200, height: 100, pixel: 0.5,
  slab: { thickness: 0, projection: 'max' }, window: { width: 400, center: 40 }, inverted: false,
};
const OPERATION: Operation = { kind: 'outline', outline: [[0, 0], [9, 0], [9, 9]], size: [100, 100], camera: { ...standardAxes('A'), centre: [0, 0, 0], pixel: 1 }, take: 'inside' };

let said: Said[];
let moving: boolean;
let cuts: Operation[];
let drawing: RemoteDrawing;
let painted: number[];

function canvas(): HTMLCanvasElement {
  return {
    width: 0, height: 0,
    getContext: () => ({ drawImage: (bitmap: { of: number }) => painted.push(bitmap.of) }),
  } as unknown as HTMLCanvasElement;
}

const of = (type: string) => said.filter((message) => message.type === type);
const viewOf = (pane: number) => of('view').findLast((message) => message.pane === pane);
const soon = () => vi.advanceTimersByTimeAsync(PACE_MS);

beforeEach(() => {
  vi.useFakeTimers();
  [said, moving, cuts, painted] = [[], false, [], []];
  vi.stubGlobal('requestAnimationFrame', (callback: () => void) => { callback(); });
  vi.stubGlobal('createImageBitmap', async (blob: Blob) => ({ width: 200, height: 100, close: vi.fn(), of: new Uint8Array(await blob.arrayBuffer())[0] }));
  const line = { send: (message: object) => said.push(message as Said) > 0, expect: vi.fn(), close: vi.fn() };
  drawing = new RemoteDrawing(line, { moving: () => moving, lossless: true, density: () => 1, cuts: () => cuts });
});
afterEach(() => {
  drawing.close();
  vi.unstubAllGlobals();
  vi.useRealTimers();
});

describe('drawing by the server', () => {
  it('answers each frame, also of a pane that is gone, or whose picture is broken', async () => {
    drawing.plane('axial', canvas(), { sharp: vi.fn() }).show(SCENE);
    await drawing.frame(frame({ number: 1, pane: 0 }), PNG);
    await drawing.frame(frame({ number: 2, pane: 2 }), PNG);
    vi.stubGlobal('createImageBitmap', () => Promise.reject(new DOMException('broken', 'InvalidStateError')));
    await drawing.frame(frame({ number: 3, pane: 0 }), PNG);
    expect(of('shown').map(({ number }) => number)).toEqual([1, 2, 3]);
  });

  it('is fine once the newest view has come finely, and not before', async () => {
    const sharp = vi.fn();
    const painter = drawing.plane('axial', canvas(), { sharp });
    painter.show(SCENE);
    expect(sharp).toHaveBeenLastCalledWith(false);
    await soon();
    const seq = viewOf(0)?.seq ?? 0;
    await drawing.frame(frame({ number: 1, seq: seq - 1, sharp: true }), PNG);
    expect(sharp).toHaveBeenLastCalledWith(false);
    await drawing.frame(frame({ number: 2, seq, sharp: false }), PNG);
    expect(sharp).toHaveBeenLastCalledWith(false);
    await drawing.frame(frame({ number: 3, seq, sharp: true }), PNG);
    expect(sharp).toHaveBeenLastCalledWith(true);
  });

  it('never puts an older picture over a newer one', async () => {
    drawing.plane('axial', canvas(), { sharp: vi.fn() }).show(SCENE);
    const first = drawing.frame(frame({ number: 2, seq: 5 }), new Uint8Array([2]));
    const second = drawing.frame(frame({ number: 1, seq: 5 }), new Uint8Array([1]));
    await Promise.all([first, second]);
    expect(painted).toEqual([2]);
  });

  it('takes the pictures of another session, whatever is still on its way of the one before', async () => {
    drawing.plane('axial', canvas(), { sharp: vi.fn() }).show(SCENE);
    const late = drawing.frame(frame({ number: 500, seq: 5 }), new Uint8Array([9]));
    drawing.opened();
    await late;
    await drawing.frame(frame({ number: 1, seq: 6 }), new Uint8Array([1]));
    expect(painted).toEqual([1]);
  });

  it('shows no picture of who had the pane before', async () => {
    drawing.plane('axial', canvas(), { sharp: vi.fn() }).show(SCENE);
    await soon();
    const seq = viewOf(0)?.seq ?? 0;
    drawing.plane('batch', canvas(), { sharp: vi.fn() });
    await drawing.frame(frame({ number: 1, seq }), new Uint8Array([7]));
    expect(painted).toEqual([]);
  });

  it('says what is shown in millimetres of the pane, also while that is hidden', async () => {
    const picture = vi.fn();
    drawing.plane('axial', canvas(), { sharp: vi.fn(), picture }).show(SCENE);
    await soon();
    await drawing.frame(frame({ number: 1, seq: viewOf(0)?.seq ?? 0, width: 400, pixel: 0.25 }), PNG);
    expect(picture).toHaveBeenCalledWith(expect.objectContaining({ pixel: 0.5 }));
  });

  it('keeps a pane whose number another had that goes only after it has come', async () => {
    const before = drawing.plane('axial', canvas(), { sharp: vi.fn() });
    before.show(SCENE);
    const sharp = vi.fn();
    drawing.plane('batch', canvas(), { sharp }).show({ ...SCENE, pixel: 2 });
    before.close();
    await soon();
    expect(of('hide')).toEqual([]);
    await drawing.frame(frame({ number: 1, seq: viewOf(0)?.seq ?? 0 }), PNG);
    expect(sharp).toHaveBeenLastCalledWith(true);
  });

  it('says that a pane moves while a hand is on it, and that it rests after', async () => {
    const painter = drawing.plane('coronal', canvas(), { sharp: vi.fn() });
    moving = true;
    painter.show(SCENE);
    await soon();
    expect(viewOf(2)).toMatchObject({ moving: true, mode: 'mpr', lossless: true });
    moving = false;
    drawing.rest();
    await soon();
    expect(viewOf(2)).toMatchObject({ moving: false });
  });

  it('lets go of a pane that goes away', () => {
    const painter = drawing.plane('sagittal', canvas(), { sharp: vi.fn() });
    painter.show(SCENE);
    painter.close();
    expect(said.at(-1)).toEqual({ type: 'hide', pane: 1 });
  });

  it('asks for a value after the view that it is of', async () => {
    drawing.plane('axial', canvas(), { sharp: vi.fn() }).show(SCENE);
    const value = drawing.value('axial', SCENE.plane, [1, 2, 3]);
    const [view, probe] = said.slice(-2);
    expect(view).toMatchObject({ type: 'view' });
    expect(probe).toMatchObject({ type: 'probe', pane: 0, point: [1, 2, 3] });
    drawing.hear({ type: 'value', seq: probe?.seq ?? 0, value: null });
    expect(await value).toBeNaN();
  });

  it('does in another session again what was cut, and shows what was looked at', async () => {
    drawing.plane('axial', canvas(), { sharp: vi.fn() }).show(SCENE);
    await soon();
    said.length = 0;
    cuts = [OPERATION];
    drawing.opened();
    expect(of('view').map(({ pane }) => pane)).toEqual([0, 3]);
    expect(of('view')[0]).toMatchObject({ size: [200, 100], centre: [0, 0, 0], window: { center: 40, width: 400 } });
    expect(of('cut')).toHaveLength(1);
  });

  it('tells of a cut that took nothing, and of one that was not answered', async () => {
    const cut = drawing.cut(OPERATION);
    drawing.hear({ type: 'cuts', seq: said.at(-1)?.seq ?? 0, count: 0, taken: 0 });
    expect(await cut).toEqual({ count: 0, taken: 0 });
    const other = drawing.cut(OPERATION);
    drawing.hear({ type: 'error', code: 'bad_request', message: 'outline: is not a list' });
    expect(await other).toEqual({ count: 0, taken: 0 });
  });
});
