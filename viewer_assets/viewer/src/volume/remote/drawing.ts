import type { Cut, Drawing, Heard, Operation, Painter, PlaneScene, RenderingScene } from '../drawing';
import type { Pane } from '../planes';
import type { Plane } from '../reslice';
import type { Vec3 } from '../../engine/vector';
import { asked, planeView, raster, renderingView } from './geometry';
import type { Line } from './line';
import { RemotePane } from './pane';
import type { Frame, Message } from './protocol';
import { Questions, type Answer } from './questions';
import { Views, type View } from './views';

/** The node's numbers; a batch has the screen to itself. */
const NUMBERS = { axial: 0, sagittal: 1, coronal: 2, batch: 0, vr: 3 } as const;

/** Asked for values at the cursor while there is no rendering: thin, and next to nothing to draw. */
const CURSOR_VIEW: View = { mode: 'mpr', size: [16, 16], pixel: 1, lossless: false };

export interface Manner {
  /** Something is moved by hand, or moves by itself: small pictures that come soon are wanted. */
  moving(): boolean;
  /** Pictures at rest as they are, where the line carries them. */
  lossless: boolean;
  /** Pixels of the node's a CSS pixel. */
  density(): number;
  /** What is taken away, in order. */
  cuts(): readonly Operation[];
}

/** Planes and rendering by the server, in one session. */
export class RemoteDrawing implements Drawing {
  readonly place = 'server';
  private readonly views: Views;
  private readonly questions: Questions;
  private readonly panes = new Map<number, RemotePane>();
  private rendered: Size | undefined;
  private count = 0;
  /** The worker was lost, and no picture has come since. */
  private lost = false;

  constructor(
    private readonly line: Pick<Line, 'send' | 'expect' | 'close'>,
    private readonly manner: Manner,
  ) {
    const send = (message: object) => line.send(message);
    this.views = new Views((message) => {
      const sent = line.send(message);
      if (sent) line.expect();
      return sent;
    });
    this.questions = new Questions(send, () => this.views.next());
    this.views.want(NUMBERS.vr, CURSOR_VIEW, false);
  }

  /** The session is there: for the first time, or again. */
  opened(): void {
    for (const pane of this.panes.values()) pane.restart();
    this.views.restart();
    void this.questions.restart(this.manner.cuts().map(asked));
  }

  hear(message: Message): void {
    if (message.type === 'lost') this.lost = true;
    if (message.type === 'error') {
      this.questions.refused(message.message.split(/[.:]/, 1)[0] ?? '');
      this.views.refused();
    }
    if ('seq' in message) this.answered(message);
  }

  /** Answers each frame, also one that nobody looks at any more. */
  async frame(frame: Frame, data: Uint8Array<ArrayBuffer>): Promise<void> {
    try {
      await this.panes.get(frame.pane)?.take(frame, data);
    } catch (error) {
      // No picture: what is there stays, marked as not fine.
      if (!(error instanceof DOMException)) throw error;
    } finally {
      this.line.send({ type: 'shown', number: frame.number });
    }
    if (!this.lost) return;
    this.lost = false;
    this.questions.repeat();
  }

  /** What moved has come to rest. */
  rest(): void {
    this.views.rest();
  }

  plane(name: Pane | 'batch', canvas: HTMLCanvasElement, heard: Heard): Painter<PlaneScene> {
    const { manner } = this;
    return this.painter(NUMBERS[name], canvas, heard, (scene) => planeView(scene, manner.density(), manner.lossless));
  }

  rendering(screen: HTMLElement, heard: Heard): Painter<RenderingScene> {
    const canvas = screen.appendChild(document.createElement('canvas'));
    const painter = this.painter<RenderingScene>(NUMBERS.vr, canvas, heard, (scene) => renderingView(scene, this.manner.density()));
    return {
      show: (scene) => {
        this.rendered = raster(scene.width, scene.height, scene.camera.pixel, this.manner.density());
        painter.show(scene);
      },
      close: () => {
        painter.close();
        canvas.remove();
      },
    };
  }

  async value(seen: Pane | 'batch' | 'cursor', _plane: Plane, point: Vec3): Promise<number | undefined> {
    this.views.flush();
    const answer = await this.questions.ask('probe', { pane: NUMBERS[seen === 'cursor' ? 'vr' : seen], point });
    return answer?.type === 'value' ? (answer.value ?? NaN) : undefined;
  }

  async pick({ width, height }: RenderingScene, [x, y]: readonly [number, number]): Promise<Vec3 | undefined> {
    if (!this.rendered) return undefined;
    this.views.flush();
    const [columns, rows] = this.rendered.size;
    const answer = await this.questions.ask('pick', { pane: NUMBERS.vr, at: [(x / width) * columns, (y / height) * rows] });
    return answer?.type === 'point' ? (answer.point ?? undefined) : undefined;
  }

  async cut(operation: Operation): Promise<Cut> {
    const { type, content } = asked(operation);
    return cutOf(await this.questions.ask(type, content), this.count);
  }

  async undo(): Promise<number> {
    return cutOf(await this.questions.ask('undo', {}), this.count).count;
  }

  async reset(): Promise<number> {
    return cutOf(await this.questions.ask('reset', {}), this.count).count;
  }

  close(): void {
    this.questions.close();
    this.views.close();
    this.panes.clear();
    this.line.close();
  }

  private answered(answer: Answer): void {
    if (answer.type === 'cuts') {
      this.count = answer.count;
      // It is drawn anew, and that comes after this.
      this.panes.get(NUMBERS.vr)?.stale();
    }
    this.questions.hear(answer);
  }

  private painter<Scene extends { width: number }>(number: number, canvas: HTMLCanvasElement, heard: Heard, viewOf: (scene: Scene) => View): Painter<Scene> {
    const pane = new RemotePane(canvas, heard, this.views);
    this.panes.set(number, pane);
    return {
      show: (scene) => {
        pane.resize(scene.width);
        if (this.views.want(number, viewOf(scene), this.manner.moving())) pane.stale();
      },
      close: () => {
        // Who has the number now may have come before this one went.
        if (this.panes.get(number) !== pane) return;
        this.panes.delete(number);
        if (number === NUMBERS.vr) this.views.want(number, CURSOR_VIEW, false);
        else this.views.hide(number);
      },
    };
  }
}

type Size = ReturnType<typeof raster>;

function cutOf(answer: Answer | undefined, count: number): Cut {
  return answer?.type === 'cuts' ? { count: answer.count, taken: answer.taken } : { count, taken: 0 };
}
