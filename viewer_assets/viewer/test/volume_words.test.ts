import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { REFUSALS } from '../src/volume/geometry';
import { en } from '../src/volume/words.en';
import { zh_CN } from '../src/volume/words.zh_CN';

const placeholders = (text: string) => [...text.matchAll(/\{\w+\}/g)].map(String).sort();

it('both languages of the reconstructions have the same texts', () => {
  expect(Object.keys(en).sort()).toEqual(Object.keys(zh_CN).sort());
});

it.each(Object.entries(zh_CN))('%s keeps its parameters in English and has no English in Chinese', (key, text) => {
  expect(placeholders(en[key as keyof typeof en])).toEqual(placeholders(text));
  expect(text.replace(/\{\w+\}|WebGL|CT|HU|mm/g, '')).not.toMatch(/[a-z]{2,}/i);
});

it('every reason for a refusal has a sentence', () => {
  for (const reason of REFUSALS) expect(zh_CN).toHaveProperty([`refusal.${reason}`]);
});

it('no text is left over', () => {
  const source = fileURLToPath(new URL('../src/volume', import.meta.url));
  const files = readdirSync(source, { recursive: true, encoding: 'utf8' }).filter((name) => /\.tsx?$/.test(name) && !name.startsWith('words.'));
  const code = files.map((name) => readFileSync(`${source}/${name}`, 'utf8')).join('\n');
  // These are put together from a name.
  const built = /^(refusal\.|pane\.(axial|sagittal|coronal|vr|quad)|tool\.(cursor|scroll|window|zoom|pan|length|probe)|slab\.(max|min|mean)|batch\.(vertical|horizontal)|vr\.(view|crop)\.|vr\.(bone|vessel|soft|lung|skin|mr\w+|rotate|zoom|pan|shift|pick|rectangle|freehand|inside|outside)$)/;
  expect(Object.keys(zh_CN).filter((key) => !code.includes(`'${key}'`) && !built.test(key))).toEqual([]);
});
