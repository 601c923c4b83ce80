import { FONT } from '../../font';
import type { Paper, Strip } from './layout';
import { LEFT } from './layout';
import { stripOf, toPlace, type Caliper } from './measure';

/** Draws the recording on millimetre paper. All places are in millimetres, the transform makes pixels of them. */

export interface Sheet {
  paper: Paper;
  /** Samples a second. */
  frequency: number;
  /** Millimetres a second. */
  speed: number;
  calipers: readonly Caliper[];
  selected: number | null;
  /** What is written beside a caliper. */
  label: (caliper: Caliper) => string;
}

/** The part of the paper that is drawn, in millimetres. */
export interface Window {
  x: number;
  y: number;
  width: number;
  height: number;
}

const COLOUR = { ground: '#fffafa', fine: '#f6d5d5', bold: '#e39a9a', trace: '#111', text: '#333', caliper: '#0b5fae', selected: '#c2410c' };
const PULSE_SECONDS = 0.2;
/** Half of the handle at a caliper's end. */
export const HANDLE = 1.4;

/** `scale` is pixels a millimetre; the window's left upper corner comes to the canvas's. */
export function draw(context: CanvasRenderingContext2D, sheet: Sheet, window: Window, scale: number): void {
  context.setTransform(scale, 0, 0, scale, -window.x * scale, -window.y * scale);
  context.fillStyle = COLOUR.ground;
  context.fillRect(window.x, window.y, window.width, window.height);
  drawGrid(context, window, scale);
  for (const strip of sheet.paper.strips) {
    if (strip.bottom < window.y - 20 || strip.top > window.y + window.height + 20) continue;
    drawTrace(context, strip, sheet, window, scale);
    drawName(context, strip);
    if (strip.first) drawPulse(context, strip, sheet.speed);
  }
  for (const caliper of sheet.calipers) drawCaliper(context, caliper, sheet);
}

/** Thin lines every millimetre where they are more than 3 pixels apart, bold ones every 5. */
function drawGrid(context: CanvasRenderingContext2D, { x, y, width, height }: Window, scale: number): void {
  for (const [step, colour, line] of [[1, COLOUR.fine, 0.08], [5, COLOUR.bold, 0.14]] as const) {
    if (step * scale < 3) continue;
    context.strokeStyle = colour;
    context.lineWidth = Math.max(line, 0.6 / scale);
    context.beginPath();
    for (let at = Math.floor(x / step) * step; at <= x + width; at += step) {
      context.moveTo(at, y);
      context.lineTo(at, y + height);
    }
    for (let at = Math.floor(y / step) * step; at <= y + height; at += step) {
      context.moveTo(x, at);
      context.lineTo(x + width, at);
    }
    context.stroke();
  }
}

/** Of many samples within half a pixel the least and the greatest are drawn: no spike is lost. */
function drawTrace(context: CanvasRenderingContext2D, strip: Strip, sheet: Sheet, window: Window, scale: number): void {
  const { values, skew } = strip.channel;
  const { frequency, speed } = sheet;
  const start = Math.max(strip.from, strip.from + (window.x - strip.x) / speed - 0.1);
  const end = Math.min(strip.to, strip.from + (window.x + window.width - strip.x) / speed + 0.1);
  const first = Math.max(0, Math.ceil((start - skew) * frequency));
  const last = Math.min(values.length - 1, Math.floor((end - skew) * frequency));
  const step = Math.max(1, Math.floor(frequency / (speed * scale * 2)));
  context.strokeStyle = COLOUR.trace;
  context.lineWidth = Math.max(0.25, 1.1 / scale);
  context.lineJoin = 'round';
  context.beginPath();
  let drawing = false;
  const to = (at: number) => {
    const value = values[at] ?? NaN;
    if (Number.isNaN(value)) {
      drawing = false;
      return;
    }
    const place = toPlace(strip, { time: at / frequency + skew, value }, speed);
    if (drawing) context.lineTo(place.x, place.y);
    else context.moveTo(place.x, place.y);
    drawing = true;
  };
  for (let at = first; at <= last; at += step) {
    if (step === 1) to(at);
    else extremes(values, at, Math.min(at + step, last + 1)).forEach(to);
  }
  context.stroke();
}

