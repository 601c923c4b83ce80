/** Calls `next` at a steady pace, and never before what it called last has arrived. */
export class Cine {
  private timer: ReturnType<typeof setInterval> | undefined;
  private waiting = false;

  constructor(private readonly next: () => Promise<void>) {}

  start(picturesPerSecond: number): void {
    this.stop();
    this.timer = setInterval(() => void this.tick(), 1000 / picturesPerSecond);
  }

  stop(): void {
    clearInterval(this.timer);
    this.timer = undefined;
  }

  private async tick(): Promise<void> {
    if (this.waiting) return;
    this.waiting = true;
    try {
      await this.next();
    } finally {
      this.waiting = false;
    }
  }
}

/** Paces that the user chooses from, pictures a second. */
export const RATES = [1, 2, 3, 5, 7.5, 10, 12.5, 15, 20, 25, 30, 40, 50, 60] as const;

/** The next slower or faster pace; the same at either end. */
export function nextRate(rate: number, direction: -1 | 1): number {
  const further = direction > 0 ? RATES.find((item) => item > rate) : [...RATES].reverse().find((item) => item < rate);
  return further ?? rate;
}
