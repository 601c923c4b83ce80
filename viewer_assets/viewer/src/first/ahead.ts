import { instancePath, type DicomWeb } from '../dicomweb/client';
import { isSlowLine } from '../dicomweb/line';
import type { Overview, SeriesSummary, StudySummary } from '../dicomweb/types';
import { isPicture, isStack } from '../objects/kind';
import { firstPicture, type First } from './first';

const PREVIEW_AHEAD_MS = 1000;

/** Of one series: the server's picture of it, and the one with all its values. */
export interface Standin {
  /** JPEG. Rejects as any request does. */
  preview: Promise<Blob>;
  /** Undefined when it has to wait for the engine. */
  first: Promise<First | undefined>;
}

/**
 * Asks for both at once; on a slow line the preview goes before, for a while, and the request for the
 * other is on its way while its bytes come. Without `whole` for the preview alone: once the engine runs
 * it is as fast.
 */
export function askStandin(client: DicomWeb, study: StudySummary, series: SeriesSummary, whole: boolean, signal?: AbortSignal): Standin {
  const frame = series.frame_count > series.instance_count ? '/frames/1' : '';
  let answer: () => void = () => undefined;
  const answered = new Promise<void>((resolve) => { answer = resolve; });
  const preview = client.rendered(instancePath(study.uid, series.uid, series.representative) + frame, signal, undefined, answer);
  if (!whole) return { preview, first: Promise.resolve(undefined) };
  const first = () => firstPicture(client, study, series, signal);
  if (!isSlowLine()) return { preview, first: first() };
  const refused = preview.then(() => undefined, () => undefined);
  const late = new Promise((resolve) => { setTimeout(resolve, PREVIEW_AHEAD_MS); });
  return { preview, first: Promise.race([answered, refused, late]).then(first) };
}

/** The study's description and its first picture, asked for while the application's own code is still coming. */
export class Ahead {
  readonly overview: Promise<Overview>;
  /** Settled when the picture has been asked for, or there is none to ask for. */
  readonly asked: Promise<void>;
  private standin: { series: string; of: Standin } | undefined;
  private bare: HTMLElement | undefined;

  constructor(
    client: DicomWeb,
    readonly study: string,
    private readonly lang: string | null,
  ) {
    this.overview = client.overview(study);
    this.asked = this.overview.then(
      (overview) => { this.ask(client, overview); },
      // The application asks for it, too, and tells what is wrong.
      () => undefined,
    );
  }

  /** What was asked for of this series, once. */
  take(series: string): Standin | undefined {
    const taken = this.standin?.series === series ? this.standin.of : undefined;
    this.standin = undefined;
    return taken;
  }

  /** The application shows a picture of its own, or why there is none. */
  uncover(): void {
    this.bare?.remove();
    this.standin = undefined;
    this.bare = undefined;
  }

  private ask(client: DicomWeb, { study, series }: Overview): void {
    const first = series.find(isPicture);
    if (!first || !isStack(first)) return;
    const of = askStandin(client, study, first, true);
    this.standin = { series: first.uid, of };
    of.preview.then(
      (blob) => {
        if (isSlowLine() && this.standin) this.bare = showBare(blob, this.lang);
      },
      () => undefined,
    );
  }
}

/** The preview on the bare page, where the application will show it. Its dictionaries have not come yet. */
function showBare(blob: Blob, lang: string | null): HTMLElement {
  const cover = document.createElement('div');
  cover.className = 'cover bare';
  const picture = document.createElement('img');
  picture.className = 'preview';
  picture.dataset.testid = 'preview';
  picture.alt = '';
  const url = URL.createObjectURL(blob);
  picture.onload = () => { URL.revokeObjectURL(url); };
  picture.src = url;
  const mark = document.createElement('span');
  mark.className = 'preview-mark';
  mark.textContent = lang?.startsWith('en') === true ? 'Preview' : '预览';
  cover.append(picture, mark);
  document.body.prepend(cover);
  return cover;
}
