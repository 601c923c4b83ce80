import { createRequire } from 'node:module';
import type { Plugin } from 'vite';

const NAME = 'virtual:dicom-names';

interface Dcmjs {
  data: { DicomMetaDictionary: { nameMap: Record<string, { tag?: string; name?: string } | undefined> } };
}

/** Keywords of the standard's attributes (PS3.6) by tag, from dcmjs' dictionary, as a module of their own. */
export function dicomNames(): Plugin {
  return {
    name: 'yunying:dicom-names',
    resolveId: (id) => (id === NAME ? `\0${NAME}` : null),
    load(id) {
      if (id !== `\0${NAME}`) return null;
      const { data } = createRequire(import.meta.url)('dcmjs') as Dcmjs;
      const names: Record<string, string> = {};
      for (const entry of Object.values(data.DicomMetaDictionary.nameMap)) {
        const key = entry?.tag?.replace(/[(),]/g, '').toUpperCase() ?? '';
        if (/^[0-9A-F]{8}$/.test(key) && entry?.name) names[key] = entry.name;
      }
      return `export default ${JSON.stringify(names)};`;
    },
  };
}
