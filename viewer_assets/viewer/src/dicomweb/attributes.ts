import names from 'virtual:dicom-names';
import type { Dataset, Element } from './types';
import { CHINESE } from './chinese';

/** One line of the table of attributes. */
export interface Attribute {
  /** `(0010,0010)` */
  tag: string;
  vr: string;
  /** `Patient Name`; empty for what the dictionary does not know. */
  name: string;
  chinese: string;
  value: string;
  /** Of a sequence: its items. */
  items: Attribute[][];
}

const MOST_CHARACTERS = 1024;
const DEEPEST = 8;

/** All attributes of a data set in the order of their tags. */
export function attributesOf(dataset: Dataset, depth = 0): Attribute[] {
  return Object.entries(dataset)
    .filter((entry): entry is [string, Element] => /^[0-9A-F]{8}$/i.test(entry[0]) && entry[1] !== undefined)
    .sort(([a], [b]) => (a.toUpperCase() < b.toUpperCase() ? -1 : 1))
    .map(([key, element]) => {
      const tag = key.toUpperCase();
      const items = element.vr === 'SQ' && depth < DEEPEST ? (element.Value ?? []).map((item) => attributesOf((item ?? {}) as Dataset, depth + 1)) : [];
      return {
        tag: `(${tag.slice(0, 4)},${tag.slice(4)})`,
        vr: typeof element.vr === 'string' ? element.vr.slice(0, 2) : '',
        name: spaced(names[tag] ?? ''),
        chinese: CHINESE[tag] ?? '',
        value: element.vr === 'SQ' ? '' : valueText(element),
        items,
      };
    });
}

/** `PatientBirthDate` as words; abbreviations stay together. */
function spaced(keyword: string): string {
  return keyword.replace(/([a-z])([A-Z0-9])/g, '$1 $2').replace(/([A-Z]+)([A-Z][a-z])/g, '$1 $2');
}

function valueText({ Value, InlineBinary, BulkDataURI }: Element): string {
  if (InlineBinary !== undefined) return `[${Math.floor((InlineBinary.length * 3) / 4)} bytes]`;
  if (BulkDataURI !== undefined) return '[bulk data]';
  const text = (Value ?? []).map(single).join('\\');
  return text.length > MOST_CHARACTERS ? `${text.slice(0, MOST_CHARACTERS)}…` : text;
}

/** A person's name shows its groups (PS3.18 F.2.2), joined as in PS3.5 6.2. */
function single(value: unknown): string {
  if (typeof value === 'string') return value;
  if (typeof value === 'number' || typeof value === 'boolean') return String(value);
  if (typeof value !== 'object' || value === null) return '';
  const { Alphabetic, Ideographic, Phonetic } = value as Record<string, unknown>;
  const groups = [Alphabetic, Ideographic, Phonetic].map((group) => (typeof group === 'string' ? group : ''));
  return groups.join('=').replace(/=+$/, '');
}

/** Attributes that hold the words in tag, name or value, with the sequences in which they lie. */
export function search(attributes: readonly Attribute[], words: string): Attribute[] {
  const wanted = words.trim().toLowerCase();
  if (wanted === '') return [...attributes];
  const plain = wanted.replace(/[(),\s]/g, '');
  return attributes.flatMap((attribute) => {
    const { tag, name, chinese, value } = attribute;
    const found =
      [name, chinese, value].some((text) => text.toLowerCase().includes(wanted)) ||
      (plain !== '' && (tag.replace(/[(),]/g, '').toLowerCase().includes(plain) || name.replace(/ /g, '').toLowerCase().includes(plain)));
    if (found) return [attribute];
    const items = attribute.items.map((item) => search(item, words)).filter((item) => item.length > 0);
    return items.length > 0 ? [{ ...attribute, items }] : [];
  });
}
