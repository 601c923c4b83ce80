/** The frame that is shown at a time, from 0. */
export function frameAt(time: number, rate: number): number {
  // A frame's own beginning is not told apart from the end of the one before by rounding.
  return Math.max(0, Math.floor(time * rate + 1e-3));
}

/** The middle of the frame `delta` further on: its edges belong to two frames. */
export function stepped(time: number, delta: number, rate: number): number {
  return (frameAt(time, rate) + delta + 0.5) / rate;
}
