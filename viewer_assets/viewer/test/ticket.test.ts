import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { keepLaunch, parseFragment, readClaims, RenewalRefused, requestRenewal, takeLaunch, TicketKeeper } from '../src/ticket';

function ticket(seconds: number, extra: object = {}): string {
  const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
  return `${part({ alg: 'EdDSA' })}.${part({ exp: Date.now() / 1000 + seconds, ...extra })}.c2ln`;
}

function storage(): Storage {
  const items = new Map<string, string>();
  return {
    getItem: (key: string) => items.get(key) ?? null,
    setItem: (key: string, value: string) => void items.set(key, value),
    removeItem: (key: string) => void items.delete(key),
  } as Storage;
}

function address(hash: string) {
  return { hash, pathname: '/viewer/', search: '' } as Location;
}

describe('the launch', () => {
  it('is taken out of the address bar at once', () => {
    const replaceState = vi.fn();
    const launch = takeLaunch(address(`#study=1.2.3&ticket=${ticket(900)}`), { replaceState } as unknown as History, storage());
    expect(launch?.studies).toEqual(['1.2.3']);
    expect(replaceState).toHaveBeenCalledWith(null, '', '/viewer/');
  });

  it('survives a reload of the tab without the ticket in the address', () => {
    const kept = storage();
    keepLaunch(kept, { ticket: ticket(900), studies: ['1.2.3'], lang: 'en' });
    expect(takeLaunch(address(''), history(), kept)).toMatchObject({ studies: ['1.2.3'], lang: 'en' });
  });

  it('carries several studies, each once', () => {
    expect(parseFragment(`#study=1.2&study=1.3&study=1.2&ticket=${ticket(9)}`)?.studies).toEqual(['1.2', '1.3']);
  });

  it.each([
    ['no ticket', '#study=1.2'],
    ['a ticket that is none', '#study=1.2&ticket=<script>'],
    ['a study that is no UID', '#study=../../etc&ticket=a.b.c'],
    ['nothing', ''],
  ])('is refused with %s', (_, fragment) => {
    expect(parseFragment(fragment)).toBeNull();
  });

  it('is refused, not repaired, when the tab holds rubbish', () => {
    const kept = storage();
    kept.setItem('yunying.launch', '{"ticket":');
    expect(takeLaunch(address(''), history(), kept)).toBeNull();
  });
});

describe('claims', () => {
  it('are read with Chinese labels', () => {
    expect(readClaims(ticket(60, { anon: true, label: '王医生', perms: ['view'] }))).toMatchObject({ anon: true, label: '王医生', perms: ['view'] });
  });

  it('of a ticket that cannot be read are null', () => {
    expect(readClaims('a.b.c')).toBeNull();
  });
});

describe('renewal', () => {
  beforeEach(() => { vi.useFakeTimers(); });
  afterEach(() => { vi.useRealTimers(); });

  it('comes ahead of the expiry', async () => {
    const renewed = ticket(1800);
    const renew = vi.fn(() => Promise.resolve(renewed));
    const keeper = new TicketKeeper(ticket(900), renew);
    await vi.advanceTimersByTimeAsync(590_000);
    expect(renew).not.toHaveBeenCalled();
    await vi.advanceTimersByTimeAsync(20_000);
    expect(keeper.current).toBe(renewed);
    keeper.stop();
  });

  it('is tried again when the network is away', async () => {
    const renew = vi.fn().mockRejectedValueOnce(new TypeError('offline')).mockResolvedValue(ticket(1800));
    const refused = vi.fn();
    const keeper = new TicketKeeper(ticket(30), renew);
    keeper.onRefused = refused;
    await vi.advanceTimersByTimeAsync(31_000);
    expect(renew).toHaveBeenCalledTimes(2);
    expect(refused).not.toHaveBeenCalled();
    keeper.stop();
  });

  it('that the portal refuses ends the viewing', async () => {
    const refused = vi.fn();
    const keeper = new TicketKeeper(ticket(30), () => Promise.reject(new RenewalRefused('no')));
    keeper.onRefused = refused;
    await vi.advanceTimersByTimeAsync(21_000);
    expect(refused).toHaveBeenCalledOnce();
    keeper.stop();
  });

  it('is asked once for callers that come together', async () => {
    const renew = vi.fn(() => Promise.resolve(ticket(900)));
    const keeper = new TicketKeeper(ticket(900), renew);
    await Promise.all([keeper.renewNow(), keeper.renewNow()]);
    expect(renew).toHaveBeenCalledOnce();
    keeper.stop();
  });

  it('speaks JSON-RPC with the portal', async () => {
    const renewed = ticket(900);
    const fetched = vi.fn<typeof fetch>(() => Promise.resolve(Response.json({ result: { ticket: renewed, expires_in: 900 } })));
    vi.stubGlobal('fetch', fetched);
    await expect(requestRenewal('a.b.c')).resolves.toBe(renewed);
    expect(fetched.mock.calls[0]?.[0]).toBe('/imaging/ticket/renew');
    expect(JSON.parse(fetched.mock.calls[0]?.[1]?.body as string)).toMatchObject({ jsonrpc: '2.0', params: { ticket: 'a.b.c' } });
    vi.stubGlobal('fetch', () => Promise.resolve(Response.json({ error: { message: 'ended' } })));
    await expect(requestRenewal('a.b.c')).rejects.toBeInstanceOf(RenewalRefused);
    vi.unstubAllGlobals();
  });
});

function history(): History {
  return { replaceState: () => undefined } as unknown as History;
}
