import type { Heard } from '../drawing';
import { pictureOf } from './geometry';
import type { Frame } from './protocol';
import type { Views } from './views';

/** A pane's canvas and what comes for it; pictures are decoded beside the page's work, and never shown out of order. */
export class RemotePane {
  /** Pictures of older views are of who had the pane's number before. */
  private newest: number;
  private drawn = 0;
  private session = 0;
  /** Of the pane in CSS pixels, also while it is hidden. */
  private width = 1;

  constructor(
    private readonly canvas: HTMLCanvasElement,
    private readonly heard: Heard,
    private readonly views: Views,
  ) {
    this.newest = views.last + 1;
  }

  resize(width: number): void {
    this.width = width;
  }

  /** Another view was asked for, or what is seen has changed. */
  stale(): void {
    this.heard.sharp(false);
  }

  /** Another session, whose frames are counted anew. */
  restart(): void {
    this.drawn = 0;
    this.session++;
  }

  async take(frame: Frame, data: Uint8Array<ArrayBuffer>): Promise<void> {
    const { session } = this;
    const bitmap = await createImageBitmap(new Blob([data], { type: `image/${frame.format}` }));
    try {
      if (session !== this.session || frame.number <= this.drawn || frame.seq < this.newest) return;
      this.drawn = frame.number;
      this.newest = frame.seq;
      const { canvas } = this;
      if (canvas.width !== bitmap.width || canvas.height !== bitmap.height) {
        canvas.width = bitmap.width;
        canvas.height = bitmap.height;
      }
      canvas.getContext('2d')?.drawImage(bitmap, 0, 0);
      this.heard.picture?.(pictureOf(frame, this.width));
      this.heard.sharp(this.views.shows(frame.pane, frame.seq, frame.sharp) && frame.sharp);
    } finally {
      bitmap.close();
    }
  }
}
