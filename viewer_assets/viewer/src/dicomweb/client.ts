import { errorFromResponse, isTransient, ViewerError } from './errors';
import type { Window } from '../engine/presets';
import { isSlowLine } from './line';
import type { Dataset, Frame, Overview } from './types';

export interface TicketSource {
  readonly current: string;
  renewNow(): Promise<string>;
}

export type Connection = 'ok' | 'retrying' | 'lost';

const BACK_OFF_MS = [400, 1000, 2500, 6000, 12000];
const VIDEO_PIECE = 8 * 2 ** 20;
const MAX_DATASETS = 50_000;
const AS_STORED = 'application/octet-stream';
/** Rather in HTJ2K, lossless, when the archive has made that. The server knows this very text (config/frames.lua). */
const SMALL = `${AS_STORED}; transfer-syntax=1.2.840.10008.1.2.4.201, ${AS_STORED};q=0.5`;

/** Pixels a side of a preview that need not fill a large screen to the last. */
const SLOW_SIDE = 1024;
/** Of a preview that soon gives way; a quarter of the bytes of the server's own choice. */
const SLOW_QUALITY = 40;

/** The DICOMweb client: one bearer ticket, one error type, retries with back-off. */
export class DicomWeb {
  /** The frame that was fetched for the first picture, until the engine has taken it. */
  private readonly kept = new Map<string, Promise<Frame>>();

  /** Told of every request that succeeds, is tried again or is given up. */
  onConnection: (state: Connection) => void = () => undefined;

  constructor(
    private readonly tickets: TicketSource,
    private readonly root = '/dicom-web',
    private readonly backOff: readonly number[] = BACK_OFF_MS,
  ) {}

  async overview(study: string, signal?: AbortSignal): Promise<Overview> {
    const body = await this.get(`/studies/${study}/overview`, 'application/json', json, signal);
    if (!isOverview(body)) throw new ViewerError('bad_response', 'overview lacks study or series');
    return body;
  }

  /** All instances' attributes of a series, DICOM JSON (PS3.18 10.4). */
  async seriesMetadata(study: string, series: string, signal?: AbortSignal): Promise<Dataset[]> {
    const path = `/studies/${study}/series/${series}/metadata`;
    const body = await this.get(path, 'application/dicom+json', json, signal);
    if (!Array.isArray(body)) throw new ViewerError('bad_response', 'series metadata is not a list');
    return body.slice(0, MAX_DATASETS).filter((item): item is Dataset => typeof item === 'object' && item !== null);
  }

  /** One instance's attributes; undefined when the answer has none. */
  async instanceMetadata(instancePath: string, signal?: AbortSignal): Promise<Dataset | undefined> {
    const body = await this.get(`${instancePath}/metadata`, 'application/dicom+json', json, signal);
    const first: unknown = Array.isArray(body) ? body[0] : undefined;
    return typeof first === 'object' && first !== null ? (first as Dataset) : undefined;
  }

  thumbnail(study: string, series: string, signal?: AbortSignal): Promise<Blob> {
    return this.get(`/studies/${study}/series/${series}/thumbnail`, 'image/jpeg', (r) => r.blob(), signal);
  }

  /** A picture made by the server, until there is another, through the file's window or another. `onAnswer` when its bytes begin to come. */
  rendered(instancePath: string, signal?: AbortSignal, window?: Window, onAnswer: () => void = () => undefined): Promise<Blob> {
    const query = [
      ...(isSlowLine() ? [`quality=${SLOW_QUALITY}`, `viewport=${screenSize()}`] : []),
      ...(window ? [`window=${window.center},${window.width},linear`] : []),
    ].join('&');
    const read = (response: Response) => {
      onAnswer();
      return response.blob();
    };
    return this.get(`${instancePath}/rendered${query && `?${query}`}`, 'image/jpeg', read, signal);
  }

  /** One frame's bytes: the stored ones, or fewer that give the same picture. `frame` counts from 1. */
  frame(instancePath: string, frame: number, signal?: AbortSignal): Promise<Frame> {
    const key = `${instancePath}/frames/${frame}`;
    const kept = this.kept.get(key);
    this.kept.delete(key);
    return kept ?? this.fetchFrame(instancePath, frame, signal);
  }

  /** As `frame`, for one that will be asked for once more. Its bytes are shared: nobody changes them. */
  keepFrame(instancePath: string, frame: number, signal?: AbortSignal): Promise<Frame> {
    const key = `${instancePath}/frames/${frame}`;
    const fetched = this.fetchFrame(instancePath, frame, signal);
    this.kept.clear();
    this.kept.set(key, fetched);
    fetched.catch(() => this.kept.delete(key));
    return fetched;
  }

  private fetchFrame(instancePath: string, frame: number, signal?: AbortSignal): Promise<Frame> {
    const accept = isSlowLine() ? SMALL : AS_STORED;
    return this.get(`${instancePath}/frames/${frame}`, accept, readFrame, signal);
  }

  /** Bulk data named in metadata; only below this service, a foreign address never gets the ticket. */
  bulk(uri: string, instancePath: string, signal?: AbortSignal): Promise<Uint8Array> {
    const prefix = new URL(`${this.root}/`, location.origin).href;
    const url = new URL(uri, new URL(`${this.root}${instancePath}/`, location.origin));
    if (!url.href.startsWith(prefix)) {
      return Promise.reject(new ViewerError('bad_response', 'bulk data outside the service'));
    }
    const path = url.href.slice(prefix.length - 1);
    return this.get(path, 'application/octet-stream', async (r) => new Uint8Array(await r.arrayBuffer()), signal);
  }

