import { useEffect, useRef } from 'preact/hooks';
import { peakNear, stripAt, stripOf, toPlace, toPoint, type Caliper, type Point } from './measure';
import { draw, HANDLE, type Sheet } from './paper';
import type { Strip } from './layout';

export interface EcgCanvasProps {
  sheet: Sheet;
  /** CSS pixels a millimetre. */
  scale: number;
  /** Drags measure; else they move the paper. */
  measuring: boolean;
  /** A caliper's ends go to the nearest wave's peak. */
  snap: boolean;
  onChange: (caliper: Caliper, isNew: boolean) => void;
  onSelect: (id: number | null) => void;
  nextId: () => number;
}

/** Millimetres around a handle in which a finger, or a mouse, takes it. */
const REACH = { touch: 4, mouse: 2 } as const;
/** A shorter drag, in millimetres, is a slip. */
const SHORTEST = 0.5;

type Drag =
  | { kind: 'caliper'; caliper: Caliper; strip: Strip; end: 'from' | 'to'; isNew: boolean }
  | { kind: 'paper'; x: number; y: number; left: number; top: number };

/** The paper within a scrolled area: only the part in sight is drawn, so a recording may be hours long. */
export function EcgCanvas(props: EcgCanvasProps) {
  const { sheet, scale, measuring } = props;
  const area = useRef<HTMLDivElement>(null);
  const canvas = useRef<HTMLCanvasElement>(null);
  const drag = useRef<Drag | null>(null);
  const latest = useRef(props);
  latest.current = props;

  const redraw = () => {
    if (canvas.current && area.current) paint(canvas.current, area.current, latest.current);
  };

  useEffect(redraw);
  useEffect(() => {
    const observer = new ResizeObserver(redraw);
    if (area.current) observer.observe(area.current);
    return () => { observer.disconnect(); };
  }, []);

  const place = (event: PointerEvent) => {
    const box = area.current;
    const frame = box?.getBoundingClientRect();
    if (!box || !frame) return { x: 0, y: 0 };
    return { x: (event.clientX - frame.left + box.scrollLeft) / scale, y: (event.clientY - frame.top + box.scrollTop) / scale };
  };

  const pointOf = (strip: Strip, x: number, y: number): Point => {
    const point = toPoint(strip, x, y, sheet.speed);
    return (props.snap ? peakNear(strip.channel, sheet.frequency, point.time) : undefined) ?? point;
  };

  const begin = (event: PointerEvent) => {
    const box = area.current;
    if (event.button !== 0 || !box) return;
    if (!measuring) {
      // A finger scrolls by itself.
      if (event.pointerType === 'mouse') drag.current = { kind: 'paper', x: event.clientX, y: event.clientY, left: box.scrollLeft, top: box.scrollTop };
    } else {
      const { x, y } = place(event);
      drag.current = grabbed(sheet, x, y, event.pointerType === 'mouse' ? REACH.mouse : REACH.touch) ?? fresh(x, y);
      props.onSelect(drag.current?.kind === 'caliper' ? drag.current.caliper.id : null);
    }
    if (drag.current) canvas.current?.setPointerCapture(event.pointerId);
  };

  const fresh = (x: number, y: number): Drag | null => {
    const strip = stripAt(sheet.paper, x, y, sheet.speed);
    if (!strip) return null;
    const point = pointOf(strip, x, y);
    const caliper = { id: props.nextId(), channel: strip.channel.name, unit: strip.channel.unit, from: point, to: point, beats: 1 };
    return { kind: 'caliper', caliper, strip, end: 'to', isNew: true };
  };

  const move = (event: PointerEvent) => {
    const current = drag.current;
    if (!current) return;
    if (current.kind === 'paper') {
      area.current?.scrollTo(current.left + current.x - event.clientX, current.top + current.y - event.clientY);
      return;
    }
    const { x, y } = place(event);
    const point = pointOf(current.strip, x, y);
    const start = toPlace(current.strip, current.caliper.from, sheet.speed);
    if (current.isNew && Math.hypot(x - start.x, y - start.y) < SHORTEST && !props.snap) return;
    current.caliper = { ...current.caliper, [current.end]: point };
    if (current.caliper.from.time === current.caliper.to.time && current.caliper.from.value === current.caliper.to.value) return;
    props.onChange(current.caliper, current.isNew);
    current.isNew = false;
  };

  const end = () => {
    drag.current = null;
  };

  return (
    <div class="ecg-area" ref={area} data-testid="ecg-area" onScroll={redraw}>
      <canvas
        ref={canvas}
        data-testid="ecg-canvas"
        class={measuring ? 'measuring' : ''}
        onPointerDown={begin}
        onPointerMove={move}
        onPointerUp={end}
        onPointerCancel={end}
      />
      <div class="ecg-size" style={{ width: `${sheet.paper.width * scale}px`, height: `${sheet.paper.height * scale}px` }} />
    </div>
  );
}

/** Draws what is in sight, at the screen's own density. */
function paint(element: HTMLCanvasElement, box: HTMLDivElement, { sheet, scale }: EcgCanvasProps): void {
  const context = element.getContext('2d');
  if (!context) return;
  const density = Math.min(window.devicePixelRatio || 1, 3);
  const [width, height] = [box.clientWidth, box.clientHeight];
  element.style.width = `${width}px`;
  element.style.height = `${height}px`;
  const [across, down] = [Math.round(width * density), Math.round(height * density)];
  if (element.width !== across) element.width = across;
  if (element.height !== down) element.height = down;
  const part = { x: box.scrollLeft / scale, y: box.scrollTop / scale, width: width / scale, height: height / scale };
  draw(context, sheet, part, scale * density);
}

/** The caliper's end at a place of the paper, the selected caliper first. */
function grabbed(sheet: Sheet, x: number, y: number, reach: number): Drag | null {
  const order = [...sheet.calipers].sort((a, b) => Number(b.id === sheet.selected) - Number(a.id === sheet.selected));
  for (const caliper of order) {
    const strip = stripOf(sheet.paper, caliper);
    if (!strip) continue;
    for (const end of ['to', 'from'] as const) {
      const at = toPlace(strip, caliper[end], sheet.speed);
      if (Math.hypot(at.x - x, at.y - y) <= reach + HANDLE / 2) return { kind: 'caliper', caliper, strip, end, isNew: false };
    }
  }
  return null;
}
