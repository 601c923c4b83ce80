import { describe, expect, it } from 'vitest';
import type { Dataset } from '../../src/dicomweb/types';
import { filtered, NO_FILTERS } from '../../src/objects/ecg/filter';
import { lay, LEFT, layoutsOf, LEADS } from '../../src/objects/ecg/layout';
import { peakNear, read, stripAt, stripOf, toPlace, toPoint, type Caliper } from '../../src/objects/ecg/measure';
import { readAnnotations, readWaveforms, type Group } from '../../src/objects/ecg/waveform';

const FREQUENCY = 500;

function number(vr: string, ...values: (number | string)[]) {
  return { vr, Value: values };
}

function code(value: string, meaning = value) {
  return { vr: 'SQ', Value: [{ '00080100': number('SH', value), '00080104': number('LO', meaning) }] };
}

function channel(name: string, sensitivity: number, unit: string, extra: Dataset = {}): Dataset {
  return { '003A0208': code('x', name), '003A0210': number('DS', sensitivity), '003A0211': code(unit), ...extra };
}

function item(channels: Dataset[], samples: number, extra: Dataset = {}): Dataset {
  return {
    '003A0005': number('US', channels.length), '003A0010': number('UL', samples), '003A001A': number('DS', FREQUENCY),
    '003A0200': { vr: 'SQ', Value: channels }, '54001004': number('US', 16), '54001006': number('CS', 'SS'), ...extra,
  };
}

function waveform(...groups: Dataset[]): Dataset {
  return { '54000100': { vr: 'SQ', Value: groups } };
}

const words = (values: number[]) => new Uint8Array(new Int16Array(values).buffer);

/** A beat every 800 ms: a triangle of 1.5 mV, 40 ms wide. */
function rhythm(seconds: number): Float32Array {
  return Float32Array.from({ length: seconds * FREQUENCY }, (_, at) => {
    const phase = (((at / FREQUENCY) % 0.8) + 0.8) % 0.8;
    return Math.max(0, 1.5 * (1 - Math.abs(phase - 0.4) / 0.02));
  });
}

function twelve(seconds = 10): Group {
  return { label: '', frequency: FREQUENCY, count: seconds * FREQUENCY, channels: LEADS.map((name) => ({ name, unit: 'mV', values: rhythm(seconds), skew: 0 })) };
}

describe('samples', () => {
  it('become millivolts by sensitivity, correction and baseline, channel by channel', async () => {
    const dataset = waveform(
      item([channel('Lead I (Einthoven)', 2.5, 'uV', { '003A0213': number('DS', 100), '003A0212': number('DS', 2) }), channel('MDC_ECG_LEAD_aVR', 0.5, 'mV'), channel('Pressure', 1, 'mmHg')], 2),
    );
    const [group] = await readWaveforms(dataset, () => Promise.resolve(words([400, 3, 80, -400, -2, 90])));
    expect(group!.channels.map(({ name, unit }) => [name, unit])).toEqual([['I', 'mV'], ['aVR', 'mV'], ['Pressure', 'mmHg']]);
    expect(Array.from(group!.channels[0]!.values, (v) => Number(v.toFixed(4)))).toEqual([2.1, -1.9]);
    expect([...group!.channels[1]!.values]).toEqual([1.5, -1]);
    expect([...group!.channels[2]!.values]).toEqual([80, 90]);
  });

  it('that are padding are gaps', async () => {
    const padding = btoa(String.fromCharCode(...words([-32768])));
    const dataset = waveform(item([channel('II', 1, 'mV')], 3, { '5400100A': { vr: 'OW', InlineBinary: padding } }));
    const [group] = await readWaveforms(dataset, () => Promise.resolve(words([1, -32768, 2])));
    expect([...group!.channels[0]!.values]).toEqual([1, NaN, 2]);
  });

  it('are read as the file says: big endian, 8 bits, logarithmic', async () => {
    const big = { ...waveform(item([channel('II', 1, 'mV')], 1)), '00083002': number('UI', '1.2.840.10008.1.2.2') };
    expect((await readWaveforms(big, () => Promise.resolve(Uint8Array.of(1, 2))))[0]!.channels[0]!.values[0]).toBe(258);
    for (const [kind, byte, value] of [['SB', 0xff, -1], ['UB', 0xff, 255], ['MB', 0xff, 0], ['MB', 0x80, 32124], ['AB', 0xaa, 32256], ['AB', 0xd5, 8]] as const) {
      const dataset = waveform(item([channel('II', 1, 'mV')], 1, { '54001006': number('CS', kind), '54001004': number('US', 8) }));
      expect((await readWaveforms(dataset, () => Promise.resolve(Uint8Array.of(byte))))[0]!.channels[0]!.values[0], kind).toBe(value);
    }
  });

  it.each([
    ['65535 channels', { '003A0005': number('US', 65535) }],
    ['-1 channels', { '003A0005': number('US', -1) }],
    ['4294967295 samples', { '003A0010': number('UL', 4294967295) }],
    ['0 samples a second', { '003A001A': number('DS', 0) }],
    ['sample interpretation XX', { '54001006': number('CS', 'XX') }],
    ['bits allocated', { '54001004': number('US', 8) }],
    ['4 bytes of 8', { '003A0010': number('UL', 4) }],
  ])('of an absurd file are refused by name: %s', async (detail, extra) => {
    const dataset = waveform(item([channel('II', 1, 'mV')], 2, extra));
    await expect(readWaveforms(dataset, () => Promise.resolve(words([1, 2])))).rejects.toMatchObject({ code: 'object_invalid', message: detail });
  });
});

