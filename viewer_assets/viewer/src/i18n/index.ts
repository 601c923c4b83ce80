import { signal } from '@preact/signals';
import { en } from './en';
import { zh_CN, type Key } from './zh_CN';

export type { Key };
export type Language = 'zh_CN' | 'en';

export const language = signal<Language>('zh_CN');

/** Chinese unless another language that there is was asked for. */
export function chooseLanguage(wanted: string | null): void {
  language.value = wanted?.toLowerCase().startsWith('en') === true ? 'en' : 'zh_CN';
  document.documentElement.lang = language.value === 'en' ? 'en' : 'zh-CN';
  document.title = t('app.title');
}

/** A function that gives the text of a key; `{name}` is replaced by the parameter of that name. */
export function translator<Texts extends string>(dictionaries: Record<Language, Record<Texts, string>>) {
  return (key: Texts, parameters: Record<string, string | number> = {}): string =>
    dictionaries[language.value][key].replace(/\{(\w+)\}/g, (_, name: string) => String(parameters[name] ?? ''));
}

export const t = translator<Key>({ zh_CN, en });
