import type { Channel, Group } from './waveform';

/** Where each trace lies on the paper, in millimetres. */

export const LAYOUTS = ['3x4', '6x2', '12x1'] as const;
export type LayoutName = (typeof LAYOUTS)[number];
export const SPEEDS = [12.5, 25, 50] as const;
export const GAINS = [5, 10, 20] as const;

export interface Strip {
  channel: Channel;
  /** Seconds of the recording at the strip's left end and at its right end. */
  from: number;
  to: number;
  /** Millimetres from the paper's left edge, and of the zero line from its top. */
  x: number;
  y: number;
  /** Top and bottom of what belongs to the strip. */
  top: number;
  bottom: number;
  /** Millimetres a unit of the channel. */
  gain: number;
  /** Value that lies on the zero line. */
  zero: number;
  /** First in its row: the calibration pulse stands before it. */
  first: boolean;
}

export interface Paper {
  width: number;
  height: number;
  strips: Strip[];
}

export const LEADS = ['I', 'II', 'III', 'aVR', 'aVL', 'aVF', 'V1', 'V2', 'V3', 'V4', 'V5', 'V6'] as const;
const COLUMNS: Record<Exclude<LayoutName, '12x1'>, string[][]> = {
  '3x4': [['I', 'II', 'III'], ['aVR', 'aVL', 'aVF'], ['V1', 'V2', 'V3'], ['V4', 'V5', 'V6']],
  '6x2': [['I', 'II', 'III', 'aVR', 'aVL', 'aVF'], ['V1', 'V2', 'V3', 'V4', 'V5', 'V6']],
};
const RHYTHM = 'II';
/** Seconds of a page of several columns, as on paper. */
const PAGE_SECONDS = 10;
/** Room at the left for the calibration pulse. */
export const LEFT = 15;
const RIGHT = 5;
const TOP = 5;
/** Millimetres between two zero lines, by gain: a QRS of 2.5 mV up and 1 mV down has room. */
const PITCH: Record<number, number> = { 5: 20, 10: 25, 20: 40 };
/** Height that a channel without a unit of potential fills. */
const OTHER_HEIGHT = 16;

export function hasTwelveLeads(group: Group): boolean {
  return LEADS.every((lead) => group.channels.some(({ name, unit }) => name === lead && unit === 'mV'));
}

/** The names of layouts that a group can be shown in. */
export function layoutsOf(group: Group): readonly LayoutName[] {
  return hasTwelveLeads(group) ? LAYOUTS : ['12x1'];
}

export function duration(group: Group): number {
  return group.count / group.frequency;
}

/** `speed` in mm/s, `gain` in mm/mV. */
export function lay(group: Group, name: LayoutName, speed: number, gain: number): Paper {
  const pitch = PITCH[gain] ?? 25;
  const whole = duration(group);
  const strips: Strip[] = [];
  const add = (channel: Channel, row: number, from: number, to: number, x: number) => {
    const top = TOP + row * pitch;
    const scale = scaleOf(channel, gain);
    strips.push({ channel, from, to, x, y: top + pitch * 0.6, top, bottom: top + pitch, ...scale, first: x === LEFT });
  };
  let rows = group.channels.length;
  let shown = whole;
  if (name !== '12x1' && hasTwelveLeads(group)) {
    const columns = COLUMNS[name];
    shown = Math.min(whole, PAGE_SECONDS);
    rows = columns[0]?.length ?? 0;
    for (const [column, leads] of columns.entries()) {
      const from = (shown * column) / columns.length;
      const to = (shown * (column + 1)) / columns.length;
      for (const [row, lead] of leads.entries()) {
        const channel = group.channels.find((item) => item.name === lead);
        if (channel) add(channel, row, from, to, LEFT + from * speed);
      }
    }
    const rhythm = group.channels.find((item) => item.name === RHYTHM);
    if (name === '3x4' && rhythm) add(rhythm, rows++, 0, shown, LEFT);
  } else {
    for (const [row, channel] of ordered(group.channels).entries()) add(channel, row, 0, whole, LEFT);
  }
  return { width: LEFT + shown * speed + RIGHT, height: 2 * TOP + rows * pitch, strips };
}

/** The twelve leads in their usual order, then whatever else there is. */
function ordered(channels: Channel[]): Channel[] {
  const place = ({ name }: Channel) => {
    const at = (LEADS as readonly string[]).indexOf(name);
    return at < 0 ? LEADS.length : at;
  };
  return [...channels].sort((a, b) => place(a) - place(b));
}

/** Potentials by the chosen gain around zero; anything else fills its row, and its middle lies on the line. */
function scaleOf({ unit, values }: Channel, gain: number): { gain: number; zero: number } {
  if (unit === 'mV') return { gain, zero: 0 };
  let [least, greatest] = [Infinity, -Infinity];
  for (const value of values) {
    if (value < least) least = value;
    if (value > greatest) greatest = value;
  }
  if (!(greatest > least)) return { gain: 1, zero: Number.isFinite(least) ? least : 0 };
  return { gain: OTHER_HEIGHT / (greatest - least), zero: (greatest + least) / 2 };
}
