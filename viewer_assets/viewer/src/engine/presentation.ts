import type { StackImage } from '../dicomweb/stack';

/** Column and row of the picture; the first pixel's outer corner is [0, 0] (PS3.3 C.10.5.1.1). */
export type Place = readonly [column: number, row: number];

/** A look-up table (PS3.3 C.11.1.1): below `first` its first value counts, behind its end the last. */
export interface Lut {
  first: number;
  bits: number;
  values: Uint16Array;
}

/** A window of values, and by which function (PS3.3 C.11.2.1.2, C.11.2.1.3). */
export interface VoiWindow {
  width: number;
  center: number;
  shape: 'LINEAR' | 'LINEAR_EXACT' | 'SIGMOID';
}

/** From stored values to grey, in this order; what is null changes nothing (PS3.4 N.2). */
export interface GreySteps {
  modality: Lut | { slope: number; intercept: number } | null;
  voi: Lut | VoiWindow | null;
  /** The last step, where it is a table. */
  output: Lut | null;
}

/** The part of a picture that is shown, and how large (PS3.3 C.10.4). */
export interface Area {
  from: Place;
  to: Place;
  /** Screen pixels of one column of the picture; 0 to fit the part into the pane. */
  magnification: number;
}

export type Drawing =
  | { kind: 'path'; points: readonly Place[]; filled: boolean; colour: string }
  | { kind: 'point'; at: Place; colour: string }
  | { kind: 'text'; lines: readonly string[]; box: readonly [Place, Place] | null; anchor: Place | null; visibleAnchor: boolean; align: 'start' | 'middle' | 'end'; colour: string };

/** What a presentation state says of one picture. */
export interface ImagePresentation {
  grey: GreySteps;
  inverted: boolean;
  /** Degrees clockwise, before the flip (PS3.3 C.10.6). */
  rotation: number;
  flip: boolean;
  area: Area | null;
  /** Openings: the picture is seen where it lies in all of them. */
  shutters: readonly (readonly Place[])[];
  shutterColour: string;
  drawings: readonly Drawing[];
}

/** A presentation state, ready to be shown (PS3.3 A.33). Its texts are hostile. */
export interface PresentationState {
  label: string;
  creator: string;
  /** What it says and is not done, in the user's words. */
  notes: readonly string[];
  of: (image: StackImage) => ImagePresentation | undefined;
}

/** Two pictures with the same key lie on the screen in the same way. */
export function placementKey(presentation: ImagePresentation | undefined): string {
  return presentation ? JSON.stringify([presentation.rotation, presentation.flip, presentation.area]) : '';
}

/** x = a·column + c·row + e, y = b·column + d·row + f. */
export type Affine = readonly [a: number, b: number, c: number, d: number, e: number, f: number];

export function place([a, b, c, d, e, f]: Affine, [column, row]: Place): Place {
  return [a * column + c * row + e, b * column + d * row + f];
}
