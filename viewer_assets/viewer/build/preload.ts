import type { Plugin } from 'vite';

/** Has the page fetch a module's chunks at once, which its entry imports only when it has begun what is urgent. */
export function preload(source: string): Plugin {
  return {
    name: 'yunying:preload',
    apply: 'build',
    transformIndexHtml: {
      order: 'post',
      handler(_html, { bundle, chunk: entry }) {
        const chunks = Object.values(bundle ?? {}).filter((output) => output.type === 'chunk');
        const wanted = new Set<string>();
        const add = (name: string) => {
          if (wanted.has(name)) return;
          wanted.add(name);
          for (const imported of chunks.find(({ fileName }) => fileName === name)?.imports ?? []) add(imported);
        };
        const shell = chunks.find(({ facadeModuleId }) => facadeModuleId?.endsWith(source));
        if (!shell) throw new Error(`no chunk is made of ${source}`);
        add(shell.fileName);
        const there = new Set([entry?.fileName, ...(entry?.imports ?? [])]);
        return [...wanted].filter((name) => !there.has(name)).map((name) => ({ tag: 'link', attrs: { rel: 'modulepreload', crossorigin: true, fetchpriority: 'low', href: `./${name}` }, injectTo: 'head' as const }));
      },
    },
  };
}
