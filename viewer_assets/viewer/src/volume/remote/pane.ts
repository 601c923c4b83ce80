import type { Heard } from '../drawing';
import { pictureOf } from './geometry';
import type { Frame } from './protocol';
import type { Views } from './views';

/** A pane's canvas and what comes for it; pictures are decoded beside the page's work, and never shown out of order. */
export class RemotePane {
  private newest = -1;
  private drawn = 0;

  constructor(
    private readonly canvas: HTMLCanvasElement,
    private readonly heard: Heard,
    private readonly views: Views,
  ) {}

  /** Another view was asked for, or what is seen has changed. */
  stale(): void {
    this.heard.sharp(false);
  }

  /** From another session, whose frames are counted anew. */
  restart(): void {
    this.drawn = 0;
  }

  async take(frame: Frame, data: Uint8Array<ArrayBuffer>): Promise<void> {
    const bitmap = await createImageBitmap(new Blob([data], { type: `image/${frame.format}` }));
    try {
      // A pane's first picture may still be of who had its number before.
      if (frame.number <= this.drawn || frame.seq < this.newest) return;
      this.drawn = frame.number;
      this.newest = frame.seq;
      const { canvas } = this;
      if (canvas.width !== bitmap.width || canvas.height !== bitmap.height) {
        canvas.width = bitmap.width;
        canvas.height = bitmap.height;
      }
      canvas.getContext('2d')?.drawImage(bitmap, 0, 0);
      this.heard.picture?.(pictureOf(frame, canvas.getBoundingClientRect().width));
      this.heard.sharp(this.views.shows(frame.pane, frame.seq, frame.sharp) && frame.sharp);
    } finally {
      bitmap.close();
    }
  }
}
