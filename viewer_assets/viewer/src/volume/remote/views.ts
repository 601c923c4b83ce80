/** What a pane is to show, in the words of the contract. */
export type View = Readonly<Record<string, unknown>>;

/** Between two views of a pane: the node takes 200 messages a second of all panes together. */
export const PACE_MS = 40;

interface Wanted {
  view: View;
  /** What the node knows of it. */
  told: View;
  moving: boolean;
  seq: number;
  due: boolean;
  /** The pane's newest view was shown as finely as it gets. */
  settled: boolean;
}

/** The panes' views, told when they change: of each pane only the newest, and only what is new in it. */
export class Views {
  private readonly panes = new Map<number, Wanted>();
  private seq = 0;
  private flushed = -Infinity;
  private timer: ReturnType<typeof setTimeout> | undefined;

  /** `send`: false when nothing can be told now. */
  constructor(
    private readonly send: (message: object) => boolean,
    private readonly atFrame: (callback: () => void) => void = (callback) => { requestAnimationFrame(callback); },
  ) {}

  /** The number given last. */
  get last(): number {
    return this.seq;
  }

  /** For whatever else is numbered. */
  next(): number {
    return ++this.seq;
  }

  /** False when that is shown already, or asked for. */
  want(pane: number, view: View, moving: boolean): boolean {
    const before = this.panes.get(pane);
    if (before && same(before.view, view)) return false;
    this.panes.set(pane, { view, told: before?.told ?? {}, moving, seq: before?.seq ?? this.seq + 1, due: true, settled: false });
    this.plan();
    return true;
  }

  /** Nothing moves any more: what is not fine yet may become so. */
  rest(): void {
    for (const wanted of this.panes.values()) {
      if (!wanted.moving) continue;
      wanted.moving = false;
      if (!wanted.settled) wanted.due = true;
    }
    this.plan();
  }

  hide(pane: number): void {
    if (this.panes.delete(pane)) this.send({ type: 'hide', pane });
  }

  /** A picture has come; whether it shows the pane's newest view. */
  shows(pane: number, seq: number, sharp: boolean): boolean {
    const wanted = this.panes.get(pane);
    if (!wanted || wanted.due || seq < wanted.seq) return false;
    wanted.settled = sharp;
    return true;
  }

  /** One of them was refused: nobody knows which, so each is told whole the next time. */
  refused(): void {
    for (const wanted of this.panes.values()) wanted.told = {};
  }

  /** Another session, which knows nothing. */
  restart(): void {
    for (const wanted of this.panes.values()) Object.assign(wanted, { told: {}, due: true, settled: false });
    this.flush();
  }

  /** Tells at once what is due. */
  flush(): void {
    this.flushed = performance.now();
    // The rendering, which takes longest, comes last.
    for (const [pane, wanted] of [...this.panes].sort(([a], [b]) => a - b)) {
      if (!wanted.due) continue;
      const seq = this.next();
      if (!this.send({ type: 'view', pane, seq, moving: wanted.moving, ...changes(wanted.told, wanted.view) })) return;
      Object.assign(wanted, { told: { ...wanted.told, ...wanted.view }, due: false, seq });
    }
  }

  close(): void {
    clearTimeout(this.timer);
    this.panes.clear();
  }

  private plan(): void {
    if (this.timer !== undefined || ![...this.panes.values()].some(({ due }) => due)) return;
    this.timer = setTimeout(() => {
      this.atFrame(() => {
        this.timer = undefined;
        this.flush();
      });
    }, Math.max(0, this.flushed + PACE_MS - performance.now()));
  }
}

/** The fields of `after` that `before` has not, or has otherwise. */
export function changes(before: View, after: View): View {
  return Object.fromEntries(Object.entries(after).filter(([name, value]) => !equal(before[name], value)));
}

function same(one: View, other: View): boolean {
  return Object.keys(one).length === Object.keys(other).length && Object.keys(changes(one, other)).length === 0;
}

function equal(one: unknown, other: unknown): boolean {
  return one === other || JSON.stringify(one) === JSON.stringify(other);
}