it('annotations are statements, measurements with units, and positions in milliseconds', () => {
  const dataset: Dataset = {
    ...waveform(item([channel('II', 1, 'mV')], 2)),
    '0040B020': {
      vr: 'SQ',
      Value: [
        { '00700006': number('ST', '<b>窦性心律</b>') },
        { '0040A043': code('x', 'RR Interval'), '0040A30A': number('DS', 982), '004008EA': code('ms') },
        { '0040A043': code('x', 'P Onset'), '0040A132': number('UL', 251), '0040A0B0': number('US', 1, 0) },
      ],
    },
  };
  expect(readAnnotations(dataset)).toEqual([
    { name: '', value: '<b>窦性心律</b>', unit: '' },
    { name: 'RR Interval', value: '982', unit: 'ms' },
    { name: 'P Onset', value: '500', unit: 'ms' },
  ]);
});

describe('the paper', () => {
  it('has the leads in their places, 2.5 s a column, and the rhythm below', () => {
    const paper = lay(twelve(), '3x4', 25, 10);
    expect(paper.strips).toHaveLength(13);
    const aVF = paper.strips.find(({ channel: { name } }) => name === 'aVF')!;
    expect([aVF.from, aVF.to, aVF.x]).toEqual([2.5, 5, LEFT + 62.5]);
    const rhythmStrip = paper.strips.at(-1)!;
    expect([rhythmStrip.channel.name, rhythmStrip.from, rhythmStrip.to]).toEqual(['II', 0, 10]);
    expect(paper.width).toBe(LEFT + 250 + 5);
  });

  it.each([[12.5, 5], [25, 10], [50, 20]])('at %d mm/s and %d mm/mV makes a second and a millivolt so long', (speed, gain) => {
    const [strip] = lay(twelve(), '12x1', speed, gain).strips;
    const [a, b] = [toPlace(strip!, { time: 1, value: 0 }, speed), toPlace(strip!, { time: 2, value: 1 }, speed)];
    expect([b.x - a.x, a.y - b.y]).toEqual([speed, gain]);
  });

  it('of other waveforms has one row a channel, scaled into it', () => {
    const group = { ...twelve(), channels: [{ name: 'ABP', unit: 'mmHg', values: Float32Array.of(80, 120), skew: 0 }] };
    expect(layoutsOf(group)).toEqual(['12x1']);
    const [strip] = lay(group, '12x1', 25, 10).strips;
    expect([strip!.gain, strip!.zero]).toEqual([0.4, 100]);
  });
});

