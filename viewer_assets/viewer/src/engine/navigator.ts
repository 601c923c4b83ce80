import { cache } from '@cornerstonejs/core';
import { asViewerError, isAbort, type ViewerError } from '../dicomweb/errors';

export interface NavigatorEvents {
  /** The picture at this index is decoded; show it. Rejects when it cannot be shown. */
  show(index: number): Promise<void>;
  onTarget(index: number, loading: boolean): void;
  onError(index: number, error: ViewerError): void;
}

/**
 * Walks through a stack: the last asked-for picture wins, one that fails never stops the others,
 * and the neighbourhood is fetched outward from the current picture, or ahead of it while it is played.
 */
export class Navigator {
  private imageIds: readonly string[] = [];
  /** The stack is played: pictures are fetched in that order. */
  playing = false;
  private target = 0;
  private generation = 0;
  private running = 0;
  private readonly failed = new Set<number>();

  constructor(
    private readonly fetch: (imageId: string) => Promise<unknown>,
    private readonly events: NavigatorEvents,
    private readonly parallel: () => number,
    /** Someone else waits for the picture too. */
    private readonly wanted: (imageId: string) => boolean = () => false,
  ) {}

  get index(): number {
    return this.target;
  }

  get count(): number {
    return this.imageIds.length;
  }

  /** Replaces the stack; what the old one still had under way is cancelled. */
  open(imageIds: readonly string[], index: number): Promise<void> {
    this.close();
    this.imageIds = imageIds;
    return this.go(index);
  }

  close(): void {
    this.generation++;
    this.running = 0;
    this.failed.clear();
    for (const imageId of this.imageIds) {
      const pending = cache.getImageLoadObject(imageId);
      if (pending && !cache.isLoaded(imageId) && !this.wanted(imageId)) {
        pending.cancelFn?.();
        cache.removeImageLoadObject(imageId, { force: true });
      }
    }
    this.imageIds = [];
  }

  step(delta: number): Promise<void> {
    return this.go(this.target + delta);
  }

  retry(): Promise<void> {
    this.failed.delete(this.target);
    return this.go(this.target);
  }

  async go(index: number): Promise<void> {
    const wanted = Math.min(Math.max(index, 0), this.imageIds.length - 1);
    const imageId = this.imageIds[wanted];
    if (imageId === undefined) return;
    const generation = this.generation;
    this.target = wanted;
    this.events.onTarget(wanted, !cache.isLoaded(imageId));
    const isCurrent = () => this.generation === generation && this.target === wanted;
    try {
      await this.fetch(imageId);
      if (isCurrent()) await this.events.show(wanted);
    } catch (error) {
      if (isCurrent() && !isAbort(error)) this.events.onError(wanted, asViewerError(error, 'decode_failed'));
    }
    if (isCurrent()) this.prefetch(generation);
  }

  /** Keeps `parallel()` requests going, nearest picture first, until the stack or the cache is full. */
  private prefetch(generation: number): void {
    while (this.generation === generation && this.running < this.parallel()) {
      const index = this.nextToFetch();
      const imageId = index === undefined ? undefined : this.imageIds[index];
      if (index === undefined || imageId === undefined) return;
      this.running++;
      this.fetch(imageId).then(
        () => {
          this.fetched(generation);
        },
        () => {
          if (this.generation === generation) this.failed.add(index);
          this.fetched(generation);
        },
      );
    }
  }

  private fetched(generation: number): void {
    if (this.generation !== generation) return;
    this.running--;
    this.prefetch(generation);
  }

  private nextToFetch(): number | undefined {
    const reach = this.reach();
    // What is played wants one picture after the other, and the first again behind the last.
    const most = this.playing ? Math.min(2 * reach, this.imageIds.length - 1) : reach;
    for (let distance = 1; distance <= most; distance++) {
      const ahead = this.target + distance;
      for (const index of this.playing ? [ahead % this.imageIds.length] : [ahead, this.target - distance]) {
        const imageId = this.imageIds[index];
        if (imageId !== undefined && !this.failed.has(index) && !cache.getImageLoadObject(imageId)) return index;
      }
    }
    return undefined;
  }

  /** How many pictures to either side fit into three quarters of the cache. */
  private reach(): number {
    const imageId = this.imageIds[this.target];
    const size = imageId === undefined ? 0 : (cache.getImage(imageId)?.sizeInBytes ?? 0);
    if (size === 0) return this.imageIds.length;
    return Math.floor((cache.getMaxCacheSize() * 0.75) / size / 2);
  }
}

