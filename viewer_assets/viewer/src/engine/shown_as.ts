import { number, TAG, text } from '../dicomweb/dataset';
import type { FrameInfo } from './frames';
import { greyOf, type Grey } from './grey';
import { placementKey, type ImagePresentation, type PresentationState } from './presentation';

/** What a presentation state makes of the pictures of one pane; nothing while there is none. */
export class ShownAs {
  private source: PresentationState['of'] | null = null;
  private readonly known = new Map<string, { it: ImagePresentation | undefined; grey: Grey | undefined }>();
  private placed = '';
  private laid = '';

  set(source: PresentationState['of'] | null): void {
    this.source = source;
    this.known.clear();
  }

  of(info: FrameInfo): ImagePresentation | undefined {
    return this.look(info).it;
  }

  /** Undefined also for a picture in colour. */
  grey(info: FrameInfo): Grey | undefined {
    return this.look(info).grey;
  }

  /** Whether low values are bright by themselves; a presentation state says so itself (PS3.3 C.11.6). */
  lowIsBright(info: FrameInfo | undefined): boolean {
    if (!info) return false;
    return this.of(info)?.inverted ?? text(info.dataset, TAG.photometric) === 'MONOCHROME1';
  }

  /** Whether the picture must be laid on the screen anew, since the one before lay otherwise. */
  moves(info: FrameInfo): boolean {
    const key = placementKey(this.of(info));
    const moves = key !== this.placed;
    this.placed = key;
    return moves;
  }

  /** How the picture lies on the screen by the state. */
  lies(view: object): void {
    this.laid = JSON.stringify(view);
  }

  /** A state is on, and the user has not moved the picture since: in a pane of another size it is laid anew. */
  isUntouched(view: object): boolean {
    return this.placed !== '' && JSON.stringify(view) === this.laid;
  }

  private look(info: FrameInfo) {
    const { image, dataset } = info;
    const known = this.known.get(image.imageId);
    if (known) return known;
    const it = this.source?.(image);
    const inColour = (number(dataset, TAG.samplesPerPixel) ?? 1) > 1;
    const grey = it && !inColour ? greyOf(it.grey, storedValues(info)) : undefined;
    const found = { it, grey };
    this.known.set(image.imageId, found);
    return found;
  }
}

function storedValues({ dataset }: FrameInfo) {
  return {
    slope: number(dataset, TAG.slope) ?? 1,
    intercept: number(dataset, TAG.intercept) ?? 0,
    bits: Math.min(16, Math.max(1, number(dataset, TAG.bitsStored) ?? 8)),
    signed: number(dataset, TAG.pixelRepresentation) === 1,
  };
}
