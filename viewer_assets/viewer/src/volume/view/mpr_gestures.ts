import * as actions from '../actions';
import type { Drag, Gestures, Place } from '../gestures';
import { removeMark } from '../actions';
import { fittingPixel, PANES, toPane, toPatient, type Pane } from '../planes';
import { normalOf, type Plane } from '../reslice';
import * as store from '../store';
import type { Vec3 } from '../../engine/vector';
import { crossHair, grips, turned } from './overlay';

export type MprPaneId = Pane | 'batch';

/** What a pane shows at this moment, and how large. */
export interface PaneScene {
  plane: Plane;
  /** Millimetres a CSS pixel. */
  pixel: number;
  size: readonly [number, number];
}

export function sceneOf(pane: MprPaneId, size: readonly [number, number]): PaneScene | undefined {
  const loaded = store.loaded.value;
  if (!loaded || size[0] < 1 || size[1] < 1) return undefined;
  const { grid } = loaded;
  const fit = fittingPixel(grid, store.screenAxes(pane), size[0], size[1]);
  return { plane: store.planeIn(grid, pane), pixel: fit / store.views.value[pane].zoom, size };
}

const WINDOW_PIXELS = 300;
const ZOOM_PIXELS = 180;
const SCROLL_PIXELS = 5;

/** What mouse and fingers do in a pane, by the chosen tool. `seen`: what is on the screen, where that is not the newest scene. */
export function mprGestures(pane: MprPaneId, size: () => readonly [number, number], seen: () => PaneScene | undefined): Gestures {
  const point = (at: Place): Vec3 => {
    const scene = seen() ?? sceneOf(pane, size());
    return scene ? toPatient(scene.plane, scene.pixel, scene.size, at) : store.cursor.value;
  };
  const pan = ([dx, dy]: Place) => {
    const scene = sceneOf(pane, size());
    if (scene) actions.panBy(pane, dx * scene.pixel, dy * scene.pixel);
  };
  const drags: Record<store.MprTool, (at: Place) => Drag> = {
    cursor: (at) => (isPane(pane) ? cursorDrag(pane, at, point, size) : scrollDrag(pane)),
    scroll: () => scrollDrag(pane),
    window: windowDrag,
    zoom: () => ({ move: (_, [, dy]) => { actions.zoomBy(pane, Math.exp(-dy / ZOOM_PIXELS)); } }),
    pan: () => ({ move: (_, by) => { pan(by); } }),
    length: (at) => lengthDrag(pane, at, point),
    probe: () => ({ move: () => undefined, end: (at, _, cancelled) => { if (!cancelled) void probe(pane, point(at)); } }),
  };
  return {
    press: (at, button) => {
      if (button === 'secondary') return windowDrag();
      return drags[button === 'middle' ? 'pan' : store.tool.value](at);
    },
    wheel: (steps, zooming) => {
      if (zooming) actions.zoomBy(pane, 1.15 ** -steps);
      else actions.scroll(pane, steps);
    },
    pinch: (factor, by) => {
      actions.zoomBy(pane, factor);
      pan(by);
    },
    doublePress: () => {
      const { value } = store.tool;
      if (isPane(pane) && value !== 'length' && value !== 'probe') actions.toggleLayout(pane);
    },
  };
}

export function isPane(pane: MprPaneId): pane is Pane {
  return PANES.some((name) => name === pane);
}

function cursorDrag(pane: Pane, start: Place, point: (at: Place) => Vec3, size: () => readonly [number, number]): Drag {
  const scene = sceneOf(pane, size());
  const cursorAt = scene && toPane(scene.plane, scene.pixel, scene.size, store.cursor.value);
  if (scene && cursorAt && grips(crossHair(pane, cursorAt, ...scene.size), start)) {
    let last = start;
    return {
      move: (at) => {
        actions.turn(pane, turned(cursorAt, last, at));
        last = at;
      },
    };
  }
  actions.moveCursor(point(start));
  return { move: (at) => { actions.moveCursor(point(at)); } };
}

function scrollDrag(pane: MprPaneId): Drag {
  let rest = 0;
  return {
    move: (_, [, dy]) => {
      rest += dy;
      const steps = Math.trunc(rest / SCROLL_PIXELS);
      rest -= steps * SCROLL_PIXELS;
      if (steps !== 0) actions.scroll(pane, steps);
    },
  };
}

/** Wider to the right, brighter upwards, in proportion to the window that there is. */
function windowDrag(): Drag {
  return {
    move: (_, [dx, dy]) => {
      const { width, center } = store.greyWindow.value;
      const unit = Math.max(1, width) / WINDOW_PIXELS;
      actions.setWindow({ width: width + dx * unit, center: center + dy * unit });
    },
  };
}

function lengthDrag(pane: MprPaneId, start: Place, point: (at: Place) => Vec3): Drag {
  const from = point(start);
  const id = actions.addMark(pane, { kind: 'length', from, to: from });
  return {
    move: (at) => {
      actions.moveMarkEnd(id, point(at));
    },
    end: (_, moved, cancelled) => {
      if (!moved || cancelled) removeMark(id);
    },
  };
}

async function probe(pane: MprPaneId, at: Vec3): Promise<void> {
  const loaded = store.loaded.value;
  if (!loaded) return;
  const plane = store.planeIn(loaded.grid, pane);
  const value = await loaded.drawing.value(pane, plane, at, store.slab.value);
  if (value !== undefined && store.loaded.value === loaded) actions.addMark(pane, { kind: 'probe', at, value, normal: normalOf(plane) });
}
