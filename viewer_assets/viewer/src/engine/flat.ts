/** A place in the picture's plane: columns and rows times their spacing, so that right angles are right. */
export type Flat = readonly [x: number, y: number];

export function difference(a: Flat, b: Flat): Flat {
  return [a[0] - b[0], a[1] - b[1]];
}

/** `a + b × factor` */
export function moved(a: Flat, b: Flat, factor = 1): Flat {
  return [a[0] + b[0] * factor, a[1] + b[1] * factor];
}

export function product(a: Flat, b: Flat): number {
  return a[0] * b[0] + a[1] * b[1];
}

/** Of length 1; undefined for no direction. */
export function unit(a: Flat): Flat | undefined {
  const length = Math.hypot(...a);
  return length === 0 ? undefined : [a[0] / length, a[1] / length];
}

/** A quarter turn. */
export function across([x, y]: Flat): Flat {
  return [-y, x];
}

export function middle(a: Flat, b: Flat): Flat {
  return [(a[0] + b[0]) / 2, (a[1] + b[1]) / 2];
}

/** The point of the line through `a` and `b` that is nearest to `point`; `a` while they are one point. */
export function foot(point: Flat, a: Flat, b: Flat): Flat {
  const along = unit(difference(b, a));
  return along ? moved(a, along, product(difference(point, a), along)) : a;
}

/** How far a point lies from the line through `a` and `b`: positive to one side, negative to the other. */
export function offset(point: Flat, a: Flat, b: Flat): number {
  const along = unit(difference(b, a));
  return along ? product(difference(point, a), across(along)) : 0;
}
