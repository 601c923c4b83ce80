import { describe, expect, it } from 'vitest';
import { TAG } from '../src/dicomweb/dataset';
import type { Dataset } from '../src/dicomweb/types';
import { calibrate, type Calibration } from '../src/engine/calibration';
import { measureAngle, measureEllipse, measureLength, type Values } from '../src/engine/measure';
import { isLossy, valueUnit } from '../src/engine/values';
import { regionLines, lengthLines, probeLines } from '../src/tools/format';

function dataset(values: Record<string, unknown[]>): Dataset {
  return Object.fromEntries(Object.entries(values).map(([tag, Value]) => [tag, { vr: 'UN', Value }]));
}

const patient = (column: number, row: number): Calibration => ({ kind: 'patient', spacing: [column, row], regions: [] });

describe('a length', () => {
  it('is in millimetres by the file’s spacing, rows and columns apart', () => {
    expect(measureLength(patient(0.5, 2), [0, 0], [30, 40])).toEqual({ length: Math.hypot(15, 80), unit: 'mm' });
  });

  it('is in pixels when the file has no spacing', () => {
    const result = measureLength(calibrate(dataset({ [TAG.modality]: ['OT'] })), [0, 0], [3, 4]);
    expect(result).toEqual({ length: 5, unit: 'px' });
    expect(lengthLines(result, 'none')).toEqual(['长度 5.0 像素']);
  });

  it('in an X-ray without calibration says that it is taken at the detector', () => {
    const calibration = calibrate(dataset({ [TAG.modality]: ['DX'], [TAG.imagerPixelSpacing]: [0.14, 0.14] }));
    expect(calibration.kind).toBe('detector');
    expect(lengthLines(measureLength(calibration, [0, 0], [100, 0]), calibration.kind)).toEqual(['长度 14.0 mm (探测器平面，未校准)']);
  });

  it('in ultrasound holds inside one region only', () => {
    const region = { '00186018': [0], '0018601A': [0], '0018601C': [99], '0018601E': [99], '00186024': [3], '00186026': [3], '0018602C': [0.02], '0018602E': [0.02] };
    const calibration = calibrate(dataset({ [TAG.modality]: ['US'], [TAG.ultrasoundRegions]: [dataset(region)] }));
    expect(measureLength(calibration, [0, 0], [50, 0])).toEqual({ length: 10, unit: 'mm' });
    expect(measureLength(calibration, [0, 0], [150, 0])).toEqual({ length: 150, unit: 'px' });
  });
});

describe('spacing of projection images', () => {
  const dx = (values: Record<string, unknown[]>) => calibrate(dataset({ [TAG.modality]: ['CR'], ...values }));

  it.each([
    ['Pixel Spacing alone is the detector’s', { [TAG.pixelSpacing]: [0.2, 0.2] }, 'detector', 0.2],
    ['equal spacings are not calibrated', { [TAG.pixelSpacing]: [0.2, 0.2], [TAG.imagerPixelSpacing]: [0.2, 0.2] }, 'detector', 0.2],
    ['a different Pixel Spacing is calibrated', { [TAG.pixelSpacing]: [0.15, 0.15], [TAG.imagerPixelSpacing]: [0.2, 0.2] }, 'calibrated', 0.15],
    ['a stated calibration counts', { [TAG.pixelSpacing]: [0.2, 0.2], [TAG.calibrationType]: ['FIDUCIAL'] }, 'calibrated', 0.2],
    ['the magnification factor corrects', { [TAG.imagerPixelSpacing]: [0.2, 0.2], [TAG.magnification]: [2] }, 'corrected', 0.1],
    ['zero is no spacing', { [TAG.imagerPixelSpacing]: [0, 0] }, 'none', 1],
  ])('%s', (_, values, kind, spacing) => {
    expect(dx(values)).toMatchObject({ kind, spacing: [spacing, spacing] });
  });
});

describe('an angle', () => {
  it('is measured in the patient, not on the screen', () => {
    expect(measureAngle(patient(1, 1), [10, 0], [0, 0], [0, 10])).toBeCloseTo(90);
    expect(measureAngle(patient(1, 2), [10, 0], [0, 0], [10, 5])).toBeCloseTo(45);
    expect(measureAngle(patient(1, 1), [-10, 0], [0, 0], [10, 0])).toBeCloseTo(180);
  });

  it('needs two arms', () => {
    expect(measureAngle(patient(1, 1), [0, 0], [0, 0], [1, 1])).toBeUndefined();
  });
});

