import { across, difference, foot, middle, moved, product, unit, type Flat } from './flat';

/** What must stay true of a figure when one of its points, number `index`, is put elsewhere. */
export type Constrain = (points: readonly Flat[], index: number, to: Flat, right: Flat, drawing: boolean) => Flat[];

export const freely: Constrain = (points, index, to) => points.map((point, at) => (at === index ? to : point));

/** Corners in turn. Drawn along the screen's sides (`right`); later along its own. */
export const asRectangle: Constrain = (points, index, to, right, drawing) => {
  const corners = Array.from({ length: 4 }, (_, at) => points[at] ?? to);
  const at = drawing ? 2 : index;
  const [fixed, before, after] = [corners[(at + 2) % 4] ?? to, (at + 3) % 4, (at + 1) % 4];
  const own = unit(difference(corners[1] ?? to, corners[0] ?? to));
  const along = drawing || !own ? right : own;
  const diagonal = difference(to, fixed);
  const reach = product(diagonal, along);
  const [horizontal, vertical] = [moved(fixed, along, reach), moved(to, along, -reach)];
  corners[at] = to;
  // Sides 0-1 and 2-3 run along `along`.
  corners[at % 2 === 0 ? after : before] = at % 2 === 0 ? vertical : horizontal;
  corners[at % 2 === 0 ? before : after] = at % 2 === 0 ? horizontal : vertical;
  return corners;
};

const SHARE = 1 / 4;

/**
 * A length (points 0, 1) and the width across it (points 2, 3).
 *
 * While the length is drawn the width is proposed across its middle; when an end of the length is
 * moved the width keeps its place and size along it; an end of the width that is moved takes the
 * line of the width with it, which stays at right angles.
 */
export const asWidth: Constrain = (points, index, to, _right, drawing) => {
  const [a = to, b = to, c = to, d = to] = points;
  if (drawing) {
    const [from, end] = [a, to];
    const half = across(difference(end, from));
    const centre = middle(from, end);
    return [from, end, moved(centre, half, -SHARE), moved(centre, half, SHARE)];
  }
  if (index < 2) {
    const [from, end] = index === 0 ? [to, b] : [a, to];
    const [old, length] = [unit(difference(b, a)), Math.hypot(...difference(b, a))];
    const along = difference(end, from);
    const direction = unit(along);
    if (!old || !direction) return [from, end, c, d];
    const place = (point: Flat) => {
      const inner = difference(point, a);
      return moved(moved(from, along, product(inner, old) / length), across(direction), product(inner, across(old)));
    };
    return [from, end, place(c), place(d)];
  }
  const place = foot(to, a, b);
  const other = index === 2 ? d : c;
  const kept = moved(other, difference(place, foot(other, a, b)));
  return index === 2 ? [a, b, to, kept] : [a, b, kept, to];
};

/** The midline (0, 1), a point at each border of the heart (2, 3), and the thorax (4, 5) across the midline. */
export const asThorax: Constrain = (points, index, to) => {
  const next = [...points];
  next[index] = to;
  const [a, b, , , p, q] = next;
  if (!a || !b || !p || !q) return next;
  const along = unit(difference(b, a));
  if (!along) return next;
  // The end that is not being moved keeps its place; when the midline is, the first one does.
  if (index === 4) next[4] = moved(to, along, product(difference(q, to), along));
  else next[5] = moved(q, along, product(difference(p, q), along));
  return next;
};
