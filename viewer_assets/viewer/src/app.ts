import { DicomWeb } from './dicomweb/client';
import { asViewerError, type ErrorCode } from './dicomweb/errors';
import { chooseLanguage, language } from './i18n';
import { firstLayout } from './layout';
import * as panes from './panes';
import * as state from './state';
import { keepLaunch, takeLaunch, TicketKeeper, type Launch } from './ticket';
import { isPicture } from './ui/kinds';

const THUMBNAILS_AT_ONCE = 3;

let client: DicomWeb;

/** Takes the launch out of the address and shows the first study's first picture. */
export async function startApp(): Promise<void> {
  const launch = takeLaunch(location, history, sessionStorage);
  chooseLanguage(launch?.lang ?? null);
  addEventListener('hashchange', () => {
    if (location.hash !== '') location.reload();
  });
  addEventListener('online', () => {
    if (state.connection.value !== 'ok') retry();
  });
  if (!launch) {
    state.fatal.value = { code: 'noLaunch', detail: '' };
    return;
  }
  client = new DicomWeb(keeper(launch), (connection) => {
    state.connection.value = connection;
  });
  panes.start(client, endSession);
  await openStudies(launch.studies);
}

function keeper(launch: Launch): TicketKeeper {
  return new TicketKeeper(
    launch.ticket,
    (ticket) => {
      keepLaunch(sessionStorage, { ...launch, ticket, lang: language.value });
    },
    () => {
      endSession('ticket_expired');
    },
  );
}

function endSession(code: ErrorCode): void {
  state.fatal.value = { code, detail: '' };
  panes.closeAll();
}

async function openStudies(uids: string[]): Promise<void> {
  state.fatal.value = null;
  try {
    const overviews = await Promise.all(uids.map((uid) => client.overview(uid)));
    state.studies.value = overviews;
    const first = state.allSeries.value.find(({ series }) => isPicture(series)) ?? state.allSeries.value[0];
    if (first) {
      panes.arrange(firstLayout(overviews, state.phone.value));
      await panes.fill(first);
    } else {
      state.fatal.value = { code: overviews.some(({ study }) => study.withheld > 0) ? 'withheld' : 'empty_series', detail: '' };
    }
    void loadThumbnails();
  } catch (error) {
    panes.report(error, 'bad_response');
  }
}

/** The user tries again after a failure, wherever it was. */
export function retry(): void {
  state.connection.value = 'ok';
  if (state.fatal.value || !state.current.value) location.reload();
  else panes.retry();
}

async function loadThumbnails(): Promise<void> {
  const queue = state.allSeries.value.filter(({ series }) => isPicture(series));
  const work = async () => {
    for (let next = queue.shift(); next; next = queue.shift()) {
      const { study, series } = next;
      try {
        const url = URL.createObjectURL(await client.thumbnail(study.uid, series.uid));
        state.thumbnails.value = new Map(state.thumbnails.value).set(series.uid, url);
      } catch (error) {
        // The list shows the series without a picture.
        asViewerError(error, 'bad_response');
      }
    }
  };
  await Promise.all(Array.from({ length: THUMBNAILS_AT_ONCE }, work));
}
