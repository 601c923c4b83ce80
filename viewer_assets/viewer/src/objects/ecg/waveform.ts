import { items, number, text, texts } from '../../dicomweb/dataset';
import { ViewerError } from '../../dicomweb/errors';
import type { Dataset, Element } from '../../dicomweb/types';
import { decodeBase64 } from '../value';

/** The Waveform Module (PS3.3 C.10.9) in numbers. */

const WAVEFORM = {
  sequence: '54000100',
  bits: '54001004',
  interpretation: '54001006',
  padding: '5400100A',
  data: '54001010',
  channelCount: '003A0005',
  sampleCount: '003A0010',
  frequency: '003A001A',
  groupLabel: '003A0020',
  channels: '003A0200',
  label: '003A0203',
  source: '003A0208',
  sensitivity: '003A0210',
  sensitivityUnits: '003A0211',
  correction: '003A0212',
  baseline: '003A0213',
  timeSkew: '003A0214',
  sampleSkew: '003A0215',
  codeValue: '00080100',
  codeMeaning: '00080104',
} as const;

export interface Channel {
  /** As it is written beside the trace: `I`, `aVR`, `V1`, or what the file calls it. */
  name: string;
  /** `mV` for every electrical potential, else the file's unit. */
  unit: string;
  /** In `unit`; NaN where the file has no sample. */
  values: Float32Array;
  /** Seconds by which the first sample is later than the group's begin. */
  skew: number;
}

export interface Group {
  label: string;
  /** Samples a second. */
  frequency: number;
  /** Samples of each channel. */
  count: number;
  channels: Channel[];
}

export const MAX_CHANNELS = 256;
export const MAX_VALUES = 64e6;
const MAX_FREQUENCY = 1e6;
const BIG_ENDIAN = '1.2.840.10008.1.2.2';

type Reader = (view: DataView, offset: number, little: boolean) => number;

/** Waveform Sample Interpretation (PS3.3 C.10.9.1.5) → bytes of a sample, and how it is read. */
const SAMPLES: Record<string, [bytes: number, read: Reader]> = {
  SB: [1, (view, at) => view.getInt8(at)],
  UB: [1, (view, at) => view.getUint8(at)],
  MB: [1, (view, at) => muLaw(view.getUint8(at))],
  AB: [1, (view, at) => aLaw(view.getUint8(at))],
  SS: [2, (view, at, little) => view.getInt16(at, little)],
  US: [2, (view, at, little) => view.getUint16(at, little)],
  SL: [4, (view, at, little) => view.getInt32(at, little)],
  UL: [4, (view, at, little) => view.getUint32(at, little)],
};

/** ITU-T G.711 µ-law. */
function muLaw(byte: number): number {
  const code = ~byte & 0xff;
  const magnitude = (((code & 0x0f) << 3) + 0x84) << ((code & 0x70) >> 4);
  return (code & 0x80) !== 0 ? 0x84 - magnitude : magnitude - 0x84;
}

/** ITU-T G.711 A-law. */
function aLaw(byte: number): number {
  const code = byte ^ 0x55;
  const segment = (code & 0x70) >> 4;
  const low = ((code & 0x0f) << 4) + 8;
  const magnitude = segment === 0 ? low : (low + 0x100) << (segment - 1);
  return (code & 0x80) !== 0 ? magnitude : -magnitude;
}

/** How a group's samples are fetched: `index` counts the items of the Waveform Sequence. */
export type Fetch = (group: Dataset, index: number) => Promise<Uint8Array>;

/**
 * All multiplex groups of an instance, in the file's order.
 *
 * Throws ViewerError `object_invalid`, which names what is wrong, before anything large is made.
 */
export async function readWaveforms(dataset: Dataset, fetch: Fetch): Promise<Group[]> {
  const sequence = items(dataset, WAVEFORM.sequence);
  if (sequence.length === 0) throw invalid('no waveform');
  const little = text(dataset, '00083002') !== BIG_ENDIAN;
  const groups: Group[] = [];
  for (const [index, item] of sequence.entries()) {
    const shape = shapeOf(item);
    groups.push(group(item, shape, await fetch(item, index), little));
  }
  return groups;
}

/** The element with a group's samples. */
export function samplesOf(item: Dataset): Element | undefined {
  return item[WAVEFORM.data];
}

interface Shape {
  channels: number;
  samples: number;
  frequency: number;
  bytes: number;
  read: Reader;
}

function shapeOf(item: Dataset): Shape {
  const channels = number(item, WAVEFORM.channelCount) ?? 0;
  const samples = number(item, WAVEFORM.sampleCount) ?? 0;
  const frequency = number(item, WAVEFORM.frequency) ?? 0;
  const interpretation = text(item, WAVEFORM.interpretation);
  const [bytes, read] = SAMPLES[interpretation] ?? [];
  if (!Number.isInteger(channels) || channels < 1 || channels > MAX_CHANNELS) throw invalid(`${channels} channels`);
  if (!Number.isInteger(samples) || samples < 1 || channels * samples > MAX_VALUES) throw invalid(`${samples} samples`);
  if (!(frequency > 0 && frequency <= MAX_FREQUENCY)) throw invalid(`${frequency} samples a second`);
  if (bytes === undefined || read === undefined) throw invalid(`sample interpretation ${interpretation.slice(0, 8)}`);
  if (number(item, WAVEFORM.bits) !== bytes * 8) throw invalid('bits allocated');
  return { channels, samples, frequency, bytes, read };
}

