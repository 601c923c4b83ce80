import { computed, signal } from '@preact/signals';
import type { DicomWeb } from '../dicomweb/client';
import { asViewerError, ViewerError } from '../dicomweb/errors';
import * as state from '../state';
import { problemText } from '../ui/kinds';
import { measurementList } from '../ui/MeasurementSlot';
import { MeasurementList } from '../ui/Measurements';
import { documentsIn, keyOf, type LiveMark, type MarkRecord, type SavedDocument } from './record';
import { ts } from './texts';

/** Marks as they are drawn. */
export interface Drawn {
  records: () => LiveMark[];
  /** The id of what is drawn; undefined while the picture was not open. */
  place: (record: MarkRecord, author?: string) => string | undefined;
  withdraw: (id: string) => void;
}

/** The engine, as far as saving needs it. */
export interface Host {
  marks: Drawn;
  refresh: () => void;
}

/** Another reader's document, and which of its marks are drawn. */
export interface Other {
  study: string;
  document: SavedDocument;
  shown: boolean;
  ids: Map<MarkRecord, string>;
}

/** What the node has of the reader's marks on a study. */
interface Book {
  /** The document that the next one takes the place of. */
  base: string;
  saved: string;
  /** Saved marks whose pictures have not been open yet. */
  waiting: MarkRecord[];
}

const NOTHING = keyOf([]);

let client: DicomWeb;
let host: Host;
const books = new Map<string, Book>();

export const busy = signal<'loading' | 'saving' | null>(null);
export const unsaved = signal(false);
/** Why the last attempt failed, in words. */
export const problem = signal<{ text: string; again: () => void } | null>(null);
/** What was saved elsewhere meanwhile has come in. */
export const merged = signal(false);
export const others = signal<readonly Other[]>([]);
/** The node decides; this only spares a button that would fail. */
export const mayAnnotate = computed(
  () => state.rights.value.includes('annotate') && state.studies.value.every(({ study }) => !study.anonymous),
);

/** A series of the study is open: what was saved of the study is fetched once, and drawn where it can be. */
export async function opened(study: string, dicomWeb: DicomWeb, engine: Host): Promise<void> {
  if (books.size === 0) start(dicomWeb, engine);
  if (books.has(study)) {
    place();
    return;
  }
  books.set(study, { base: '', saved: NOTHING, waiting: [] });
  await load(study);
}

function start(dicomWeb: DicomWeb, engine: Host): void {
  client = dicomWeb;
  host = engine;
  measurementList.value = MeasurementList;
  state.measurements.subscribe(compare);
  mayAnnotate.subscribe(compare);
  addEventListener('beforeunload', (event) => {
    if (unsaved.value) event.preventDefault();
  });
  addEventListener('keydown', (event) => {
    if (!(event.ctrlKey || event.metaKey) || event.key.toLowerCase() !== 's' || !mayAnnotate.value) return;
    event.preventDefault();
    void save();
  });
}

function compare(): void {
  unsaved.value = mayAnnotate.value && [...books.keys()].some(isUnsaved);
}

function marksOf(study: string): MarkRecord[] {
  const drawn = host.marks.records().flatMap((mark) => (mark.study === study ? [mark.record] : []));
  return [...(books.get(study)?.waiting ?? []), ...drawn];
}

function isUnsaved(study: string): boolean {
  return keyOf(marksOf(study)) !== books.get(study)?.saved;
}

async function fetchDocuments(study: string): Promise<SavedDocument[]> {
  const body = await client.get(`/studies/${study}/measurements`, 'application/json', (response) => response.json() as Promise<unknown>);
  const documents = documentsIn(body);
  if (!documents) throw new ViewerError('bad_response', 'measurements lack documents');
  return documents;
}

