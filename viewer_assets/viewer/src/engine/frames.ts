import { frameDataset, number, numbers, TAG, text } from '../dicomweb/dataset';
import type { StackImage } from '../dicomweb/stack';
import type { Dataset } from '../dicomweb/types';
import { axes } from './axes';
import { calibrate, type Calibration } from './calibration';
import type { Palette } from './palette';
import { planeIn, type Plane } from './planes';

/** A picture with what the engine works out about it. */
export interface FrameInfo {
  image: StackImage;
  /** Attributes of this very frame (functional groups laid flat). */
  dataset: Dataset;
  calibration: Calibration;
  /** Where it lies in the patient, undefined when the file leaves that open. */
  plane: Plane | undefined;
  /** Set when the first answer tells it. */
  transferSyntax?: string;
  palette?: Palette;
}

const frames = new Map<string, FrameInfo>();
const imageIds = new Map<string, string>();

export function registerFrames(images: readonly StackImage[]): void {
  for (const image of images) {
    if (frames.has(image.imageId)) continue;
    const dataset = frameDataset(image.dataset, image.frame);
    imageIds.set(`${image.instance}/${image.frame}`, image.imageId);
    frames.set(image.imageId, { image, dataset, calibration: calibrate(dataset), plane: planeIn(dataset) });
  }
}

export function frameInfo(imageId: string): FrameInfo | undefined {
  return frames.get(imageId);
}

/** The picture of an instance's frame, counted from 1, if its series has been open. */
export function imageIdOf(instance: string, frame: number): string | undefined {
  return imageIds.get(`${instance}/${frame}`);
}

/** A picture without a frame of reference shares its space with no other. */
export function frameOfReference({ dataset, image }: FrameInfo): string {
  return text(dataset, TAG.frameOfReference) || `none/${image.imageId}`;
}

export const VOI_FUNCTIONS = ['LINEAR', 'LINEAR_EXACT', 'SIGMOID'] as const;
export type VoiFunction = (typeof VOI_FUNCTIONS)[number];

/** PS3.3 C.11.2.1.2: what is not said, or not known, is LINEAR. */
export function voiFunction(dataset: Dataset): VoiFunction {
  const stated = text(dataset, TAG.voiFunction);
  return VOI_FUNCTIONS.find((name) => name === stated) ?? 'LINEAR';
}

type Module = Record<string, unknown>;

/** Cornerstone's metadata modules for one picture. */
export function metadataProvider(type: string, imageId: unknown): Module | undefined {
  if (typeof imageId !== 'string') return undefined;
  const info = frames.get(imageId);
  return info && MODULES[type]?.(info);
}

const MODULES: Record<string, (info: FrameInfo) => Module> = {
  imagePlaneModule: planeModule,
  imagePixelModule: pixelModule,
  generalSeriesModule: ({ dataset }) => ({
    modality: text(dataset, TAG.modality),
    seriesInstanceUID: text(dataset, TAG.seriesInstance),
  }),
  sopCommonModule: ({ dataset, image }) => ({
    sopClassUID: text(dataset, TAG.sopClass),
    sopInstanceUID: image.instance,
  }),
  modalityLutModule: ({ dataset }) => ({
    rescaleSlope: number(dataset, TAG.slope),
    rescaleIntercept: number(dataset, TAG.intercept),
    rescaleType: text(dataset, TAG.rescaleType),
  }),
  voiLutModule: ({ dataset }) => {
    const center = number(dataset, TAG.windowCenter);
    const width = number(dataset, TAG.windowWidth);
    const usable = center !== undefined && width !== undefined && width >= 1;
    return {
      windowCenter: usable ? [center] : undefined,
      windowWidth: usable ? [width] : undefined,
      voiLUTFunction: [voiFunction(dataset)],
    };
  },
  transferSyntax: ({ transferSyntax }) => ({ transferSyntaxUID: transferSyntax }),
};

export interface Grid {
  row: readonly number[];
  column: readonly number[];
  position: readonly number[];
}

/** Where the picture lies; a stand-in, in pixels' own axes, when the file does not tell. */
export function gridOf({ dataset, image }: FrameInfo): Grid {
  return {
    ...(axes(dataset) ?? { row: [1, 0, 0], column: [0, 1, 0] }),
    position: numbers(dataset, TAG.position, 3) ?? [0, 0, image.frame - 1],
  };
}

function planeModule(info: FrameInfo): Module {
  const { dataset, calibration } = info;
  const { row, column, position } = gridOf(info);
  return {
    frameOfReferenceUID: frameOfReference(info),
    rows: number(dataset, TAG.rows),
    columns: number(dataset, TAG.columns),
    imageOrientationPatient: [...row, ...column],
    rowCosines: row,
    columnCosines: column,
    imagePositionPatient: position,
    sliceThickness: number(dataset, TAG.sliceThickness),
    sliceLocation: number(dataset, TAG.sliceLocation),
    pixelSpacing: [calibration.spacing[1], calibration.spacing[0]],
    columnPixelSpacing: calibration.spacing[0],
    rowPixelSpacing: calibration.spacing[1],
    usingDefaultValues: calibration.kind === 'none',
  };
}

function pixelModule({ dataset, palette }: FrameInfo): Module {
  return {
    samplesPerPixel: number(dataset, TAG.samplesPerPixel) ?? 1,
    photometricInterpretation: text(dataset, TAG.photometric),
    planarConfiguration: number(dataset, TAG.planar) ?? 0,
    rows: number(dataset, TAG.rows),
    columns: number(dataset, TAG.columns),
    bitsAllocated: number(dataset, TAG.bitsAllocated),
    bitsStored: number(dataset, TAG.bitsStored),
    highBit: number(dataset, TAG.highBit),
    pixelRepresentation: number(dataset, TAG.pixelRepresentation) ?? 0,
    ...palette,
  };
}