function group(item: Dataset, shape: Shape, data: Uint8Array, little: boolean): Group {
  const { channels, samples, frequency, bytes, read } = shape;
  if (data.byteLength < channels * samples * bytes) {
    throw invalid(`${data.byteLength} bytes of ${channels * samples * bytes}`);
  }
  const view = new DataView(data.buffer, data.byteOffset, data.byteLength);
  const padding = paddingValue(item, shape, little);
  const definitions = items(item, WAVEFORM.channels);
  return {
    label: text(item, WAVEFORM.groupLabel),
    frequency,
    count: samples,
    channels: Array.from({ length: channels }, (_, index) => {
      const definition = definitions[index] ?? {};
      const { unit, factor, offset } = scale(definition);
      const values = new Float32Array(samples);
      for (let at = 0; at < samples; at++) {
        const sample = read(view, (at * channels + index) * bytes, little);
        values[at] = sample === padding ? NaN : sample * factor + offset;
      }
      return { name: channelName(definition, index), unit, values, skew: skew(definition, frequency) };
    }),
  };
}

function paddingValue(item: Dataset, { bytes, read }: Shape, little: boolean): number | undefined {
  const inline = item[WAVEFORM.padding]?.InlineBinary;
  if (inline === undefined) return number(item, WAVEFORM.padding);
  const data = decodeBase64(inline);
  return data.length < bytes ? undefined : read(new DataView(data.buffer), 0, little);
}

/** UCUM units of potential → how many of them are a millivolt. */
const PER_MILLIVOLT: Record<string, number> = { V: 1e-3, mV: 1, uV: 1e3, nV: 1e6 };

/** PS3.3 C.10.9.1.4.3: value = sample × sensitivity × correction + baseline. */
function scale(definition: Dataset): { unit: string; factor: number; offset: number } {
  const sensitivity = number(definition, WAVEFORM.sensitivity);
  // Without a sensitivity the samples have no unit, and none is made up.
  if (sensitivity === undefined) return { unit: '', factor: 1, offset: 0 };
  const units = items(definition, WAVEFORM.sensitivityUnits)[0] ?? {};
  const unit = text(units, WAVEFORM.codeValue) || text(units, WAVEFORM.codeMeaning);
  const per = PER_MILLIVOLT[unit] ?? 1;
  const factor = (sensitivity * (number(definition, WAVEFORM.correction) ?? 1)) / per;
  const offset = (number(definition, WAVEFORM.baseline) ?? 0) / per;
  return { unit: unit in PER_MILLIVOLT ? 'mV' : unit.slice(0, 16), factor, offset };
}

function skew(definition: Dataset, frequency: number): number {
  return number(definition, WAVEFORM.timeSkew) ?? (number(definition, WAVEFORM.sampleSkew) ?? 0) / frequency;
}

const LEAD = /^(?:lead\s+|MDC_ECG_LEAD_|ECG[\s_-]*)?(III|II|I|aV[RLF]|V[1-9](?:R)?|V3R|V4R|V5R|V6R|X|Y|Z)(?:\s.*)?$/i;

/** `Lead I (Einthoven)`, `MDC_ECG_LEAD_I`, `I` are all `I`; what is not known keeps its name. */
function channelName(definition: Dataset, index: number): string {
  const source = items(definition, WAVEFORM.source)[0] ?? {};
  const names = [text(definition, WAVEFORM.label), text(source, WAVEFORM.codeMeaning)];
  const value = text(source, WAVEFORM.codeValue);
  // Other code values may look like a lead and mean something else.
  for (const name of value.startsWith('MDC_ECG_LEAD_') ? [...names, value] : names) {
    const lead = LEAD.exec(name)?.[1]?.toUpperCase();
    if (lead !== undefined) return lead.startsWith('AV') ? `aV${lead.slice(2)}` : lead;
  }
  return (names.find((name) => name !== '') ?? String(index + 1)).slice(0, 24);
}

function invalid(detail: string): ViewerError {
  return new ViewerError('object_invalid', detail);
}

/** Where in its group's recording an annotation points to, in milliseconds; samples count from 1. */
function position(dataset: Dataset, item: Dataset): { value: string; unit: string } {
  const group = items(dataset, WAVEFORM.sequence)[(number(item, ANNOTATION.channels) ?? 1) - 1];
  const frequency = group && number(group, WAVEFORM.frequency);
  const sample = number(item, ANNOTATION.positions);
  if (sample === undefined || frequency === undefined || frequency <= 0) return { value: '', unit: '' };
  return { value: String(Math.round(((sample - 1) / frequency) * 1000)), unit: 'ms' };
}

/** A statement of the recording device or of a physician, as it stands in the file. */
export interface Annotation {
  name: string;
  value: string;
  unit: string;
}

const ANNOTATION = {
  sequence: '0040B020',
  text: '00700006',
  name: '0040A043',
  code: '0040A168',
  value: '0040A30A',
  units: '004008EA',
  channels: '0040A0B0',
  positions: '0040A132',
} as const;

const MAX_ANNOTATIONS = 500;

/** The Waveform Annotation Module (PS3.3 C.10.10): texts without a name, measurements with one. */
export function readAnnotations(dataset: Dataset): Annotation[] {
  return items(dataset, ANNOTATION.sequence)
    .slice(0, MAX_ANNOTATIONS)
    .map((item) => {
      const meaning = (tag: string) => text(items(item, tag)[0] ?? {}, WAVEFORM.codeMeaning);
      const units = items(item, ANNOTATION.units)[0] ?? {};
      const value = texts(item, ANNOTATION.text).join(' ') || text(item, ANNOTATION.value) || meaning(ANNOTATION.code);
      if (value === '') return { name: meaning(ANNOTATION.name), ...position(dataset, item) };
      return { name: meaning(ANNOTATION.name), value, unit: text(units, WAVEFORM.codeValue) };
    })
    .filter(({ name, value }) => name !== '' || value !== '');
}
