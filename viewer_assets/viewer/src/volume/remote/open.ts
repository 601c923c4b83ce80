import { effect } from '@preact/signals';
import { ticketKeeper } from '../../app';
import { ViewerError, NODE_CODES } from '../../dicomweb/errors';
import { isSlowLine } from '../../dicomweb/line';
import { t } from '../../i18n';
import { report } from '../../panes';
import { REFUSALS } from '../geometry';
import { handsOn } from '../gestures';
import * as store from '../store';
import { cutsDone } from '../vr_actions';
import { w } from '../words';
import { RemoteDrawing } from './drawing';
import { Line, type Socket, type Target } from './line';
import type { Opened } from './protocol';

const ENDS_SESSION: ReadonlySet<string> = new Set(['ticket_missing', 'ticket_invalid', 'ticket_expired', 'ticket_revoked']);
const NOTICE_MS = 4000;

/** What is drawn, and by whom; undefined when it is not drawn, which the store says. */
export type There = Omit<Opened, 'type'> & { drawing: RemoteDrawing };

/** Has the server draw a series, from here on until its drawing is closed, or `signal` calls it off before. */
export function openRemote(target: Target, signal: AbortSignal): Promise<There | undefined> {
  const tickets = ticketKeeper();
  return new Promise((resolve) => {
    let first: Opened | undefined;
    const drawingOf = () => drawing;
    const line: Line = new Line(
      target,
      tickets,
      {
        busy: (before) => {
          if (first) store.notice.value = w('server.busyAgain', { before });
          else store.phase.value = { name: 'busy', before };
        },
        loading: (done, total) => {
          if (!first) store.phase.value = { name: 'loading', place: 'server', done, total };
        },
        opened: (opened) => {
          store.notice.value = null;
          if (first && JSON.stringify(first.grid) !== JSON.stringify(opened.grid)) {
            drawingOf().close();
            store.phase.value = { name: 'refused', reason: w('server.changed') };
            return;
          }
          drawingOf().opened();
          first ??= opened;
          resolve({ ...first, drawing: drawingOf() });
        },
        message: (message) => {
          drawingOf().hear(message);
          if (message.type === 'lost') tell(w('server.lost'));
          if (message.type === 'error') tell(w('server.refused'));
        },
        frame: (frame, picture) => {
          void drawingOf().frame(frame, picture);
        },
        away: () => {
          store.notice.value = w('server.away');
        },
        ended: (code, message) => {
          drawingOf().close();
          if (!signal.aborted) end(code, message);
          resolve(undefined);
        },
      },
      connect,
    );
    const drawing = new RemoteDrawing(closing(line, () => { stop(); }), {
      moving,
      lossless: !isSlowLine(),
      density: () => Math.min(devicePixelRatio || 1, 2),
      cuts: cutsDone,
    });
    const stops = [
      effect(() => {
        if (!moving()) drawing.rest();
      }),
      tickets.listen((ticket) => {
        line.renew(ticket);
      }),
    ];
    const stop = () => {
      for (const one of stops) one();
    };
    signal.addEventListener('abort', () => {
      drawing.close();
      resolve(undefined);
    }, { once: true });
    line.start();
  });
}

function moving(): boolean {
  return handsOn.value || store.vr.value.spinning;
}

/** The line, and what listens for it, end together. */
function closing(line: Line, stop: () => void): Pick<Line, 'send' | 'expect' | 'close'> {
  return {
    send: (message) => line.send(message),
    expect: () => { line.expect(); },
    close: () => {
      stop();
      line.close();
    },
  };
}

function connect(): Socket {
  const address = new URL('/render/', location.href);
  address.protocol = location.protocol === 'https:' ? 'wss:' : 'ws:';
  return new WebSocket(address) as Socket;
}

function tell(text: string): void {
  store.notice.value = text;
  setTimeout(() => {
    if (store.notice.value === text) store.notice.value = null;
  }, NOTICE_MS);
}

function end(code: string, message: string): void {
  store.notice.value = null;
  const node = NODE_CODES.find((known) => known === code);
  if (node && ENDS_SESSION.has(code)) {
    report(new ViewerError(node, message), node);
    return;
  }
  const every = code === 'refused_large' ? Number(/\d+/.exec(message)?.[0] ?? 0) : 0;
  if (every >= 2 && every <= 64) store.phase.value = { name: 'large', place: 'server', count: 0, every };
  else store.phase.value = { name: 'refused', reason: reasonText(code) };
}

function reasonText(code: string): string {
  const refusal = REFUSALS.find((known) => code === `refused_${known}`);
  if (refusal) return w(`refusal.${refusal}`);
  if (code === 'refused_undecodable') return w('refusal.undecodable');
  if (code === 'flood') return w('server.flood');
  if (code === 'network') return w('server.none');
  const node = NODE_CODES.find((known) => known === code);
  return node && node !== 'bad_request' ? t(`error.${node}`, { detail: '' }) : w('server.failed');
}
