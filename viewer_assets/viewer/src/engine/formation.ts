import { frameInfo } from './frames';
import { follow, nearest, type Anchor } from './link';
import type { PaneView } from './pane';
import { distance, inOneSpace, referenceLine, type Plane } from './planes';
import type { Vec3 } from './vector';
import type { Line } from './view';

/** Steps of this many pictures are pages. */
const PAGE = 10;
/** A marked point belongs to a slice that is this near, in millimetres, or half its thickness. */
const LEAST_REACH = 1;

/**
 * What panes do together: the consecutive pictures of a film, scrolling of linked series, reference
 * lines of the other panes' planes, and one point of the patient shown in all of them.
 */
export class Formation {
  /** Columns of a film; 0 when each pane has a series of its own. */
  private columns = 0;
  private linked = false;
  private linesVisible = true;
  private readonly anchors = new Map<PaneView, number>();
  private marked: { point: Vec3; frameOfReference: string } | undefined;
  private presenting = false;
  private pending = false;

  constructor(private readonly panes: () => readonly PaneView[]) {}

  /** All panes show one series, one picture after the other. */
  film(columns: number): void {
    this.columns = columns;
  }

  /** From now on the panes scroll together, from where they are. */
  link(linked: boolean): void {
    this.linked = linked;
    this.anchors.clear();
    for (const pane of this.panes()) this.anchors.set(pane, pane.index);
  }

  showLines(visible: boolean): void {
    this.linesVisible = visible;
    this.changed();
  }

  async go(pane: PaneView, index: number): Promise<void> {
    if (this.columns > 0) {
      await this.goFilm(index - this.panes().indexOf(pane));
      return;
    }
    const moves = [pane.navigate(index)];
    if (this.linked) {
      for (const other of this.panes()) {
        if (other === pane || other.count === 0) continue;
        const wanted = follow(pane.track, pane.index, other.track, this.anchor(pane, other));
        if (wanted !== undefined && wanted !== other.index) moves.push(other.navigate(wanted));
      }
    }
    await Promise.all(moves);
  }

  step(pane: PaneView, delta: number): Promise<void> {
    if (this.columns === 0) return this.go(pane, pane.index + delta);
    const step = Math.abs(delta) >= PAGE ? Math.sign(delta) * this.panes().length : delta * this.columns;
    return this.go(pane, pane.index + step);
  }

  /** Shows a point of the patient in every pane of the same space. */
  point(pane: PaneView, point: Vec3): void {
    const plane = planeOn(pane);
    if (!plane) return;
    this.marked = { point, frameOfReference: plane.frameOfReference };
    for (const other of this.panes()) {
      const there = planeOn(other);
      if (other === pane || this.columns > 0 || !there || !inOneSpace(plane, there)) continue;
      const index = nearest(other.track, point);
      if (index !== undefined && index !== other.index) void other.navigate(index);
    }
    this.changed();
  }

  forgetPoint(): void {
    this.marked = undefined;
    this.changed();
  }

  /** A pane shows something else, or the same in another way. */
  shown(pane: PaneView): void {
    if (this.columns > 0) this.spread(pane);
    this.changed();
  }

  /** Lines and marks are worked out once a frame, whatever changes. */
  changed(): void {
    if (this.pending) return;
    this.pending = true;
    requestAnimationFrame(() => {
      this.pending = false;
      for (const pane of this.panes()) pane.overlay({ lines: this.linesOn(pane), cursor: this.cursorOn(pane) });
    });
  }

  private anchor(moved: PaneView, other: PaneView): Anchor {
    return { moved: this.anchors.get(moved) ?? 0, other: this.anchors.get(other) ?? 0 };
  }

  private async goFilm(first: number): Promise<void> {
    const panes = this.panes();
    const count = panes[0]?.count ?? 0;
    const start = Math.max(0, Math.min(first, count - panes.length));
    await Promise.all(
      panes.map(async (pane, place) => {
        if (start + place < count) await pane.navigate(start + place);
        else pane.blank(true);
      }),
    );
  }

  /** In a film one window, one zoom, one turn hold for all pictures: those of the active pane. */
  private spread(changed: PaneView): void {
    const panes = this.panes();
    const active = panes.find((pane) => pane.isActive);
    const presentation = this.presenting ? undefined : active?.presentation();
    if (!presentation) return;
    this.presenting = true;
    try {
      for (const pane of changed === active ? panes : [changed]) if (pane !== active) pane.present(presentation);
    } finally {
      this.presenting = false;
    }
  }

  private linesOn(pane: PaneView): Line[] {
    const plane = planeOn(pane);
    if (!plane || !this.linesVisible || this.columns > 0) return [];
    return this.panes().flatMap((other, place) => {
      const theirs = other === pane ? undefined : planeOn(other);
      const ends = theirs && referenceLine(plane, theirs);
      const [from, to] = [ends && pane.onScreen(ends[0]), ends && pane.onScreen(ends[1])];
      return from && to ? [{ from, to, place, active: other.isActive }] : [];
    });
  }

  private cursorOn(pane: PaneView): readonly [number, number] | null {
    const plane = planeOn(pane);
    if (!plane || this.marked?.frameOfReference !== plane.frameOfReference || plane.frameOfReference === '') return null;
    if (Math.abs(distance(this.marked.point, plane)) > reach(pane)) return null;
    return pane.onScreen(this.marked.point) ?? null;
  }
}

function planeOn(pane: PaneView): Plane | undefined {
  return pane.imageId === undefined ? undefined : frameInfo(pane.imageId)?.plane;
}

/** Half the distance to the next slice. */
function reach(pane: PaneView): number {
  const { track, index } = pane;
  const [here, next] = [track[index], track[index + 1] ?? track[index - 1]];
  return Math.max(LEAST_REACH, here && next ? Math.abs(distance(next.position, here)) / 2 + 0.01 : LEAST_REACH);
}