  /**
   * A film, piece by piece by ranges, so that a line that breaks off costs one piece. Throws
   * ViewerError `too_large` before more than a piece of it came.
   */
  async video(path: string, most: number, onProgress: (part: number) => void, signal?: AbortSignal): Promise<Blob> {
    const pieces: Blob[] = [];
    let [size, total, type] = [0, 1, ''];
    while (size < total) {
      const range = `bytes=${size}-${size + VIDEO_PIECE - 1}`;
      const read = async (response: Response) => ({ response, blob: await response.blob() });
      const { response, blob } = await this.get(`${path}/rendered`, 'video/*', read, signal, { Range: range });
      total = response.status === 206 ? Number(/\/(\d+)$/.exec(response.headers.get('Content-Range') ?? '')?.[1]) : blob.size;
      if (!(blob.size > 0) || !Number.isFinite(total)) throw new ViewerError('bad_response', 'a piece of a film without bytes or length');
      if (total > most) throw new ViewerError('too_large', `${Math.round(total / 2 ** 20)} MB`);
      type = response.headers.get('Content-Type') ?? '';
      pieces.push(blob);
      size += blob.size;
      onProgress(size / total);
    }
    return new Blob(pieces, { type });
  }

  /** The study as a ZIP archive; the stream ends with an error when the line does. */
  async archive(study: string, signal?: AbortSignal): Promise<ReadableStream<Uint8Array>> {
    const response = await networkErrors(() => this.once(`/studies/${study}`, 'application/zip', signal));
    if (!response.body) throw new ViewerError('bad_response', 'an archive without a body');
    return response.body;
  }

  /** GET with retries; `read` takes the body, so that a body that breaks off is fetched again as well. */
  async get<T>(
    path: string,
    accept: string,
    read: (response: Response) => Promise<T>,
    signal?: AbortSignal,
    headers: Record<string, string> = {},
  ): Promise<T> {
    for (let attempt = 0; ; attempt++) {
      try {
        const answer = await networkErrors(async () => read(await this.once(path, accept, signal, headers)));
        this.onConnection('ok');
        return answer;
      } catch (error) {
        if (!isTransient(error)) throw error;
        const delay = this.backOff[attempt];
        if (delay === undefined) {
          this.onConnection('lost');
          throw error;
        }
        this.onConnection('retrying');
        await pause(delay, signal);
      }
    }
  }

  /** One request, after a renewed ticket a second; throws ViewerError, or TypeError when the network is away. */
  async once(path: string, accept: string, signal?: AbortSignal, headers: Record<string, string> = {}, more: RequestInit = {}): Promise<Response> {
    let response = await this.send(path, accept, signal, headers, more);
    if (response.status === 401) {
      const refusal = await errorFromResponse(response);
      if (refusal.code !== 'ticket_expired') throw refusal;
      try {
        await this.tickets.renewNow();
      } catch (error) {
        throw error instanceof TypeError ? error : refusal;
      }
      response = await this.send(path, accept, signal, headers, more);
    }
    if (!response.ok) throw await errorFromResponse(response);
    return response;
  }

  private send(path: string, accept: string, signal: AbortSignal | undefined, headers: Record<string, string>, more: RequestInit): Promise<Response> {
    return fetch(this.root + path, {
      ...more,
      headers: { ...headers, Accept: accept, Authorization: `Bearer ${this.tickets.current}` },
      credentials: 'omit',
      ...(signal ? { signal } : {}),
    });
  }
}

/** The screen's width and height in its own pixels, for PS3.18 8.3.5.1.3. */
function screenSize(): string {
  const pixels = (length: number) => Math.max(1, Math.min(SLOW_SIDE, Math.round(length * devicePixelRatio)));
  return `${pixels(innerWidth)},${pixels(innerHeight)}`;
}

export function instancePath(study: string, series: string, instance: string): string {
  return `/studies/${study}/series/${series}/instances/${instance}`;
}

/** fetch and body readers report a network that went away as TypeError. */
async function networkErrors<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof TypeError) throw new ViewerError('network', error.message);
    throw error;
  }
}

async function json(response: Response): Promise<unknown> {
  try {
    return await response.json();
  } catch (error) {
    if (error instanceof SyntaxError) throw new ViewerError('bad_response', 'answer is not JSON');
    throw error;
  }
}

async function readFrame(response: Response): Promise<Frame> {
  const transferSyntax = parameter(response.headers.get('Content-Type') ?? '', 'transfer-syntax');
  if (transferSyntax === null) throw new ViewerError('bad_response', 'frame without a transfer syntax');
  return { bytes: new Uint8Array(await response.arrayBuffer()), transferSyntax };
}

/** A parameter of a media type (RFC 9110 8.3.1), or null. */
export function parameter(mediaType: string, name: string): string | null {
  for (const part of mediaType.split(';').slice(1)) {
    const [key, value] = part.split('=', 2);
    if (key?.trim().toLowerCase() === name && value !== undefined) return value.trim().replace(/^"|"$/g, '');
  }
  return null;
}

function isOverview(value: unknown): value is Overview {
  if (typeof value !== 'object' || value === null) return false;
  const { study, series } = value as Partial<Record<keyof Overview, unknown>>;
  return typeof study === 'object' && study !== null && Array.isArray(series);
}

function pause(ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const stop = () => {
      clearTimeout(timer);
      reject(new DOMException('aborted', 'AbortError'));
    };
    const timer = setTimeout(() => {
      signal?.removeEventListener('abort', stop);
      resolve();
    }, ms);
    if (signal?.aborted) stop();
    else signal?.addEventListener('abort', stop, { once: true });
  });
}
