interface Estimate {
  /** Mbit/s, no more than 10 in Chromium. */
  downlink?: number;
  saveData?: boolean;
}

const FAST = 10;

/** Whether bytes are dearer than work. Where the browser does not tell (Safari), a phone's line is taken for slow. */
export function isSlowLine(): boolean {
  const { connection } = navigator as Navigator & { connection?: Estimate };
  if (connection?.saveData) return true;
  if (connection?.downlink !== undefined) return connection.downlink < FAST;
  return typeof matchMedia === 'function' && matchMedia('(pointer: coarse)').matches;
}
