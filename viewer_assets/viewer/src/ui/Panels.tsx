import type { ComponentChildren } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import { t, type Key } from '../i18n';
import * as state from '../state';
import { Icon } from './icons';

function close() {
  state.panel.value = null;
}

function Sheet({ title, wide, children }: { title: string; wide: boolean; children: ComponentChildren }) {
  return (
    <div class="sheet-back" onClick={close}>
      <section
        class={wide ? 'sheet wide' : 'sheet'}
        role="dialog"
        aria-label={title}
        data-testid="sheet"
        onClick={(event) => {
          event.stopPropagation();
        }}
      >
        <header>
          <h2>{title}</h2>
          <button type="button" class="plain round" aria-label={t('app.close')} onClick={close}>
            <Icon name="close" />
          </button>
        </header>
        {children}
      </section>
    </div>
  );
}

const TITLES: Record<state.Panel, Key> = {
  series: 'app.series',
  layout: 'tool.layout',
  presets: 'tool.presets',
  measure: 'tool.measure',
  look: 'tool.look',
  output: 'tool.output',
  tags: 'tool.tags',
  more: 'app.more',
  help: 'app.shortcuts',
};

type Body = typeof import('./PanelBody').default;

let loading: Promise<Body> | undefined;

/** What is in the panels comes after the first picture, or when one is opened. */
function load(): Promise<Body> {
  loading ??= import('./PanelBody').then(
    (module) => module.default,
    (error: unknown) => {
      loading = undefined;
      throw error;
    },
  );
  return loading;
}

/** The one open panel: a sheet from below on a phone, a box under the toolbar on a desktop. */
export function Panels() {
  const panel = state.panel.value;
  const wanted = panel !== null || state.view.value.shown;
  const [Loaded, setLoaded] = useState<{ body: Body } | null>(null);
  const [failed, setFailed] = useState(false);
  useEffect(() => {
    if (!wanted || Loaded) return;
    load().then(
      (body) => {
        setLoaded({ body });
      },
      () => {
        setFailed(true);
      },
    );
  }, [wanted, panel]);
  if (panel === null) return null;
  return (
    <Sheet title={t(TITLES[panel])} wide={panel === 'tags'}>
      {Loaded ? <Loaded.body panel={panel} /> : <p class="waiting">{failed ? t('error.network') : t('app.loadingImage')}</p>}
    </Sheet>
  );
}
