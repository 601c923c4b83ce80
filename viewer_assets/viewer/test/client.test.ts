import { afterEach, beforeEach, describe, expect, it, vi, type Mock } from 'vitest';
import { DicomWeb, parameter, type Connection } from '../src/dicomweb/client';
import { NODE_CODES, ViewerError } from '../src/dicomweb/errors';

const states: Connection[] = [];
let fetched: Mock<typeof fetch>;

function answer(status: number, code: string): Response {
  return Response.json({ error: code, message: 'because' }, { status });
}

function client(renewNow = vi.fn(() => Promise.resolve('new'))): DicomWeb {
  const tickets = { current: 'old', renewNow: async () => (tickets.current = await renewNow()) };
  const made = new DicomWeb(tickets, '/dicom-web', [1, 1]);
  made.onConnection = (state) => states.push(state);
  return made;
}

function frame(syntax = '1.2.840.10008.1.2.1'): Response {
  return new Response(new Uint8Array([1, 2, 3]), { headers: { 'Content-Type': `application/octet-stream; transfer-syntax=${syntax}` } });
}

beforeEach(() => {
  states.length = 0;
  fetched = vi.fn<typeof fetch>();
  vi.stubGlobal('fetch', fetched);
  vi.stubGlobal('navigator', {});
  vi.stubGlobal('location', { origin: 'http://viewer.test' });
});
afterEach(() => { vi.unstubAllGlobals(); });

describe('every request', () => {
  it('carries the ticket as a bearer, and no cookies', async () => {
    fetched.mockResolvedValue(frame());
    await client().frame('/studies/1/series/2/instances/3', 4);
    const [url, init] = fetched.mock.calls[0] as [string, RequestInit];
    expect(url).toBe('/dicom-web/studies/1/series/2/instances/3/frames/4');
    expect(init).toMatchObject({ credentials: 'omit', headers: { Authorization: 'Bearer old', Accept: 'application/octet-stream' } });
  });

  it.each(NODE_CODES.map((code) => [code]))('turns the node’s code %s into the same code', async (code) => {
    fetched.mockImplementation(() => Promise.resolve(answer(code.startsWith('ticket') ? 401 : 403, code)));
    const refused = client(vi.fn(() => Promise.reject(new Error('refused'))));
    await expect(refused.frame('/x', 1)).rejects.toMatchObject({ code });
  });

  it('is repeated with back-off while the service is away', async () => {
    fetched.mockResolvedValueOnce(answer(503, 'unavailable')).mockRejectedValueOnce(new TypeError('offline')).mockResolvedValue(frame());
    await expect(client().frame('/x', 1)).resolves.toMatchObject({ transferSyntax: '1.2.840.10008.1.2.1' });
    expect(states).toEqual(['retrying', 'retrying', 'ok']);
  });

  it('says that the connection is lost when the tries are used up', async () => {
    fetched.mockRejectedValue(new TypeError('offline'));
    await expect(client().frame('/x', 1)).rejects.toMatchObject({ code: 'network' });
    expect(states.at(-1)).toBe('lost');
  });

  it('is not repeated when the answer is no', async () => {
    fetched.mockResolvedValue(answer(403, 'withheld'));
    await expect(client().frame('/x', 1)).rejects.toBeInstanceOf(ViewerError);
    expect(fetched).toHaveBeenCalledOnce();
  });

  it('renews an expired ticket once and goes on', async () => {
    fetched.mockResolvedValueOnce(answer(401, 'ticket_expired')).mockResolvedValue(frame());
    await client().frame('/x', 1);
    expect((fetched.mock.calls[1] as [string, RequestInit])[1].headers).toMatchObject({ Authorization: 'Bearer new' });
  });

  it('stops waiting when it is no longer wanted', async () => {
    fetched.mockRejectedValue(new TypeError('offline'));
    const slow = new DicomWeb({ current: 't', renewNow: () => Promise.resolve('t') }, '/dicom-web', [60_000]);
    const controller = new AbortController();
    const waiting = slow.frame('/x', 1, controller.signal);
    await Promise.resolve();
    controller.abort();
    await expect(waiting).rejects.toMatchObject({ name: 'AbortError' });
  });
});

describe('answers', () => {
  it('without a transfer syntax are no frames', async () => {
    fetched.mockResolvedValue(new Response('x', { headers: { 'Content-Type': 'application/octet-stream' } }));
    await expect(client().frame('/x', 1)).rejects.toMatchObject({ code: 'bad_response' });
  });

  it('that are not JSON are told as such', async () => {
    fetched.mockResolvedValue(new Response('<html>', { headers: { 'Content-Type': 'text/html' } }));
    await expect(client().overview('1.2')).rejects.toMatchObject({ code: 'bad_response' });
  });

  it('never send the ticket to another host', async () => {
    await expect(client().bulk('https://evil.test/x', '/studies/1')).rejects.toMatchObject({ code: 'bad_response' });
    await expect(client().bulk('/imaging/x', '/studies/1')).rejects.toMatchObject({ code: 'bad_response' });
    expect(fetched).not.toHaveBeenCalled();
  });
});

it('reads a parameter of a media type, quoted or not', () => {
  expect(parameter('application/octet-stream; transfer-syntax="1.2"', 'transfer-syntax')).toBe('1.2');
  expect(parameter('a/b;Transfer-Syntax=1.3', 'transfer-syntax')).toBe('1.3');
  expect(parameter('a/b', 'transfer-syntax')).toBeNull();
});
