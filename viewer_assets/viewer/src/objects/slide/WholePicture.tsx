import { useState } from 'preact/hooks';
import type { DicomWeb } from '../../dicomweb/client';
import { asViewerError } from '../../dicomweb/errors';
import { problemText } from '../../ui/kinds';
import { Push } from '../controls';
import { useAddress, useLoaded } from '../instances';
import { to } from '../texts';

/** The label, or the whole glass, which may bear a name: fetched only when it is asked for. */
export function WholePicture({ client, path, title, onClose }: { client: DicomWeb; path: string; title: string; onClose: () => void }) {
  const [problem, setProblem] = useState<string | null>(null);
  const blob = useLoaded((signal) => client.rendered(path, signal), [path], (error) => {
    const { code, message } = asViewerError(error, 'bad_response');
    setProblem(problemText({ code, detail: message }));
  });
  const address = useAddress(blob);
  return (
    <figure class="slide-whole" data-testid="slide-whole" onPointerDown={(event) => { event.stopPropagation(); }}>
      <figcaption>{title}<Push name="slide-whole-close" label={to('slide.close')} onPress={onClose} /></figcaption>
      {address !== null ? <img src={address} alt="" /> : <p class="waiting">{problem ?? to('object.loading')}</p>}
    </figure>
  );
}
