import { signal } from '@preact/signals';
import { en } from './en';
import { zh_CN, type Key } from './zh_CN';

export type { Key };
export type Language = 'zh_CN' | 'en';

const DICTIONARIES: Record<Language, Record<Key, string>> = { zh_CN, en };

export const language = signal<Language>('zh_CN');

/** Chinese unless another language that there is was asked for. */
export function chooseLanguage(wanted: string | null): void {
  language.value = wanted?.toLowerCase().startsWith('en') === true ? 'en' : 'zh_CN';
  document.documentElement.lang = language.value === 'en' ? 'en' : 'zh-CN';
  document.title = t('app.title');
}

type Texts<K extends string> = Record<Language, Record<K, string>>;

/** Looks texts up in a dictionary of its own, for what is loaded later. */
export function translator<K extends string>(dictionaries: Texts<K>): (key: K, parameters?: Record<string, string | number>) => string {
  return (key, parameters = {}) =>
    dictionaries[language.value][key].replace(/\{(\w+)\}/g, (_, name: string) => String(parameters[name] ?? ''));
}

/** The text of a key; `{name}` is replaced by the parameter of that name. */
export const t = translator(DICTIONARIES);
