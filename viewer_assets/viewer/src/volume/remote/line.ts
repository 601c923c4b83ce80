import { RenewalRefused } from '../../ticket';
import { readFrame, readMessage, type Frame, type Message, type Opened } from './protocol';

/** What is used of a WebSocket. */
export interface Socket {
  binaryType: string;
  onopen: (() => void) | null;
  onmessage: ((event: { data: unknown }) => void) | null;
  onclose: ((event: { code: number }) => void) | null;
  send(text: string): void;
  close(): void;
}

export interface Tickets {
  readonly current: string;
  renewNow(): Promise<string>;
}

export interface Target {
  study: string;
  series: string;
  every: number;
}

export interface Hears {
  busy(before: number): void;
  loading(done: number, total: number): void;
  /** The first time, and each time that the line is there again. */
  opened(opened: Opened): void;
  message(message: Exclude<Message, Opened>): void;
  frame(frame: Frame, picture: Uint8Array<ArrayBuffer>): void;
  /** The line is gone and comes again by itself. */
  away(): void;
  /** For good; `code` is the node's, or `network`. */
  ended(code: string, message: string): void;
}

const BACK_OFF_MS = [500, 1000, 2000, 4000, 8000, 15_000];
/** Attempts one after another: before the first success, and after one. */
const FIRST_TRIES = 4;
const MOST_TRIES = 12;
/** For the connection, and for the picture of a view. */
const SILENCE_MS = 20_000;
const POLICY = 1008;
const LATER = 1013;

/** One session's line to the node: it opens, waits its turn, and comes again when it was lost. */
export class Line {
  private socket: Socket | undefined;
  private isOpen = false;
  private wasOpen = false;
  private renewed = false;
  private closed = false;
  private tries = 0;
  private error: { code: string; message: string } | undefined;
  private again: ReturnType<typeof setTimeout> | undefined;
  private silence: ReturnType<typeof setTimeout> | undefined;

  constructor(
    private readonly target: Target,
    private readonly tickets: Tickets,
    private readonly hears: Hears,
    private readonly connect: () => Socket,
  ) {}

  start(): void {
    this.error = undefined;
    const socket = (this.socket = this.connect());
    socket.binaryType = 'arraybuffer';
    this.expect();
    socket.onopen = () => {
      socket.send(JSON.stringify({ type: 'open', ticket: this.tickets.current, ...this.target }));
    };
    socket.onmessage = ({ data }) => {
      clearTimeout(this.silence);
      this.silence = undefined;
      if (!this.take(data)) this.drop(LATER);
    };
    socket.onclose = ({ code }) => {
      this.drop(code);
    };
  }

  /** False while the line is not open; what was to be said is said by whoever hears `opened`. */
  send(message: object): boolean {
    if (this.isOpen) this.socket?.send(JSON.stringify(message));
    return this.isOpen;
  }

  /** Something is to come now; a line on which nothing does is taken for lost. */
  expect(): void {
    this.silence ??= setTimeout(() => {
      this.drop(LATER);
    }, SILENCE_MS);
  }

  /** A newer ticket for the running session. */
  renew(ticket: string): void {
    this.send({ type: 'ticket', ticket });
  }

  close(): void {
    this.closed = true;
    clearTimeout(this.again);
    this.hangUp();
  }

  private take(data: unknown): boolean {
    if (typeof data === 'string') {
      const message = readMessage(data);
      if (message) this.hear(message);
      return message !== undefined;
    }
    const read = data instanceof ArrayBuffer ? readFrame(data) : undefined;
    if (read) this.hears.frame(read.frame, read.picture);
    return read !== undefined;
  }

  private hear(message: Message): void {
    switch (message.type) {
      case 'opened':
        this.isOpen = this.wasOpen = true;
        this.tries = 0;
        this.renewed = false;
        this.hears.opened(message);
        break;
      case 'busy':
        this.tries = 0;
        this.hears.busy(message.before);
        break;
      case 'loading':
        this.hears.loading(message.done, message.total);
        break;
      case 'error':
        // Within a session a message that was refused does not end it.
        if (message.code === 'bad_request' && this.isOpen) this.hears.message(message);
        else this.error = message;
        break;
      default:
        this.hears.message(message);
    }
  }

  private hangUp(): void {
    clearTimeout(this.silence);
    this.silence = undefined;
    this.isOpen = false;
    const { socket } = this;
    this.socket = undefined;
    if (!socket) return;
    socket.onopen = socket.onmessage = socket.onclose = null;
    socket.close();
  }

  private drop(code: number): void {
    const { error } = this;
    this.hangUp();
    if (this.closed) return;
    if (error?.code === 'ticket_expired' && !this.renewed) {
      this.renewed = true;
      void this.renewAndStart();
    } else if (code === POLICY || (error && code !== LATER)) {
      this.end(error?.code ?? 'failed', error?.message ?? '');
    } else if (++this.tries >= (this.wasOpen ? MOST_TRIES : FIRST_TRIES)) {
      this.end(error?.code ?? 'network', error?.message ?? '');
    } else {
      if (this.wasOpen) this.hears.away();
      const wait = BACK_OFF_MS[Math.min(this.tries, BACK_OFF_MS.length) - 1] ?? 0;
      // Not all readers of a server that went away at the same moment.
      this.again = setTimeout(() => { this.start(); }, wait * (0.75 + Math.random() / 2));
    }
  }

  private async renewAndStart(): Promise<void> {
    try {
      await this.tickets.renewNow();
    } catch (error) {
      if (error instanceof RenewalRefused || error instanceof TypeError) {
        if (!this.closed) this.end('ticket_expired', error.message);
        return;
      }
      throw error;
    }
    if (!this.closed) this.start();
  }

  private end(code: string, message: string): void {
    this.close();
    this.hears.ended(code, message);
  }
}
