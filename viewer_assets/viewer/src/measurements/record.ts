/** Marks as the node keeps them (docs/architecture.md, "Measurements"), apart from how they are drawn. */

export interface NumberRecord {
  name: string;
  value: number;
  unit: string;
}

export interface MarkRecord {
  kind: string;
  tracking: string;
  instance: string;
  /** Counts from 1. */
  frame: number;
  /** Columns and rows as DICOM counts them: the first pixel reaches from 0 to 1. */
  points: [number, number][];
  closed: boolean;
  text: string;
  numbers: NumberRecord[];
}

/** A mark on the screen, and the study that it is on. */
export interface LiveMark {
  study: string;
  record: MarkRecord;
}

/** What one author saved; a foreign text, clipped and shown as text only. */
export interface SavedDocument {
  document: string;
  author: string;
  mine: boolean;
  /** ISO 8601, null when the document or the ticket does not tell. */
  saved: string | null;
  marks: MarkRecord[];
}

const isNumber = (value: unknown): value is number => typeof value === 'number' && Number.isFinite(value);
const isPoint = (value: unknown): value is [number, number] => Array.isArray(value) && value.length === 2 && value.every(isNumber);

function isNumberRecord(value: unknown): value is NumberRecord {
  const { name, value: number, unit } = (value ?? {}) as Partial<Record<keyof NumberRecord, unknown>>;
  return typeof name === 'string' && isNumber(number) && typeof unit === 'string';
}

function isMark(value: unknown): value is MarkRecord {
  const mark = (value ?? {}) as Partial<Record<keyof MarkRecord, unknown>>;
  return (
    typeof mark.kind === 'string' && typeof mark.tracking === 'string' && typeof mark.instance === 'string' && isNumber(mark.frame) &&
    Array.isArray(mark.points) && mark.points.every(isPoint) && typeof mark.closed === 'boolean' && typeof mark.text === 'string' &&
    Array.isArray(mark.numbers) && mark.numbers.every(isNumberRecord)
  );
}

function isDocument(value: unknown): value is SavedDocument {
  const one = (value ?? {}) as Partial<Record<keyof SavedDocument, unknown>>;
  return (
    typeof one.document === 'string' && typeof one.author === 'string' && typeof one.mine === 'boolean' &&
    (one.saved === null || typeof one.saved === 'string') && Array.isArray(one.marks) && one.marks.every(isMark)
  );
}

/** The node's answer; undefined when it is not what it should be. */
export function documentsIn(body: unknown): SavedDocument[] | undefined {
  const list = (body as { documents?: unknown } | null)?.documents;
  return Array.isArray(list) && list.every(isDocument) ? list : undefined;
}

/** Equal for equal marks, in whatever order; the numbers follow from the rest. */
export function keyOf(records: readonly MarkRecord[]): string {
  return JSON.stringify(
    [...records]
      .sort((a, b) => (a.tracking < b.tracking ? -1 : 1))
      .map(({ kind, tracking, instance, frame, points, closed, text }) => [kind, tracking, instance, frame, points, closed, text]),
  );
}

const UID = /^[0-9.]{1,64}$/;

/** The UID of a mark that is drawn: its UUID as one (PS3.5 B.2), or the UID that it came with. */
export function trackingOf(id: string): string {
  return UID.test(id) ? id : `2.25.${BigInt(`0x${id.replaceAll('-', '')}`)}`;
}
