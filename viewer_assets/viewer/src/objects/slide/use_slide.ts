import type { RefObject } from 'preact';
import { useEffect, useLayoutEffect, useRef, useState } from 'preact/hooks';
import type { DicomWeb } from '../../dicomweb/client';
import * as state from '../../state';
import { to } from '../texts';
import { listen } from './gestures';
import type { Line } from './Lines';
import type { Slide } from './pyramid';
import { Session, type Progress } from './session';
import { fit, held, matrix, toSlide, zoomed, type Point, type Size, type View } from './view';

export type Change = (make: (view: View, pane: Size) => View) => void;

/** The slide in its pane: what is seen of it, and how that changes. `canvas` is painted. */
export function useView(canvas: RefObject<HTMLCanvasElement | null>, slide: Slide) {
  const size = matrix(slide);
  const [pane, setPane] = useState<Size>([0, 0]);
  const [view, setView] = useState<View | null>(null);
  const latest = useRef({ view, pane });
  latest.current = { view, pane };
  useLayoutEffect(() => {
    const element = canvas.current?.parentElement;
    if (!element) return undefined;
    const measure = () => {
      const now: Size = [element.clientWidth, element.clientHeight];
      setPane(now);
      setView((before) => (before ? held(before, size, now) : fit(size, now)));
    };
    const observer = new ResizeObserver(measure);
    observer.observe(element);
    measure();
    return () => { observer.disconnect(); };
  }, [slide]);
  /** From the newest view, not from the one of the last drawing: several moves may come between two. */
  const change: Change = (make) => {
    setView((before) => (before ? held(make(before, latest.current.pane), size, latest.current.pane) : before));
  };
  const move = (x: number, y: number) => { change((now) => ({ ...now, x: now.x - x / now.scale, y: now.y - y / now.scale })); };
  const zoom = (factor: number, at?: Point) => { change((now, where) => zoomed(now, size, where, factor, at ?? [where[0] / 2, where[1] / 2])); };
  /** The slide's pixel under a place of the pane. */
  const under = (point: Point): Point => {
    const { view: now, pane: where } = latest.current;
    return now ? toSlide(now, where, point) : point;
  };
  return { size, pane, view, change, move, zoom, under };
}

/** Lengths that are drawn on the slide while `measuring`; else a drag moves it. */
export function useGestures(canvas: RefObject<HTMLCanvasElement | null>, slide: Slide, { move, zoom, under }: Pick<ReturnType<typeof useView>, 'move' | 'zoom' | 'under'>, measuring: boolean) {
  const [lines, setLines] = useState<readonly Line[]>([]);
  const drawing = useRef(measuring);
  drawing.current = measuring;
  useEffect(() => {
    const element = canvas.current?.parentElement;
    if (!element) return undefined;
    return listen(element, {
      move: ([x, y]) => { move(x, y); },
      zoom,
      drawing: () => drawing.current,
      draw: (from, end, done) => {
        const line = { from: under(from), to: under(end), done };
        setLines((before) => [...before.filter((item) => item.done), line]);
      },
    });
  }, [slide]);
  return { lines, setLines };
}

/** Paints what is there each time that something arrives or the view changes. */
export function useTiles(canvas: RefObject<HTMLCanvasElement | null>, client: DicomWeb, slide: Slide, view: View | null, pane: Size, layer: number) {
  const session = useRef<Session | null>(null);
  const [progress, setProgress] = useState<Progress>({ ready: false, failed: 0, level: 0 });
  const [arrived, setArrived] = useState(0);
  useEffect(() => {
    const made = new Session(client, slide, state.phone.value, to('slide.notStored'), () => { setArrived((count) => count + 1); });
    session.current = made;
    return () => { made.close(); };
  }, [slide]);
  useEffect(() => {
    const context = canvas.current?.getContext('2d');
    if (!view || !context || pane[0] === 0) return;
    session.current?.look(view, pane, layer);
    const [width, height] = [Math.round(pane[0] * devicePixelRatio), Math.round(pane[1] * devicePixelRatio)];
    // Setting a size clears the picture.
    if (context.canvas.width !== width || context.canvas.height !== height) [context.canvas.width, context.canvas.height] = [width, height];
    const now = session.current?.paint(context, view, pane, layer);
    if (now) setProgress((before) => (before.ready === now.ready && before.failed === now.failed && before.level === now.level ? before : now));
  }, [view, pane, layer, arrived, slide]);
  return { session, progress };
}
