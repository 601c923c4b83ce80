import { isAbort } from '../../dicomweb/errors';

/** A tile's picture, on its way, there, or not to be had. */
export type Stored<Picture> = { state: 'waiting' } | { state: 'ready'; picture: Picture } | { state: 'failed'; reason: string };

export interface StoreOptions<Picture> {
  load: (key: string, signal: AbortSignal) => Promise<Picture>;
  /** Bytes that a picture takes. */
  size: (picture: Picture) => number;
  discard: (picture: Picture) => void;
  reason: (error: unknown) => string;
  /** Requests at a time. */
  parallel: number;
  /** Bytes that may be kept. */
  memory: number;
  onChange: () => void;
}

/** Fetches what is looked at, a few at a time, gives up what is not looked at any more, and forgets what was seen longest ago. */
export class TileStore<Picture> {
  private readonly kept = new Map<string, Stored<Picture>>();
  private readonly running = new Map<string, AbortController>();
  private wanted: readonly string[] = [];
  private used = 0;
  private closed = false;

  constructor(private readonly options: StoreOptions<Picture>) {}

  /** What is on the screen now, the most urgent first. */
  want(keys: readonly string[]): void {
    if (this.closed) return;
    this.wanted = keys;
    const still = new Set(keys);
    for (const [key, controller] of this.running) if (!still.has(key)) controller.abort();
    this.next();
    this.trim(still);
  }

  get(key: string): Stored<Picture> | undefined {
    const found = this.kept.get(key);
    if (found) {
      // The last looked at is forgotten last.
      this.kept.delete(key);
      this.kept.set(key, found);
    }
    return found;
  }

  /** Nothing that is wanted is still to come. */
  get settled(): boolean {
    return this.wanted.every((key) => this.kept.has(key));
  }

  get bytes(): number {
    return this.used;
  }

  get failed(): number {
    return this.wanted.filter((key) => this.kept.get(key)?.state === 'failed').length;
  }

  retry(): void {
    for (const [key, { state }] of this.kept) if (state === 'failed') this.kept.delete(key);
    this.next();
    this.options.onChange();
  }

  close(): void {
    this.closed = true;
    for (const controller of this.running.values()) controller.abort();
    for (const stored of this.kept.values()) if (stored.state === 'ready') this.options.discard(stored.picture);
    this.kept.clear();
    this.used = 0;
  }

  private next(): void {
    for (const key of this.wanted) {
      if (this.running.size >= this.options.parallel) return;
      if (!this.kept.has(key) && !this.running.has(key)) void this.fetch(key);
    }
  }

  private async fetch(key: string): Promise<void> {
    const controller = new AbortController();
    this.running.set(key, controller);
    try {
      const picture = await this.options.load(key, controller.signal);
      if (this.closed) {
        this.options.discard(picture);
        return;
      }
      this.used += this.options.size(picture);
      this.kept.set(key, { state: 'ready', picture });
    } catch (error) {
      if (!this.closed && !controller.signal.aborted && !isAbort(error)) this.kept.set(key, { state: 'failed', reason: this.options.reason(error) });
    } finally {
      this.running.delete(key);
    }
    if (this.closed) return;
    this.next();
    this.options.onChange();
  }

  private trim(still: ReadonlySet<string>): void {
    for (const [key, stored] of this.kept) {
      if (this.used <= this.options.memory) return;
      if (still.has(key) || stored.state !== 'ready') continue;
      this.kept.delete(key);
      this.used -= this.options.size(stored.picture);
      this.options.discard(stored.picture);
    }
  }
}
