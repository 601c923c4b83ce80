import type { Paper, Strip } from './layout';
import type { Channel } from './waveform';

/** Calipers: places on the paper and the numbers they stand for. */

export interface Point {
  /** Seconds of the recording. */
  time: number;
  /** In the channel's unit. */
  value: number;
}

export interface Caliper {
  id: number;
  /** Its name, which outlives a change of layout. */
  channel: string;
  unit: string;
  from: Point;
  to: Point;
  /** R-R intervals between the two points. */
  beats: number;
}

export interface Reading {
  milliseconds: number;
  /** In the channel's unit; to minus from. */
  amplitude: number;
  /** Beats a minute; undefined for points at one time. */
  rate: number | undefined;
}

export function read({ from, to, beats }: Caliper): Reading {
  const milliseconds = Math.abs(to.time - from.time) * 1000;
  return { milliseconds, amplitude: to.value - from.value, rate: milliseconds > 0 ? (60_000 * beats) / milliseconds : undefined };
}

/** The strip at a place of the paper (mm), if any. */
export function stripAt(paper: Paper, x: number, y: number, speed: number): Strip | undefined {
  return paper.strips.find((strip) => {
    const right = strip.x + (strip.to - strip.from) * speed;
    return y >= strip.top && y < strip.bottom && x >= strip.x && x <= right;
  });
}

/** Place of the paper (mm) → time and value; held within the strip. */
export function toPoint(strip: Strip, x: number, y: number, speed: number): Point {
  const time = strip.from + (x - strip.x) / speed;
  return { time: Math.min(Math.max(time, strip.from), strip.to), value: strip.zero + (strip.y - y) / strip.gain };
}

/** Time and value → place of the paper (mm). */
export function toPlace(strip: Strip, { time, value }: Point, speed: number): { x: number; y: number } {
  return { x: strip.x + (time - strip.from) * speed, y: strip.y - (value - strip.zero) * strip.gain };
}

/** The strip that shows a caliper's channel at its time. */
export function stripOf(paper: Paper, { channel, from, to }: Caliper): Strip | undefined {
  const start = Math.min(from.time, to.time);
  return paper.strips.find((strip) => strip.channel.name === channel && start >= strip.from && start <= strip.to);
}

/** Seconds to either side in which a wave's peak is looked for. */
const SNAP_SECONDS = 0.06;

/**
 * The sample that stands out most from the mean around `time`, as a point on the trace; undefined
 * where there is no sample.
 */
export function peakNear({ values, skew }: Channel, frequency: number, time: number): Point | undefined {
  const middle = Math.round((time - skew) * frequency);
  const reach = Math.ceil(SNAP_SECONDS * frequency);
  const [start, end] = [Math.max(0, middle - reach), Math.min(values.length, middle + reach + 1)];
  const near = Array.from(values.subarray(start, end), (value, at) => ({ value, at: start + at })).filter(({ value }) => !Number.isNaN(value));
  if (near.length === 0) return undefined;
  const mean = near.reduce((sum, { value }) => sum + value, 0) / near.length;
  const peak = near.reduce((best, one) => (Math.abs(one.value - mean) > Math.abs(best.value - mean) ? one : best));
  return { time: peak.at / frequency + skew, value: peak.value };
}
