import type { Types } from '@cornerstonejs/core';
import { number, TAG, text, texts } from '../dicomweb/dataset';
import type { Dataset } from '../dicomweb/types';
import { axes } from './axes';
import { spacingAt } from './calibration';
import type { FrameInfo } from './frames';
import { edgeLetters, statedEdges, statedOrientation, type Direction } from './orientation';
import { isLossy } from './values';
import type { ViewState } from './view';

type Described = Pick<
  ViewState,
  'zoom' | 'edges' | 'scaleBar' | 'spacingKind' | 'lossy' | 'colour' | 'lowIsBright' | 'sliceLocation' | 'sliceThickness'
>;

const BAR_SHARE = 0.25;

/** What the corners and edges say about the picture as it lies on the screen now. */
export function describe(viewport: Types.IStackViewport, info: FrameInfo): Described {
  const { dataset, calibration } = info;
  const { right, down, unitsPerPixel } = screenDirections(viewport);
  return {
    zoom: calibration.spacing[0] / unitsPerPixel,
    edges: edges(dataset, right, down),
    scaleBar: scaleBar(viewport, info, unitsPerPixel),
    spacingKind: calibration.kind,
    lossy: isLossy(dataset, info.transferSyntax),
    colour: (number(dataset, TAG.samplesPerPixel) ?? 1) > 1 || text(dataset, TAG.photometric) === 'PALETTE COLOR',
    lowIsBright: text(dataset, TAG.photometric) === 'MONOCHROME1',
    sliceLocation: number(dataset, TAG.sliceLocation),
    sliceThickness: number(dataset, TAG.sliceThickness),
  };
}

/** By Image Orientation (Patient), or, as projections have it, by Patient Orientation; null when the file has neither. */
function edges(dataset: Dataset, right: Direction, down: Direction): ViewState['edges'] {
  if (axes(dataset)) return edgeLetters(right, down);
  const stated = statedOrientation(texts(dataset, TAG.patientOrientation));
  return stated ? statedEdges(stated, right, down) : null;
}

/** Asked of the projection itself, so that rotation and mirroring are always told as they are seen. */
function screenDirections(viewport: Types.IStackViewport): { right: Direction; down: Direction; unitsPerPixel: number } {
  const origin = viewport.canvasToWorld([0, 0]);
  const towards = (point: Types.Point2): Direction => {
    const at = viewport.canvasToWorld(point);
    return [(at[0] - origin[0]) / 100, (at[1] - origin[1]) / 100, (at[2] - origin[2]) / 100];
  };
  const right = towards([100, 0]);
  return { right, down: towards([0, 100]), unitsPerPixel: Math.hypot(...right) };
}

/** The longest of 1, 2, 5 × 10ⁿ millimetres that fits a quarter of the width; null without millimetres. */
function scaleBar(viewport: Types.IStackViewport, info: FrameInfo, unitsPerPixel: number): ViewState['scaleBar'] {
  const region = info.calibration.regions[0];
  const { spacing, unit } = spacingAt(info.calibration, region ? [[region.x0, region.y0]] : []);
  const millimetresPerPixel = unitsPerPixel * (spacing[0] / info.calibration.spacing[0]);
  if (unit === 'px' || millimetresPerPixel <= 0) return null;
  const longest = viewport.element.clientWidth * BAR_SHARE * millimetresPerPixel;
  const power = 10 ** Math.floor(Math.log10(longest));
  const length = [5, 2, 1].map((step) => step * power).find((value) => value <= longest) ?? power;
  return { pixels: length / millimetresPerPixel, label: length >= 10 ? `${length / 10} cm` : `${length} mm` };
}