function extremes(values: Float32Array, start: number, end: number): number[] {
  let [least, greatest] = [start, start];
  for (let at = start; at < end; at++) {
    const value = values[at] ?? NaN;
    if (Number.isNaN(value)) return [at];
    if (value < (values[least] ?? 0)) least = at;
    if (value > (values[greatest] ?? 0)) greatest = at;
  }
  return least < greatest ? [least, greatest] : [greatest, least];
}

function drawName(context: CanvasRenderingContext2D, strip: Strip): void {
  context.font = `600 3.4px ${FONT}`;
  context.textBaseline = 'alphabetic';
  context.textAlign = 'left';
  const { name, unit } = strip.channel;
  outlined(context, unit === 'mV' || unit === '' ? name : `${name} (${unit})`, strip.x + 1, strip.top + 4, COLOUR.text);
}

function outlined(context: CanvasRenderingContext2D, text: string, x: number, y: number, colour: string): void {
  context.lineWidth = 1;
  context.lineJoin = 'round';
  context.strokeStyle = COLOUR.ground;
  context.strokeText(text, x, y);
  context.fillStyle = colour;
  context.fillText(text, x, y);
}

/** 1 mV for 200 ms, by which speed and gain are read off the paper. */
function drawPulse(context: CanvasRenderingContext2D, strip: Strip, speed: number): void {
  if (strip.channel.unit !== 'mV') return;
  const width = PULSE_SECONDS * speed;
  const from = (LEFT - width) / 2;
  context.strokeStyle = COLOUR.trace;
  context.lineWidth = 0.3;
  context.beginPath();
  context.moveTo(1, strip.y);
  context.lineTo(from, strip.y);
  context.lineTo(from, strip.y - strip.gain);
  context.lineTo(from + width, strip.y - strip.gain);
  context.lineTo(from + width, strip.y);
  context.lineTo(LEFT - 1, strip.y);
  context.stroke();
}

function drawCaliper(context: CanvasRenderingContext2D, caliper: Caliper, sheet: Sheet): void {
  const strip = stripOf(sheet.paper, caliper);
  if (!strip) return;
  const [a, b] = [toPlace(strip, caliper.from, sheet.speed), toPlace(strip, caliper.to, sheet.speed)];
  const colour = sheet.selected === caliper.id ? COLOUR.selected : COLOUR.caliper;
  const [top, bottom] = [Math.min(a.y, b.y) - 2, Math.max(a.y, b.y) + 2];
  context.strokeStyle = colour;
  context.lineWidth = 0.3;
  context.beginPath();
  for (const { x } of [a, b]) {
    context.moveTo(x, Math.min(top, strip.top + 2));
    context.lineTo(x, Math.max(bottom, strip.bottom - 2));
  }
  context.moveTo(a.x, a.y);
  context.lineTo(b.x, a.y);
  context.stroke();
  context.setLineDash([0.8, 0.8]);
  context.beginPath();
  context.moveTo(Math.min(a.x, b.x) - 3, b.y);
  context.lineTo(Math.max(a.x, b.x) + 3, b.y);
  context.stroke();
  context.setLineDash([]);
  context.fillStyle = colour;
  for (const { x, y } of [a, b]) context.fillRect(x - HANDLE / 2, y - HANDLE / 2, HANDLE, HANDLE);
  context.font = `600 3px ${FONT}`;
  context.textAlign = 'left';
  outlined(context, sheet.label(caliper), Math.max(a.x, b.x) + 1.5, Math.min(top, strip.top + 2) + 3, colour);
}