describe('an ellipse', () => {
  const picture: Values = { columns: 20, rows: 20, at: (column, row) => row * 20 + column };

  it('counts the pixels whose middle lies inside, as numpy does', () => {
    // mask = ((x - 10) / 3) ** 2 + ((y - 8) / 2) ** 2 <= 1 over arange(400).reshape(20, 20)
    const stats = measureEllipse(patient(0.5, 0.5), [[7, 8], [13, 8]], [[10, 6], [10, 10]], picture);
    const inside = Array.from({ length: 400 }, (_, i) => i).filter((i) => ((i % 20) - 10) ** 2 / 9 + (Math.floor(i / 20) - 8) ** 2 / 4 <= 1);
    const mean = inside.reduce((a, b) => a + b) / inside.length;
    expect(stats.count).toBe(inside.length);
    expect(stats.mean).toBeCloseTo(mean);
    expect(stats.deviation).toBeCloseTo(Math.sqrt(inside.reduce((a, b) => a + (b - mean) ** 2, 0) / inside.length));
    expect([stats.min, stats.max]).toEqual([Math.min(...inside), Math.max(...inside)]);
    expect(stats.area).toBeCloseTo(Math.PI * 1.5 * 1);
  });

  it('turned by 45° keeps area and values', () => {
    const stats = measureEllipse(patient(1, 1), [[7, 7], [13, 13]], [[8, 12], [12, 8]], picture);
    expect(stats.area).toBeCloseTo(Math.PI * Math.hypot(3, 3) * Math.hypot(2, 2));
    expect(stats.mean).toBeCloseTo(picture.at(10, 10));
  });

  it('reaching beyond the picture counts what is there', () => {
    const stats = measureEllipse(patient(1, 1), [[-1e6, 10], [1e6, 10]], [[10, -1e6], [10, 1e6]], picture);
    expect(stats.count).toBe(400);
  });

  it('between the pixels has no values, and says none', () => {
    const stats = measureEllipse(patient(1, 1), [[5.4, 5.5], [5.6, 5.5]], [[5.5, 5.4], [5.5, 5.6]], picture);
    expect(stats.count).toBe(0);
    expect(regionLines(stats, 'patient', 'HU').join()).not.toContain('平均');
  });

  it('has a circle’s perimeter when it is one', () => {
    expect(measureEllipse(patient(1, 1), [[0, 5], [10, 5]], [[5, 0], [5, 10]], undefined).perimeter).toBeCloseTo(Math.PI * 10);
  });
});

describe('units', () => {
  const ct = { [TAG.modality]: ['CT'], [TAG.slope]: [1], [TAG.intercept]: [-1024] };

  it('are HU for CT alone, as the file says or the standard implies', () => {
    expect(valueUnit(dataset({ ...ct, [TAG.rescaleType]: ['HU'] }))).toBe('HU');
    expect(valueUnit(dataset({ ...ct, [TAG.sopClass]: ['1.2.840.10008.5.1.4.1.1.2'] }))).toBe('HU');
    expect(valueUnit(dataset({ ...ct, [TAG.rescaleType]: ['US'] }))).toBe('');
    expect(valueUnit(dataset({ ...ct, [TAG.sopClass]: ['1.2.840.10008.5.1.4.1.1.7'] }))).toBe('');
    expect(valueUnit(dataset({ [TAG.modality]: ['CT'], [TAG.rescaleType]: ['HU'] }))).toBe('');
    expect(valueUnit(dataset({ ...ct, [TAG.modality]: ['MR'], [TAG.rescaleType]: ['HU'] }))).toBe('');
  });

  it('are told in Chinese', () => {
    expect(probeLines(40, 'HU')).toEqual(['CT值 40 HU']);
    expect(probeLines(123, '')).toEqual(['像素值 123']);
    expect(probeLines([1, 2, 3], '')).toEqual(['颜色 1 / 2 / 3']);
  });
});

describe('loss', () => {
  it('is marked when stated, or when the compression cannot be without', () => {
    expect(isLossy(dataset({ [TAG.lossy]: ['01'] }), '1.2.840.10008.1.2.1')).toBe(true);
    expect(isLossy(dataset({}), '1.2.840.10008.1.2.4.50')).toBe(true);
    expect(isLossy(dataset({ [TAG.lossy]: ['00'] }), '1.2.840.10008.1.2.4.50')).toBe(true);
    expect(isLossy(dataset({}), '1.2.840.10008.1.2.4.91')).toBe(true);
    expect(isLossy(dataset({ [TAG.lossy]: ['00'] }), '1.2.840.10008.1.2.4.91')).toBe(false);
    expect(isLossy(dataset({}), '1.2.840.10008.1.2.4.80')).toBe(false);
  });
});
