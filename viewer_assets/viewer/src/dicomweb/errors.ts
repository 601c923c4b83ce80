/** Codes that the node answers (docs/architecture.md) and those that arise in the browser. */
export const NODE_CODES = [
  'ticket_missing',
  'ticket_invalid',
  'ticket_expired',
  'ticket_revoked',
  'permission_denied',
  'not_found',
  'withheld',
  'unsupported_transfer_syntax',
  'not_an_image',
  'bad_request',
  'overloaded',
  'unavailable',
] as const;

export const LOCAL_CODES = ['network', 'bad_response', 'decode_failed', 'engine_failed', 'empty_series', 'object_invalid', 'too_large'] as const;

export type ErrorCode = (typeof NODE_CODES)[number] | (typeof LOCAL_CODES)[number];

/** An error that the user is told about, by its code. */
export class ViewerError extends Error {
  constructor(
    readonly code: ErrorCode,
    message: string,
    readonly status = 0,
  ) {
    super(message);
    this.name = 'ViewerError';
  }
}

const BY_STATUS: Record<number, ErrorCode> = {
  400: 'bad_request',
  401: 'ticket_invalid',
  403: 'permission_denied',
  404: 'not_found',
  429: 'overloaded',
  502: 'unavailable',
  503: 'unavailable',
  504: 'unavailable',
};

/** Turns an answer that is not 2xx into an error; the body's code counts, the status is the fallback. */
export async function errorFromResponse(response: Response): Promise<ViewerError> {
  let code: ErrorCode = BY_STATUS[response.status] ?? 'bad_response';
  let message = `HTTP ${response.status}`;
  const type = response.headers.get('Content-Type') ?? '';
  if (type.includes('json')) {
    try {
      const body = (await response.json()) as { error?: unknown; message?: unknown };
      const known = NODE_CODES.find((item) => item === body.error);
      if (known) code = known;
      if (typeof body.message === 'string') message = body.message.slice(0, 300);
    } catch (error) {
      if (!(error instanceof SyntaxError)) throw error;
    }
  }
  return new ViewerError(code, message, response.status);
}

export function asViewerError(error: unknown, fallback: ErrorCode): ViewerError {
  if (error instanceof ViewerError) return error;
  return new ViewerError(fallback, error instanceof Error ? error.message : String(error));
}

export function isAbort(error: unknown): boolean {
  return error instanceof DOMException && error.name === 'AbortError';
}

/** Worth another try without the user: the network or the server is away for a moment. */
export function isTransient(error: unknown): boolean {
  return error instanceof ViewerError && ['network', 'unavailable', 'overloaded'].includes(error.code);
}
