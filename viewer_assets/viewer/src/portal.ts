/**
 * What the portal tells the viewer beside the ticket: window presets, and other studies of the same
 * patient. Source: docs/architecture.md, "Viewer ↔ portal". Its texts are hostile like any other.
 */
import type { Preset } from './engine/presets';
import { isHangingRule, type HangingRule } from './hanging';
import { post } from './jsonrpc';

/** A study that is not open, as the portal lists it. */
export interface Prior {
  uid: string;
  /** The portal's number of the patient. */
  patient: number;
  patient_name: string;
  date: string | null;
  modality: string;
  body_part: string;
  description: string;
  hospital: string;
  images: number;
}

/** The portal refused, or cannot be reached. */
export class PortalError extends Error {}

async function call(path: string, params: object): Promise<unknown> {
  const response = await post(path, params);
  if (!response.ok) throw new PortalError(`the portal answered ${response.status}`);
  const answer = (await response.json()) as { result?: unknown; error?: { data?: { message?: string } } };
  if (answer.error) throw new PortalError(answer.error.data?.message ?? '');
  return answer.result;
}

/** Other studies of the patients of these studies, the newest first; none for who has no login. */
export async function fetchPriors(studies: readonly string[]): Promise<Prior[]> {
  const result = await call('/imaging/viewer/priors', { study_uids: studies });
  return Array.isArray(result) ? (result as Prior[]) : [];
}

/** A ticket that opens one study more. Throws PortalError. */
export async function extendTicket(ticket: string, study: string): Promise<string> {
  const result = (await call('/imaging/ticket/extend', { ticket, study_uid: study })) as { ticket?: unknown } | undefined;
  if (typeof result?.ticket !== 'string') throw new PortalError('the portal gave no ticket');
  return result.ticket;
}

/** A list that the portal keeps, without what is not as agreed; undefined when it cannot be had. */
async function fetchList<Item>(path: string, isItem: (value: unknown) => value is Item): Promise<Item[] | undefined> {
  const response = await fetch(path, { credentials: 'same-origin' });
  if (!response.ok) return undefined;
  const list: unknown = await response.json();
  return Array.isArray(list) ? list.filter(isItem) : undefined;
}

/** The hospital's window presets in its order; undefined when there are none, or they cannot be had. */
export async function fetchPresets(lang: string): Promise<Preset[] | undefined> {
  const presets = await fetchList(`/imaging/viewer/presets?lang=${encodeURIComponent(lang)}`, isPreset);
  return presets && presets.length > 0 ? presets : undefined;
}

/** How studies are hung; undefined when the portal does not say. */
export function fetchHangingRules(): Promise<HangingRule[] | undefined> {
  return fetchList('/imaging/viewer/hanging', isHangingRule);
}

function isPreset(value: unknown): value is Preset {
  const { key, name, modality, body_parts, width, center } = value as Partial<Record<keyof Preset, unknown>>;
  return (
    typeof key === 'string' && typeof name === 'string' && typeof modality === 'string' && Array.isArray(body_parts) &&
    typeof width === 'number' && width >= 1 && typeof center === 'number'
  );
}
