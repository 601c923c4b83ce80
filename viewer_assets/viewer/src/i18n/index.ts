import { signal } from '@preact/signals';
import { zh_CN, type Key } from './zh_CN';

export type { Key };
export type Language = 'zh_CN' | 'en';

/** English comes when it is asked for. */
const DICTIONARIES: { zh_CN: Record<Key, string>; en?: Record<Key, string> } = { zh_CN };

export const language = signal<Language>('zh_CN');

/** Chinese unless another language that there is was asked for. */
export async function chooseLanguage(wanted: string | null): Promise<void> {
  const chosen = wanted?.toLowerCase().startsWith('en') === true ? 'en' : 'zh_CN';
  try {
    if (chosen === 'en') DICTIONARIES.en ??= (await import('./en')).en;
    language.value = chosen;
  } catch (error) {
    // The browser reports a chunk that did not arrive as TypeError; Chinese is there.
    if (!(error instanceof TypeError)) throw error;
  }
  document.documentElement.lang = language.value === 'en' ? 'en' : 'zh-CN';
  document.title = t('app.title');
}

/** A function that gives the text of a key; `{name}` is replaced by the parameter of that name. */
export function translator<Texts extends string>(dictionaries: { zh_CN: Record<Texts, string>; en?: Record<Texts, string> }) {
  return (key: Texts, parameters: Record<string, string | number> = {}): string =>
    (dictionaries[language.value] ?? dictionaries.zh_CN)[key].replace(/\{(\w+)\}/g, (_, name: string) => String(parameters[name] ?? ''));
}

export const t = translator<Key>(DICTIONARIES);
