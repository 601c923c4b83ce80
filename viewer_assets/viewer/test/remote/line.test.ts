import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { RenewalRefused } from '../../src/ticket';
import { Line } from '../../src/volume/remote/line';
import { binary, FakeSocket, HEADER, OPENED } from './node';

const TARGET = { study: '1.2', series: '1.2.3', every: 1 };

let sockets: FakeSocket[];
let ticket: string;
const renewNow = vi.fn(() => Promise.resolve((ticket = 'newer')));
const hears = { busy: vi.fn(), loading: vi.fn(), opened: vi.fn(), message: vi.fn(), frame: vi.fn(), away: vi.fn(), ended: vi.fn() };

function line(): Line {
  const tickets = {
    get current() {
      return ticket;
    },
    renewNow,
  };
  const made = new Line(TARGET, tickets, hears, () => {
    const socket = new FakeSocket();
    sockets.push(socket);
    return socket;
  });
  made.start();
  return made;
}

function socket(): FakeSocket {
  return sockets.at(-1)!;
}

function opened(): Line {
  const made = line();
  socket().accept();
  socket().says(OPENED);
  return made;
}

/** The next socket, after the longest that is waited for it. */
function next(): FakeSocket {
  const before = sockets.length;
  vi.advanceTimersByTime(20_000);
  expect(sockets.length).toBe(before + 1);
  return socket();
}

beforeEach(() => {
  vi.useFakeTimers();
  sockets = [];
  ticket = 'ticket';
  vi.clearAllMocks();
});
afterEach(() => {
  vi.useRealTimers();
});

