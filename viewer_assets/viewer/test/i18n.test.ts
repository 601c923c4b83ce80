import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { LOCAL_CODES, NODE_CODES } from '../src/dicomweb/errors';
import { en } from '../src/i18n/en';
import { zh_CN } from '../src/i18n/zh_CN';
import { en as objects_en } from '../src/objects/texts/en';
import { zh_CN as objects_zh_CN } from '../src/objects/texts/zh_CN';

const DICTIONARIES: [name: string, chinese: Record<string, string>, english: Record<string, string>][] = [
  ['page', zh_CN, en],
  ['objects', objects_zh_CN, objects_en],
];

const placeholders = (text: string) => [...text.matchAll(/\{\w+\}/g)].map(String).sort();

describe.each(DICTIONARIES)('texts of the %s', (_, chinese, english) => {
  it('are the same in both languages', () => {
    expect(Object.keys(english).sort()).toEqual(Object.keys(chinese).sort());
  });

  it('are Chinese, and keep their parameters in English', () => {
    for (const [key, text] of Object.entries(chinese)) {
      expect(text.trim()).not.toBe('');
      expect(placeholders(english[key]!), key).toEqual(placeholders(text));
    }
  });

  it('hold no English words in Chinese', () => {
    const allowed = /\b(CT|HU|mm|mV|ms|Hz|JPG|PNG|Cobb|Esc|s|RR|PP|PR|QRS|QTc?|MB|MP4|PDF|ZIP|DICOM|Ctrl|Delete|PageUp|PageDown|Home|End|[A-Z])\b|\{\w+\}/g;
    const found = Object.entries(chinese).filter(([, text]) => /[a-z]{2,}/i.test(text.replace(/CT值|Cobb角|DICOM信息/g, '').replace(allowed, '')));
    expect(found).toEqual([]);
  });

  it('are all in use', () => {
    const source = fileURLToPath(new URL('../src', import.meta.url));
    const files = readdirSync(source, { recursive: true, encoding: 'utf8' }).filter((name) => /\.tsx?$/.test(name) && !/(zh_CN|en)\.ts$/.test(name));
    const code = files.map((name) => readFileSync(`${source}/${name}`, 'utf8')).join('\n');
    const built = /^(error|sex|preset|tool|banner|colour)\./;
    expect(Object.keys(chinese).filter((key) => !code.includes(`'${key}'`) && !built.test(key))).toEqual([]);
  });
});

it('every error code has a sentence', () => {
  for (const code of [...NODE_CODES, ...LOCAL_CODES]) expect(zh_CN).toHaveProperty([`error.${code}`]);
});
