import type { Types } from '@cornerstonejs/core';
import type { Grey } from './grey';
import type { Look } from './look';

/** How a picture is shown, apart from which one it is. */
export interface Presentation {
  range: Types.VOIRange | null;
  inverted: boolean;
  look: Look;
  flipHorizontal: boolean;
  flipVertical: boolean;
  view: Types.ViewPresentation;
  shading: Shading;
}

/** What lies between the file's values and its window. */
export interface Shading {
  /** Low values are bright before the user's own inversion. */
  natural: boolean;
  curve: Grey['curve'];
}