describe('the line to the node', () => {
  it('opens with the ticket and the series, and tells how it goes on', () => {
    line();
    socket().accept();
    expect(socket().said).toEqual([{ type: 'open', ticket: 'ticket', study: '1.2', series: '1.2.3', every: 1 }]);
    socket().says({ type: 'busy', before: 2 });
    socket().says({ type: 'loading', done: 3, total: 9 });
    socket().says(OPENED);
    expect(hears.busy).toHaveBeenCalledWith(2);
    expect(hears.loading).toHaveBeenCalledWith(3, 9);
    expect(hears.opened).toHaveBeenCalledOnce();
  });

  it('says nothing before the series is open', () => {
    const made = line();
    socket().accept();
    expect(made.send({ type: 'hide', pane: 0 })).toBe(false);
    expect(socket().said).toHaveLength(1);
    socket().says(OPENED);
    expect(made.send({ type: 'hide', pane: 0 })).toBe(true);
    expect(socket().said.at(-1)).toEqual({ type: 'hide', pane: 0 });
  });

  it('hands a newer ticket to the running session', () => {
    const made = opened();
    made.renew('newer');
    expect(socket().said.at(-1)).toEqual({ type: 'ticket', ticket: 'newer' });
  });

  it.each([1013, 1006, 1011, 1001])('comes again by itself after %i, with the ticket of then', (code) => {
    opened();
    ticket = 'later';
    socket().ends(code);
    expect(hears.away).toHaveBeenCalledOnce();
    expect(hears.ended).not.toHaveBeenCalled();
    next().accept();
    expect(socket().said[0]).toMatchObject({ type: 'open', ticket: 'later' });
    socket().says(OPENED);
    expect(hears.opened).toHaveBeenCalledTimes(2);
  });

  it('waits longer each time, and gives up in the end', () => {
    opened();
    const waits: number[] = [];
    for (let attempt = 1; attempt < 12; attempt++) {
      const [last, before] = [Date.now(), sockets.length];
      socket().ends(1006);
      while (sockets.length === before) vi.advanceTimersByTime(50);
      waits.push(Date.now() - last);
    }
    socket().ends(1006);
    expect(waits[0]).toBeLessThan(800);
    expect(waits[3]).toBeGreaterThan(waits[0]! * 3);
    expect(hears.ended).toHaveBeenCalledWith('network', '');
    expect(sockets.length).toBe(12);
  });

  it('gives up sooner where there never was one', () => {
    line();
    for (let attempt = 0; attempt < 3; attempt++) {
      socket().ends(1006);
      next();
    }
    socket().ends(1006);
    expect(hears.ended).toHaveBeenCalledWith('network', '');
    expect(hears.away).not.toHaveBeenCalled();
  });

  it('tries again when the node has no room, and says why when it stays so', () => {
    line();
    for (let attempt = 0; attempt < 4; attempt++) {
      socket().accept();
      socket().says({ type: 'error', code: 'overloaded', message: 'full' });
      socket().ends(1013);
      if (attempt < 3) next();
    }
    expect(hears.ended).toHaveBeenCalledWith('overloaded', 'full');
  });

  it.each([
    ['permission_denied', 1008],
    ['refused_gap', 1008],
    ['failed', 1011],
  ])('ends for good with %s', (code, close) => {
    opened();
    socket().says({ type: 'error', code, message: 'why' });
    socket().ends(close);
    vi.advanceTimersByTime(60_000);
    expect(hears.ended).toHaveBeenCalledExactlyOnceWith(code, 'why');
    expect(sockets).toHaveLength(1);
  });

  it('renews a ticket that has expired, once', async () => {
    opened();
    for (let attempt = 0; attempt < 2; attempt++) {
      socket().says({ type: 'error', code: 'ticket_expired', message: '' });
      socket().ends(1008);
      await vi.advanceTimersByTimeAsync(0);
      if (attempt === 0) socket().accept();
    }
    expect(renewNow).toHaveBeenCalledOnce();
    expect(socket().said[0]).toMatchObject({ type: 'open', ticket: 'newer' });
    expect(hears.ended).toHaveBeenCalledExactlyOnceWith('ticket_expired', '');
  });

  it('ends when the portal renews no more', async () => {
    renewNow.mockRejectedValueOnce(new RenewalRefused('over'));
    opened();
    socket().says({ type: 'error', code: 'ticket_expired', message: '' });
    socket().ends(1008);
    await vi.advanceTimersByTimeAsync(0);
    expect(hears.ended).toHaveBeenCalledWith('ticket_expired', 'over');
  });

  it('goes on after a message that was refused', () => {
    const made = opened();
    socket().says({ type: 'error', code: 'bad_request', message: 'pane: is not between 0 and 3' });
    expect(hears.message).toHaveBeenCalledOnce();
    expect(made.send({ type: 'hide', pane: 0 })).toBe(true);
  });

  it.each([
    ['text', '{"type":"opened"}'],
    ['bytes', binary('{}')],
    ['anything else', new Blob()],
  ])('is taken for broken when it brings %s that is no message', (_, data) => {
    opened();
    socket().onmessage?.({ data });
    expect(socket().state).toBe('closed');
    expect(hears.away).toHaveBeenCalledOnce();
    next();
  });

  it('is taken for lost when no picture comes of what was asked for', () => {
    const made = opened();
    made.expect();
    vi.advanceTimersByTime(19_000);
    socket().sends(binary(HEADER));
    expect(hears.frame).toHaveBeenCalledOnce();
    vi.advanceTimersByTime(60_000);
    expect(hears.away, 'nothing more was asked for').not.toHaveBeenCalled();
    made.expect();
    vi.advanceTimersByTime(20_000);
    expect(hears.away).toHaveBeenCalledOnce();
  });

  it('is closed when the reader leaves, whatever it was at', () => {
    const made = opened();
    made.close();
    expect(socket().state).toBe('closed');
    vi.advanceTimersByTime(60_000);
    expect(sockets).toHaveLength(1);
    expect(hears.away).not.toHaveBeenCalled();
    expect(made.send({ type: 'hide', pane: 0 })).toBe(false);

    const waiting = opened();
    socket().ends(1006);
    waiting.close();
    vi.advanceTimersByTime(60_000);
    expect(sockets).toHaveLength(2);
    expect(hears.ended).not.toHaveBeenCalled();
  });
});
