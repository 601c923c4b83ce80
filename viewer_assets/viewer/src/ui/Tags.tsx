import { useEffect, useState } from 'preact/hooks';
import type { Attribute } from '../dicomweb/attributes';
import { t } from '../i18n';
import { withActive } from '../panes';
import * as state from '../state';
import { clip } from './text';

const LONGEST = 400;
const MOST_ROWS = 1500;

function Row({ attribute, open }: { attribute: Attribute; open: boolean }) {
  const { tag, vr, name, chinese, value, items } = attribute;
  const [copied, setCopied] = useState(false);
  const title = (
    <>
      <code>{tag}</code> <i>{vr}</i> <b>{chinese === '' ? name : `${chinese} `}</b>
      {chinese !== '' && <small>{name}</small>}
    </>
  );
  if (items.length > 0) {
    return (
      <details class="tag" open={open}>
        <summary>
          {title} <small>{t('tags.items', { count: items.length })}</small>
        </summary>
        {items.map((item, at) => (
          <div key={at} class="tag-item">
            {item.map((inner) => (
              <Row key={inner.tag} attribute={inner} open={open} />
            ))}
          </div>
        ))}
      </details>
    );
  }
  return (
    <div class="tag" data-testid="tag-row" data-tag={tag}>
      {title}
      <span class="tag-value">{clip(value, LONGEST)}</span>
      {value !== '' && (
        <button
          type="button"
          class="copy"
          title={t('tags.copy')}
          onClick={() => {
            void navigator.clipboard.writeText(value).then(() => {
              setCopied(true);
            });
          }}
        >
          {t(copied ? 'tags.copied' : 'tags.copy')}
        </button>
      )}
    </div>
  );
}

/** All attributes of the picture that is shown. */
export default function Tags() {
  const [attributes, setAttributes] = useState<Attribute[] | null>(null);
  const [words, setWords] = useState('');
  const [module, setModule] = useState<typeof import('../dicomweb/attributes') | null>(null);
  const { shownIndex } = state.view.value;
  useEffect(() => {
    void import('../dicomweb/attributes').then((loaded) => {
      setModule(loaded);
      withActive((pane) => {
        const dataset = pane.images[shownIndex]?.dataset;
        setAttributes(dataset ? loaded.attributesOf(dataset) : []);
      });
    });
  }, [shownIndex, state.current.value]);
  if (!module || !attributes) return <p class="waiting">{t('app.loadingImage')}</p>;
  const found = module.search(attributes, words);
  return (
    <div class="tags">
      <input
        type="search"
        value={words}
        placeholder={t('tags.search')}
        aria-label={t('tags.search')}
        data-testid="tags-search"
        onInput={(event) => {
          setWords(event.currentTarget.value);
        }}
      />
      {found.length === 0 && <p class="waiting">{t('tags.none')}</p>}
      {found.slice(0, MOST_ROWS).map((attribute) => (
        <Row key={attribute.tag} attribute={attribute} open={words.trim() !== ''} />
      ))}
    </div>
  );
}