describe('a caliper', () => {
  const caliper: Caliper = { id: 1, channel: 'II', unit: 'mV', from: { time: 0.4, value: 0 }, to: { time: 1.2, value: 1.5 }, beats: 1 };

  it('gives milliseconds, millivolts and beats a minute, over several beats too', () => {
    const reading = read(caliper);
    expect(reading.milliseconds).toBeCloseTo(800, 9);
    expect(reading.rate).toBeCloseTo(75, 9);
    expect(reading.amplitude).toBe(1.5);
    expect(read({ ...caliper, to: { time: 4.4, value: 0 }, beats: 5 }).rate).toBeCloseTo(75, 9);
    expect(read({ ...caliper, to: caliper.from }).rate).toBeUndefined();
  });

  it('finds its strip again in another layout', () => {
    const paper = lay(twelve(), '6x2', 25, 10);
    expect(stripOf(paper, { ...caliper, channel: 'V2', from: { time: 6, value: 0 }, to: { time: 7, value: 0 } })?.channel.name).toBe('V2');
    expect(stripOf(paper, { ...caliper, channel: 'V2' })).toBeUndefined();
  });

  it('turns a place into time and value and back', () => {
    const paper = lay(twelve(), '3x4', 25, 10);
    const strip = stripAt(paper, LEFT + 70, 10, 25)!;
    expect(strip.channel.name).toBe('aVR');
    const point = toPoint(strip, LEFT + 70, 12, 25);
    expect(point.time).toBeCloseTo(2.8, 9);
    expect(toPlace(strip, point, 25).y).toBeCloseTo(12, 9);
    expect(toPoint(strip, 1e6, 12, 25).time).toBe(5);
  });

  it('snaps to the peak: R to R is 800 ms', () => {
    const [lead] = twelve().channels;
    const [first, second] = [peakNear(lead!, FREQUENCY, 0.43)!, peakNear(lead!, FREQUENCY, 1.17)!];
    expect([first.time, second.time]).toEqual([0.4, 1.2]);
    expect(first.value).toBeCloseTo(1.5, 5);
    expect(peakNear({ ...lead!, values: new Float32Array(5000).fill(NaN) }, FREQUENCY, 1)).toBeUndefined();
  });
});

describe('filters', () => {
  const sine = (hertz: number, amplitude = 1) => Float32Array.from({ length: 10 * FREQUENCY }, (_, at) => amplitude * Math.sin((2 * Math.PI * hertz * at) / FREQUENCY));
  const size = (values: Float32Array) => Math.max(...values.subarray(2 * FREQUENCY, 8 * FREQUENCY));
  const gainAt = (hertz: number, on: Partial<typeof NO_FILTERS>) => size(filtered(sine(hertz), FREQUENCY, { ...NO_FILTERS, ...on }));

  it('are off by default and then change nothing', () => {
    const values = rhythm(10);
    expect(filtered(values, FREQUENCY, NO_FILTERS)).toBe(values);
  });

  it('take away what they are named for and leave the rest', () => {
    expect(gainAt(0.1, { baseline: true })).toBeLessThan(0.02);
    expect(gainAt(5, { baseline: true })).toBeGreaterThan(0.99);
    expect(gainAt(50, { mains: true })).toBeLessThan(0.01);
    expect(gainAt(40, { mains: true })).toBeGreaterThan(0.98);
    expect(gainAt(120, { muscle: true })).toBeLessThan(0.02);
    expect(gainAt(35, { muscle: true })).toBeCloseTo(0.5, 1);
    expect(gainAt(8, { muscle: true })).toBeGreaterThan(0.99);
  });

  it('move no peak', () => {
    const values = filtered(rhythm(10), FREQUENCY, { baseline: true, mains: true, muscle: true });
    expect(peakNear({ name: '', unit: 'mV', values, skew: 0 }, FREQUENCY, 2.02)!.time).toBe(2);
  });

  it('are not offered where the sampling is too coarse, and keep gaps', () => {
    const coarse = Float32Array.of(0, 1, 0, 1);
    expect(filtered(coarse, 60, { baseline: false, mains: true, muscle: true })).toBe(coarse);
    const gaps = Float32Array.of(1, 1, NaN, 1, 1);
    expect([...filtered(gaps, FREQUENCY, { ...NO_FILTERS, muscle: true })].map(Number.isNaN)).toEqual([false, false, true, false, false]);
  });
});
