import type { Message } from './protocol';

export type Answer = Extract<Message, { seq: number }>;

/** What can be asked again. */
export interface Asked {
  type: string;
  content: object;
}

interface Question {
  message: Readonly<Record<string, unknown>> & { type: string; seq: number };
  answered: (answer: Answer | undefined) => void;
  timer: ReturnType<typeof setTimeout> | undefined;
  /** Asked again by somebody else when the line was lost. */
  once: boolean;
}

/** The longest that is waited for an answer. */
const PATIENCE_MS = 60_000;
/** What the node does again by itself when a worker was lost. */
const KEPT: ReadonlySet<string> = new Set(['cut', 'background', 'undo', 'reset']);

/** What was asked and not answered yet, in the order of asking. */
export class Questions {
  private readonly pending = new Map<number, Question>();

  constructor(
    private readonly send: (message: object) => boolean,
    private readonly next: () => number,
  ) {}

  /** The answer; undefined when none will come. */
  ask(type: string, content: object, once = false): Promise<Answer | undefined> {
    const message = { type, seq: this.next(), ...content };
    return new Promise((answered) => {
      const timer = setTimeout(() => { this.settle(message.seq, undefined); }, PATIENCE_MS);
      this.pending.set(message.seq, { message, answered, timer, once });
      this.send(message);
    });
  }

  hear(answer: Answer): void {
    this.settle(answer.seq, answer);
  }

  /** The node refused a message, by the field that it names. */
  refused(field: string): void {
    for (const [seq, { message }] of this.pending) if (field in message) this.settle(seq, undefined);
  }

  /** Another session: what was done before is done again, one thing after the other, then what waits is asked. */
  async restart(done: readonly Asked[]): Promise<void> {
    for (const [seq, { once }] of this.pending) if (once) this.settle(seq, undefined);
    const waiting = [...this.pending.values()];
    for (const { type, content } of done) if (!(await this.ask(type, content, true))) return;
    for (const { message } of waiting) if (this.pending.has(message.seq)) this.send(message);
  }

  /** Another worker: cuts are done again by the node, other questions were forgotten. */
  repeat(): void {
    for (const { message } of this.pending.values()) if (!KEPT.has(message.type)) this.send(message);
  }

  close(): void {
    for (const seq of this.pending.keys()) this.settle(seq, undefined);
  }

  private settle(seq: number, answer: Answer | undefined): void {
    const question = this.pending.get(seq);
    if (!question) return;
    this.pending.delete(seq);
    clearTimeout(question.timer);
    question.answered(answer);
  }
}
