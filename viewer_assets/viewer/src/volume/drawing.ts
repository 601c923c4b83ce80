import type { Edges } from '../engine/orientation';
import type { Window } from '../engine/presets';
import type { Vec3 } from '../engine/vector';
import type { Camera } from './camera';
import type { Pane, Slicing } from './planes';
import type { Plane, Slab } from './reslice';
import type { TransferShift, VrPreset } from './transfer';
import type { Place } from './where';

/** Who makes the pictures of the open series, and answers for its values: this machine, or the server. */
export interface Drawing {
  readonly place: Place;
  plane(pane: Pane | 'batch', canvas: HTMLCanvasElement, heard: Heard): Painter<PlaneScene>;
  /** Throws CannotRender. */
  rendering(screen: HTMLElement, heard: Heard): Painter<RenderingScene>;
  /** What a pane's slab shows in a point, or at the cursor the value itself; NaN outside, undefined when no answer came. */
  value(seen: Pane | 'batch' | 'cursor', plane: Plane, point: Vec3, slab: Slab): number | Promise<number | undefined>;
  /** The surface beneath a place of the rendering, in CSS pixels. */
  pick(scene: RenderingScene, at: readonly [number, number]): Vec3 | undefined | Promise<Vec3 | undefined>;
  /** Takes something away from the rendering; `progress` hears 0..1. */
  cut(operation: Operation, progress: (share: number) => void): Promise<Cut>;
  undo(): Promise<number>;
  reset(): Promise<number>;
  close(): void;
}

/** Draws one pane until it is closed. */
export interface Painter<Scene> {
  show(scene: Scene): void;
  close(): void;
}

export interface PlaneScene {
  plane: Plane;
  /** CSS pixels. */
  width: number;
  height: number;
  /** Millimetres a CSS pixel. */
  pixel: number;
  slab: Slab;
  window: Window;
  inverted: boolean;
}

export interface RenderingScene {
  camera: Camera;
  preset: VrPreset;
  shift: TransferShift;
  /** Kept part of each axis of the grid, 0..1. */
  crop: readonly (readonly [number, number])[];
  /** CSS pixels. */
  width: number;
  height: number;
}

/** What a pane's painter tells. */
export interface Heard {
  /** Whether what is on the screen is the scene, as fine as it gets. */
  sharp: (sharp: boolean) => void;
  /** A picture of an earlier scene than the newest may be on the screen: this is what it shows. */
  picture?: (picture: Picture) => void;
  /** The graphics card is gone. */
  lost?: () => void;
}

/** What is on the screen; `pixel` in millimetres a CSS pixel. */
export interface Picture {
  plane: Plane;
  pixel: number;
  edges: Edges;
  slicing: Slicing | null;
  /** Compressed, and so not every grey as it is. */
  lossy: boolean;
}

/** Something taken away; `size` and `outline` in CSS pixels. */
export type Operation =
  | { kind: 'outline'; outline: readonly (readonly [number, number])[]; size: readonly [number, number]; camera: Camera; take: 'inside' | 'outside' }
  | { kind: 'background' };

/** How many cuts can be undone, and how many voxels this one took. */
export interface Cut {
  count: number;
  taken: number;
}

/** There is no volume rendering here; the message is in the reader's words. */
export class CannotRender extends Error {}
