import type { ErrorCode } from '../dicomweb/errors';
import type { SpacingKind } from './calibration';
import type { Look } from './look';
import type { Edges } from './orientation';
import type { Affine, ImagePresentation } from './presentation';

/** The plane of another pane's picture, as it crosses this one: CSS pixels from the pane's corner. */
export interface Line {
  from: readonly [number, number];
  to: readonly [number, number];
  /** Which pane it is of, counted from 0. */
  place: number;
  active: boolean;
}

/** What the engine tells the user interface about the picture on the screen. */
export interface ViewState {
  /** Counts from 0; the picture asked for. */
  index: number;
  /** Counts from 0; the picture on the screen, which may still be the one before. */
  shownIndex: number;
  count: number;
  /** The picture at `index` is on the screen, decoded. */
  shown: boolean;
  loading: boolean;
  error: { code: ErrorCode; detail: string } | null;
  width: number;
  center: number;
  inverted: boolean;
  look: Look;
  /** Low values are bright by themselves (MONOCHROME1). */
  lowIsBright: boolean;
  /** Degrees clockwise, 0 to below 360. */
  rotation: number;
  playing: boolean;
  /** Screen pixels (CSS) a column of the picture. */
  zoom: number;
  /** Letters at the edges; null when the file does not tell the direction. */
  edges: Edges | null;
  scaleBar: { pixels: number; label: string } | null;
  spacingKind: SpacingKind;
  lossy: boolean;
  colour: boolean;
  sliceLocation: number | undefined;
  sliceThickness: number | undefined;
  rendering: 'gpu' | 'cpu';
  /** What a presentation state says of the picture on the screen. */
  presentation: ImagePresentation | null;
  /** Where the picture's pixels lie on the pane; null until there is one. */
  toScreen: Affine | null;
  /** A film has fewer pictures than places. */
  blank: boolean;
  lines: Line[];
  /** The marked point of the patient, where it lies in this picture. */
  cursor: readonly [number, number] | null;
}

export interface Measurement {
  id: string;
  tool: MeasureTool;
  imageIndex: number;
  lines: string[];
  selected: boolean;
  /** It holds a text that the reader typed. */
  typed: boolean;
  /** Another reader's, which is not changed here. */
  foreign: boolean;
}

export const MEASURE_TOOLS = [
  'length', 'angle', 'probe', 'ellipse', 'width', 'cobb', 'rectangle', 'freehand', 'path', 'ratio', 'text', 'arrow',
] as const;
export type MeasureTool = (typeof MEASURE_TOOLS)[number];
export type ToolName = 'scroll' | 'window' | 'zoom' | 'pan' | 'cursor' | 'rotate' | 'magnify' | 'region' | MeasureTool;

/** How far a mark of several strokes is drawn. */
export interface Progress {
  tool: MeasureTool;
  stroke: number;
  points: number;
}

/** A mark waits for its text; CSS pixels of the page. */
export interface Typing {
  id: string;
  text: string;
  at: readonly [x: number, y: number];
}
