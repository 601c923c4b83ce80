/** A point or direction in DICOM's patient coordinates, millimetres: x to the left hand, y to the back, z to the head. */
export type Vec3 = readonly [number, number, number];

export const add = (a: Vec3, b: Vec3): Vec3 => [a[0] + b[0], a[1] + b[1], a[2] + b[2]];
export const subtract = (a: Vec3, b: Vec3): Vec3 => [a[0] - b[0], a[1] - b[1], a[2] - b[2]];
export const scale = (a: Vec3, factor: number): Vec3 => [a[0] * factor, a[1] * factor, a[2] * factor];
export const dot = (a: Vec3, b: Vec3): number => a[0] * b[0] + a[1] * b[1] + a[2] * b[2];
export const length = (a: Vec3): number => Math.hypot(...a);
export const distance = (a: Vec3, b: Vec3): number => length(subtract(a, b));
/** `a` and `factor` times `b`. */
export const along = (a: Vec3, b: Vec3, factor: number): Vec3 => add(a, scale(b, factor));

export function cross(a: Vec3, b: Vec3): Vec3 {
  return [a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]];
}

export function unit(a: Vec3): Vec3 {
  return scale(a, 1 / length(a));
}

/** `v` turned about the unit vector `axis` by the right-hand rule (Rodrigues). */
export function rotate(v: Vec3, axis: Vec3, radians: number): Vec3 {
  const [cosine, sine] = [Math.cos(radians), Math.sin(radians)];
  return along(along(scale(v, cosine), cross(axis, v), sine), axis, dot(axis, v) * (1 - cosine));
}

export const radians = (degrees: number): number => (degrees * Math.PI) / 180;
