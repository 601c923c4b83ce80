import { items, number } from '../../dicomweb/dataset';
import type { Dataset } from '../../dicomweb/types';

/** The SR Document Content Module (PS3.3 C.17.3) as a tree of names and values, all text. */

/** An image, or another object, that a report names. */
export interface Reference {
  instance: string;
  /** From 1. */
  frame: number;
  /** Empty where the report does not say it. */
  series: string;
}

export interface Content {
  type: string;
  name: string;
  value: string;
  reference: Reference | null;
  children: Content[];
}

const MAX_DEPTH = 32;
const MAX_ITEMS = 5000;
const MAX_TEXT = 20_000;

const TAG = {
  content: '0040A730', type: '0040A040', name: '0040A043', text: '0040A160', code: '0040A168', measured: '0040A300', numeric: '0040A30A',
  units: '004008EA', qualifier: '0040A301', person: '0040A123', date: '0040A121', time: '0040A122', moment: '0040A120', uid: '0040A124',
  referenced: '00081199', instance: '00081155', frames: '00081160', meaning: '00080104', codeValue: '00080100', evidence: '0040A375',
  otherEvidence: '0040A385', seriesList: '00081115', series: '0020000E', coordinates: '00700023',
} as const;

/** A string of any length that a report may have; what is no string is nothing. */
export function words(dataset: Dataset, tag: string): string {
  const value = dataset[tag]?.Value?.[0];
  if (typeof value === 'string') return value.trim().slice(0, MAX_TEXT);
  return typeof value === 'number' ? String(value) : '';
}

export function meaning(dataset: Dataset, tag: string): string {
  const code = items(dataset, tag)[0];
  return code ? words(code, TAG.meaning) || words(code, TAG.codeValue) : '';
}

/** SOP Instance UID → Series Instance UID, from the evidence sequences. */
export function evidence(dataset: Dataset): Map<string, string> {
  const found = new Map<string, string>();
  for (const tag of [TAG.evidence, TAG.otherEvidence]) {
    for (const study of items(dataset, tag)) seriesOf(study, found);
  }
  return found;
}

/** The same of an item, or a data set, that has a Referenced Series Sequence. */
export function seriesOf(dataset: Dataset, found = new Map<string, string>()): Map<string, string> {
  for (const series of items(dataset, TAG.seriesList)) {
    for (const instance of items(series, TAG.referenced)) found.set(words(instance, TAG.instance), words(series, TAG.series));
  }
  return found;
}

/** The whole document; what lies deeper than 32 levels, or behind 5000 items, is left out. */
export function readContent(dataset: Dataset): Content {
  const series = evidence(dataset);
  let left = MAX_ITEMS;
  const read = (item: Dataset, depth: number): Content => {
    left--;
    const children: Content[] = [];
    if (depth < MAX_DEPTH) {
      for (const child of items(item, TAG.content)) {
        if (left <= 0) break;
        children.push(read(child, depth + 1));
      }
    }
    return { type: words(item, TAG.type), name: meaning(item, TAG.name), value: valueOf(item), reference: referenceOf(item, series), children };
  };
  return read(dataset, 0);
}

const TEXTS: Record<string, string> = { TEXT: TAG.text, DATETIME: TAG.moment, UIDREF: TAG.uid, SCOORD: TAG.coordinates };

function valueOf(item: Dataset): string {
  const type = words(item, TAG.type);
  if (type === 'CODE') return meaning(item, TAG.code);
  if (type === 'NUM') return measured(item);
  if (type === 'PNAME') return person(item, TAG.person);
  if (type === 'DATE') return words(item, TAG.date).replace(/^(\d{4})(\d{2})(\d{2})$/, '$1-$2-$3');
  if (type === 'TIME') return words(item, TAG.time).replace(/^(\d{2})(\d{2})(\d{2})(?:\.\d+)?$/, '$1:$2:$3');
  const tag = TEXTS[type];
  return tag === undefined ? '' : words(item, tag);
}

function measured(item: Dataset): string {
  const value = items(item, TAG.measured)[0];
  if (!value) return meaning(item, TAG.qualifier);
  const units = items(value, TAG.units)[0] ?? {};
  // UCUM: 1 is no unit, what stands in braces is a remark.
  const unit = words(units, TAG.codeValue).replace(/^1$|^\{ratio\}$/, '').replace(/[{}]/g, '');
  return [words(value, TAG.numeric), unit].join(' ').trim();
}

export function person(dataset: Dataset, tag: string): string {
  const value = dataset[tag]?.Value?.[0];
  if (typeof value !== 'object' || value === null) return '';
  const { Ideographic, Alphabetic } = value as { Ideographic?: unknown; Alphabetic?: unknown };
  const name = [Ideographic, Alphabetic].find((part) => typeof part === 'string' && part !== '');
  if (typeof name !== 'string') return '';
  return name.replace(/\^+/g, name === Ideographic ? '' : ' ').trim().slice(0, 128);
}

function referenceOf(item: Dataset, series: Map<string, string>): Reference | null {
  const referenced = items(item, TAG.referenced)[0];
  const instance = referenced ? words(referenced, TAG.instance) : '';
  if (!referenced || instance === '') return null;
  return { instance, frame: Math.max(1, number(referenced, TAG.frames) ?? 1), series: series.get(instance) ?? '' };
}

/** All references of a document in its order, each once. */
export function references(content: Content): Reference[] {
  const found = new Map<string, Reference>();
  const walk = (item: Content) => {
    if (item.reference && item.type === 'IMAGE') found.set(`${item.reference.instance}/${item.reference.frame}`, item.reference);
    item.children.forEach(walk);
  };
  walk(content);
  return [...found.values()];
}
