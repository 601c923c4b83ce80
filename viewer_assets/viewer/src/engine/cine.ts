/** Calls `next` at a steady pace. */
export class Cine {
  private timer: ReturnType<typeof setInterval> | undefined;

  constructor(private readonly next: () => void) {}

  start(milliseconds: number): void {
    this.stop();
    this.timer = setInterval(this.next, milliseconds);
  }

  stop(): void {
    clearInterval(this.timer);
    this.timer = undefined;
  }
}
