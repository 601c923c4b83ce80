/**
 * The ticket: taken from the launch fragment, kept for this tab alone, renewed ahead of its expiry.
 *
 * Source: docs/architecture.md, "Tickets". The viewer reads the claims to show them and to know
 * when to renew; it never trusts them, the node verifies the signature.
 */

import { post } from './jsonrpc';

export interface Launch {
  ticket: string;
  studies: string[];
  lang: string | null;
}

export interface Claims {
  /** Expiry, seconds since 1970. */
  exp: number;
  /** Who: `user:<n>` or `share:<n>`. */
  sub: string;
  anon: boolean;
  perms: string[];
  label: string;
}

const STORAGE_KEY = 'yunying.launch';
const UID = /^[0-9.]{1,64}$/;
const JWT = /^[\w-]+\.[\w-]+\.[\w-]+$/;

/** Reads `#study=…&ticket=…`; null when the fragment carries no usable launch. */
export function parseFragment(fragment: string): Launch | null {
  const params = new URLSearchParams(fragment.replace(/^#/, ''));
  const ticket = params.get('ticket') ?? '';
  const studies = [...new Set(params.getAll('study').filter((uid) => UID.test(uid)))];
  if (!JWT.test(ticket) || studies.length === 0) return null;
  return { ticket, studies, lang: params.get('lang') };
}

/**
 * Takes the launch out of the address bar, or, after a reload of the tab, out of sessionStorage.
 */
export function takeLaunch(location: Location, history: History, storage: Storage): Launch | null {
  const fromAddress = parseFragment(location.hash);
  if (location.hash !== '') {
    history.replaceState(null, '', location.pathname + location.search);
  }
  if (fromAddress) {
    keepLaunch(storage, fromAddress);
    return fromAddress;
  }
  const kept = storage.getItem(STORAGE_KEY);
  if (kept === null) return null;
  try {
    const value = JSON.parse(kept) as Partial<Launch>;
    if (typeof value.ticket === 'string' && JWT.test(value.ticket) && Array.isArray(value.studies)) {
      const studies = value.studies.filter((uid) => typeof uid === 'string' && UID.test(uid));
      if (studies.length > 0) return { ticket: value.ticket, studies, lang: value.lang ?? null };
    }
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
  }
  storage.removeItem(STORAGE_KEY);
  return null;
}

export function keepLaunch(storage: Storage, launch: Launch): void {
  storage.setItem(STORAGE_KEY, JSON.stringify(launch));
}

/** The claims of a JWT, unverified; null when they cannot be read. */
export function readClaims(ticket: string): Claims | null {
  const payload = ticket.split('.')[1];
  if (payload === undefined) return null;
  try {
    const bytes = Uint8Array.from(atob(payload.replace(/-/g, '+').replace(/_/g, '/')), (c) => c.charCodeAt(0));
    const raw = JSON.parse(new TextDecoder().decode(bytes)) as Record<string, unknown>;
    if (typeof raw.exp !== 'number') return null;
    return {
      exp: raw.exp,
      sub: typeof raw.sub === 'string' ? raw.sub : '',
      anon: raw.anon === true,
      perms: Array.isArray(raw.perms) ? raw.perms.filter((perm) => typeof perm === 'string') : [],
      label: typeof raw.label === 'string' ? raw.label : '',
    };
  } catch (error) {
    if (error instanceof SyntaxError || error instanceof DOMException) return null;
    throw error;
  }
}

/** The portal looked again and said no: the session or the share has ended. */
export class RenewalRefused extends Error {}

/** `POST /imaging/ticket/renew`. Throws RenewalRefused, or TypeError when the network is away. */
export async function requestRenewal(ticket: string): Promise<string> {
  const response = await post('/imaging/ticket/renew', { ticket });
  if (response.status >= 500) throw new TypeError(`renewal answered ${response.status}`);
  if (!response.ok) throw new RenewalRefused(`renewal answered ${response.status}`);
  const answer = (await response.json()) as { result?: { ticket?: unknown }; error?: unknown };
  const renewed = answer.result?.ticket;
  if (typeof renewed !== 'string' || !JWT.test(renewed)) throw new RenewalRefused('renewal gave no ticket');
  return renewed;
}

const RETRY_SECONDS = 10;
const MAX_TIMEOUT_MS = 2 ** 31 - 1;

/** Holds the current ticket and renews it when two thirds of its remaining life have passed. */
export class TicketKeeper {
  private timer: ReturnType<typeof setTimeout> | undefined;
  private renewing: Promise<string> | undefined;
  private readonly listeners = new Set<(ticket: string) => void>();
  onRenewed: (ticket: string) => void = () => undefined;
  /** There will be no newer ticket. */
  onRefused: () => void = () => undefined;

  constructor(
    private ticket: string,
    private readonly renew: (ticket: string) => Promise<string> = requestRenewal,
  ) {
    this.schedule();
  }

  get current(): string {
    return this.ticket;
  }

  /** Renews at once; callers that come together share one request. */
  async renewNow(): Promise<string> {
    this.renewing ??= this.renew(this.ticket).finally(() => {
      this.renewing = undefined;
    });
    const renewed = await this.renewing;
    this.replace(renewed);
    return renewed;
  }

  /** Another ticket takes this one's place, because it opens more or lives longer. */
  replace(ticket: string): void {
    if (ticket === this.ticket) return;
    this.ticket = ticket;
    this.onRenewed(ticket);
    for (const listener of this.listeners) listener(ticket);
    this.schedule();
  }

  /** For who keeps a line open under the ticket. Returns what stops listening. */
  listen(listener: (ticket: string) => void): () => void {
    this.listeners.add(listener);
    return () => {
      this.listeners.delete(listener);
    };
  }

  /** A person's own ticket, not that of a share. */
  get isUsers(): boolean {
    return readClaims(this.ticket)?.sub.startsWith('user:') === true;
  }

  stop(): void {
    clearTimeout(this.timer);
  }

  private schedule(): void {
    const claims = readClaims(this.ticket);
    if (!claims) return;
    const left = Math.max(0, claims.exp * 1000 - Date.now());
    this.arm(Math.min((left * 2) / 3, MAX_TIMEOUT_MS));
  }

  private arm(delay: number): void {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => void this.tick(), delay);
  }

  private async tick(): Promise<void> {
    try {
      await this.renewNow();
    } catch (error) {
      if (error instanceof RenewalRefused) {
        this.onRefused();
      } else {
        this.arm(RETRY_SECONDS * 1000);
      }
    }
  }
}
