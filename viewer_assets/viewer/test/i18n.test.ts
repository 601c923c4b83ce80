import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { LOCAL_CODES, NODE_CODES } from '../src/dicomweb/errors';
import { en } from '../src/i18n/en';
import { zh_CN } from '../src/i18n/zh_CN';

const placeholders = (text: string) => [...text.matchAll(/\{\w+\}/g)].map(String).sort();

it('both languages have the same texts', () => {
  expect(Object.keys(en).sort()).toEqual(Object.keys(zh_CN).sort());
});

it.each(Object.entries(zh_CN))('%s is Chinese, and keeps its parameters in English', (key, text) => {
  expect(text.trim()).not.toBe('');
  expect(placeholders(en[key as keyof typeof en])).toEqual(placeholders(text));
});

it('the Chinese texts hold no English words', () => {
  const allowed = /\b(CT|HU|mm|PDF|JPG|PNG|Cobb|Esc|Ctrl|Delete|PageUp|PageDown|Home|End|[A-Z])\b|\{\w+\}/g;
  const english = Object.entries(zh_CN).filter(([, text]) => /[a-z]{2,}/i.test(text.replace(/CT值|Cobb角|DICOM信息/g, '').replace(allowed, '')));
  expect(english).toEqual([]);
});

it('every error code has a sentence', () => {
  for (const code of [...NODE_CODES, ...LOCAL_CODES]) expect(zh_CN).toHaveProperty([`error.${code}`]);
});

it('no text is left over', () => {
  const source = fileURLToPath(new URL('../src', import.meta.url));
  const files = readdirSync(source, { recursive: true, encoding: 'utf8' }).filter((name) => /\.tsx?$/.test(name) && !name.startsWith('i18n/zh') && !name.startsWith('i18n/en'));
  const code = files.map((name) => readFileSync(`${source}/${name}`, 'utf8')).join('\n');
  const built = /^(error|sex|preset|tool|banner|colour)\./;
  expect(Object.keys(zh_CN).filter((key) => !code.includes(`'${key}'`) && !built.test(key))).toEqual([]);
});
