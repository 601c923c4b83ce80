import type { FunctionComponent } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import { asViewerError } from '../dicomweb/errors';
import { t } from '../i18n';
import type { ObjectKind } from './kind';
import { COMPONENTS, type ObjectComponent, type ObjectProps } from './registry';

/** An object that is no stack of pictures; what shows it is fetched when it is opened first. */
export const ObjectView: FunctionComponent<ObjectProps & { kind: ObjectKind }> = ({ kind, ...props }) => {
  const [Component, setComponent] = useState<{ it: ObjectComponent } | null>(null);
  useEffect(() => {
    let wanted = true;
    COMPONENTS[kind]().then(
      (module) => {
        if (wanted) setComponent({ it: module.default });
      },
      (error: unknown) => {
        // The browser reports a chunk that did not arrive as TypeError.
        if (wanted) props.onError(asViewerError(error, 'network'));
      },
    );
    return () => { wanted = false; };
  }, [kind]);
  return (
    <div class="object" data-testid="object" data-kind={kind}>
      {Component ? <Component.it key={props.series.uid} {...props} /> : <p class="waiting">{t('app.loadingObject')}</p>}
    </div>
  );
};
