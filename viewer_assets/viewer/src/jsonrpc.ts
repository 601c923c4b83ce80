/** A call of one of the portal's JSON-RPC routes, in the session that the page is in. Rejects as `fetch` does. */
export function post(path: string, params: object): Promise<Response> {
  return fetch(path, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    credentials: 'same-origin',
    body: JSON.stringify({ jsonrpc: '2.0', method: 'call', id: 1, params }),
  });
}
