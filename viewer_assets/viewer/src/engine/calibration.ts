import { items, number, numbers, TAG, text } from '../dicomweb/dataset';
import type { Dataset } from '../dicomweb/types';

/**
 * What a distance in the picture means.
 *
 * - `patient`: millimetres in the patient (Pixel Spacing of a cross-sectional image);
 * - `calibrated`: millimetres, projection image whose Pixel Spacing was calibrated (PS3.3 10.7.1.3);
 * - `detector`: millimetres at the detector's face, magnified against the patient (Imager Pixel Spacing);
 * - `corrected`: detector millimetres divided by the Estimated Radiographic Magnification Factor;
 * - `region`: ultrasound regions with physical deltas (PS3.3 C.8.5.5);
 * - `none`: no spacing in the file, distances are told in pixels.
 */
export type SpacingKind = 'patient' | 'calibrated' | 'detector' | 'corrected' | 'region' | 'none';

export interface Region {
  /** Pixel bounds, inclusive. */
  x0: number;
  y0: number;
  x1: number;
  y1: number;
  /** Millimetres a pixel. */
  spacing: [column: number, row: number];
}

export interface Calibration {
  kind: SpacingKind;
  /**
   * Millimetres between columns and between rows; [1, 1] pixel when `kind` is region. When it is none
   * only their proportion counts (Pixel Aspect Ratio, PS3.3 C.7.6.3.1.7).
   */
  spacing: [column: number, row: number];
  regions: Region[];
}

const PROJECTION = new Set(['CR', 'DX', 'MG', 'RF', 'XA', 'RG', 'IO', 'PX', 'DR', 'XC']);
const CENTIMETRES = 3;
const SAME = 1e-3;

export function calibrate(dataset: Dataset): Calibration {
  const regions = physicalRegions(dataset);
  if (regions.length > 0) return { kind: 'region', spacing: [1, 1], regions };
  const pixel = spacing(dataset, TAG.pixelSpacing);
  if (!PROJECTION.has(text(dataset, TAG.modality))) {
    return pixel ? { kind: 'patient', spacing: pixel, regions } : uncalibrated(dataset);
  }
  const imager = spacing(dataset, TAG.imagerPixelSpacing);
  if (pixel && isCalibrated(dataset, pixel, imager)) return { kind: 'calibrated', spacing: pixel, regions };
  const detector = imager ?? pixel;
  if (!detector) return uncalibrated(dataset);
  const factor = number(dataset, TAG.magnification);
  if (factor !== undefined && factor >= 1) {
    return { kind: 'corrected', spacing: [detector[0] / factor, detector[1] / factor], regions };
  }
  return { kind: 'detector', spacing: detector, regions };
}

function uncalibrated(dataset: Dataset): Calibration {
  const [vertical, horizontal] = numbers(dataset, TAG.pixelAspectRatio, 2) ?? [1, 1];
  const usable = vertical !== undefined && horizontal !== undefined && vertical > 0 && horizontal > 0;
  return { kind: 'none', spacing: [1, usable ? vertical / horizontal : 1], regions: [] };
}

/** Pixel Spacing of a projection image counts as calibrated when the file says how, or it differs from the detector's. */
function isCalibrated(dataset: Dataset, pixel: [number, number], imager: [number, number] | undefined): boolean {
  if (['GEOMETRY', 'FIDUCIAL'].includes(text(dataset, TAG.calibrationType))) return true;
  if (!imager) return false;
  return Math.abs(pixel[0] - imager[0]) > SAME * imager[0] || Math.abs(pixel[1] - imager[1]) > SAME * imager[1];
}

/** DICOM writes the row spacing (between rows) first. */
function spacing(dataset: Dataset, tag: string): [number, number] | undefined {
  const [rowSpacing, columnSpacing] = numbers(dataset, tag, 2) ?? [];
  if (rowSpacing === undefined || columnSpacing === undefined || rowSpacing <= 0 || columnSpacing <= 0) return undefined;
  return [columnSpacing, rowSpacing];
}

function physicalRegions(dataset: Dataset): Region[] {
  return items(dataset, TAG.ultrasoundRegions).flatMap((item) => {
    const [x0, y0, x1, y1] = ['00186018', '0018601A', '0018601C', '0018601E'].map((tag) => number(item, tag));
    const unitX = number(item, '00186024');
    const unitY = number(item, '00186026');
    const deltaX = Math.abs(number(item, '0018602C') ?? 0);
    const deltaY = Math.abs(number(item, '0018602E') ?? 0);
    if (x0 === undefined || y0 === undefined || x1 === undefined || y1 === undefined) return [];
    if (unitX !== CENTIMETRES || unitY !== CENTIMETRES || deltaX === 0 || deltaY === 0) return [];
    return [{ x0, y0, x1, y1, spacing: [deltaX * 10, deltaY * 10] as [number, number] }];
  });
}

/** The spacing that holds for all of these pixel positions; unit `px` when none does. */
export function spacingAt(
  calibration: Calibration,
  points: readonly (readonly [number, number])[],
): { spacing: [column: number, row: number]; unit: 'mm' | 'px' } {
  if (calibration.kind === 'none') return { spacing: [1, 1], unit: 'px' };
  if (calibration.kind !== 'region') return { spacing: calibration.spacing, unit: 'mm' };
  const region = calibration.regions.find((r) =>
    points.every(([x, y]) => x >= r.x0 && x <= r.x1 && y >= r.y0 && y <= r.y1),
  );
  return region ? { spacing: region.spacing, unit: 'mm' } : { spacing: [1, 1], unit: 'px' };
}