async function load(study: string): Promise<void> {
  busy.value = 'loading';
  problem.value = null;
  try {
    take(study, await fetchDocuments(study));
  } catch (error) {
    const reason = problemText({ code: asViewerError(error, 'bad_response').code, detail: '' });
    problem.value = { text: ts('save.loadFailed', { reason }), again: () => void load(study) };
  } finally {
    busy.value = null;
  }
}

/** Draws what was saved beside what was drawn meanwhile; true when that added something. */
function take(study: string, documents: readonly SavedDocument[]): boolean {
  const mine = documents.find((one) => one.mine);
  const here = new Set(marksOf(study).map(({ tracking }) => tracking));
  const fresh = (mine?.marks ?? []).filter(({ tracking }) => !here.has(tracking));
  const waiting = [...(books.get(study)?.waiting ?? []), ...fresh];
  books.set(study, { base: mine?.document ?? '', saved: keyOf(mine?.marks ?? []), waiting });
  for (const other of others.value) if (other.study === study) show(other, false);
  const foreign = documents.filter((one) => !one.mine && one.marks.length > 0);
  others.value = [
    ...others.value.filter((other) => other.study !== study),
    ...foreign.map((document) => ({ study, document, shown: false, ids: new Map<MarkRecord, string>() })),
  ];
  place();
  return fresh.length > 0;
}

/** Draws what waited for its picture. */
function place(): void {
  for (const book of books.values()) book.waiting = book.waiting.filter((record) => host.marks.place(record) === undefined);
  for (const other of others.value) if (other.shown) draw(other);
  host.refresh();
}

function draw(other: Other): void {
  for (const record of other.document.marks) {
    if (other.ids.has(record)) continue;
    const id = host.marks.place(record, authorOf(other.document));
    if (id !== undefined) other.ids.set(record, id);
  }
}

export function authorOf({ author }: SavedDocument): string {
  return author === '' ? ts('others.unnamed') : author;
}

/** Draws another reader's marks, or draws them no more. */
export function show(other: Other, shown: boolean): void {
  for (const id of other.ids.values()) host.marks.withdraw(id);
  const changed = { ...other, shown, ids: new Map<MarkRecord, string>() };
  others.value = others.value.map((one) => (one === other ? changed : one));
  if (shown) draw(changed);
  others.value = [...others.value];
  host.refresh();
}

/** Keeps what is drawn with the studies; what cannot be kept stays drawn. */
export async function save(): Promise<void> {
  if (busy.value !== null || !mayAnnotate.value) return;
  busy.value = 'saving';
  problem.value = null;
  merged.value = false;
  try {
    for (const study of books.keys()) if (isUnsaved(study)) await saveStudy(study);
  } catch (error) {
    problem.value = { text: ts('save.failed', { reason: reasonOf(error) }), again: () => void save() };
  } finally {
    busy.value = null;
    compare();
  }
}

async function saveStudy(study: string): Promise<void> {
  const marks = marksOf(study);
  const body = JSON.stringify({ base: books.get(study)?.base ?? '', marks });
  try {
    const response = await client.once(`/studies/${study}/measurements`, 'application/json', undefined, { 'Content-Type': 'application/json' }, { method: 'PUT', body });
    const { document } = (await response.json()) as { document?: unknown };
    if (typeof document !== 'string') throw new ViewerError('bad_response', 'a saved document without its UID');
    const book = books.get(study);
    if (book) Object.assign(book, { base: document, saved: keyOf(marks) });
  } catch (error) {
    if (!(error instanceof ViewerError) || error.status !== CONFLICT) throw error;
    take(study, await fetchDocuments(study));
    merged.value = true;
  }
}

const CONFLICT = 409;
const NO_ROOM = 507;

function reasonOf(error: unknown): string {
  // The browser reports a network that went away as TypeError.
  const { code, status, message } = asViewerError(error, error instanceof TypeError ? 'network' : 'bad_response');
  if (status === NO_ROOM) return ts('save.noRoom');
  if (code === 'permission_denied') return ts('save.mayNot');
  return problemText({ code, detail: message });
}
