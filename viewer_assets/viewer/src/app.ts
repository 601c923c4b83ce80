import type { DicomWeb } from './dicomweb/client';
import { isSlowLine } from './dicomweb/line';
import { asViewerError, type ErrorCode } from './dicomweb/errors';
import { chooseLanguage, language } from './i18n';
import { extendTicket, fetchHangingRules, fetchPresets, fetchPriors, type Prior } from './portal';
import type { Session } from './first/session';
import { BUILT_IN_RULES, layoutOf, priorFor, ruleFor, type HangingRule } from './hanging';
import { SINGLE } from './layout';
import * as panes from './panes';
import * as state from './state';
import { isPicture, objectKind } from './objects/kind';
import { keepLaunch, readClaims, type Launch, type TicketKeeper } from './ticket';

const THUMBNAILS_AT_ONCE = 3;

let client: DicomWeb;
let tickets: TicketKeeper;
let open: Launch;

/** Shows the first study's first picture. */
export async function startApp(session: Session | null): Promise<void> {
  await chooseLanguage(session?.launch.lang ?? null);
  addEventListener('hashchange', () => {
    if (location.hash !== '') location.reload();
  });
  addEventListener('online', () => {
    if (state.connection.value !== 'ok') retry();
  });
  if (!session) {
    state.fatal.value = { code: 'noLaunch', detail: '' };
    return;
  }
  ({ launch: open, tickets, client } = session);
  follow(tickets);
  client.onConnection = (connection) => {
    state.connection.value = connection;
  };
  panes.start(client, endSession, session.ahead);
  void loadPresets();
  const hung = await openStudies(session, hangingRules());
  await loadPriors();
  if (hung) await hangPrior(hung);
}

function follow(keeper: TicketKeeper): void {
  const take = (ticket: string) => {
    state.rights.value = rights(ticket);
    keep({ ticket });
  };
  keeper.onRenewed = take;
  keeper.onRefused = () => {
    endSession('ticket_expired');
  };
  take(keeper.current);
}

function keep(change: Partial<Launch>): void {
  open = { ...open, ...change, lang: language.value };
  keepLaunch(sessionStorage, open);
}

function rights(ticket: string): readonly string[] {
  return readClaims(ticket)?.perms ?? [];
}

function endSession(code: ErrorCode): void {
  state.fatal.value = { code, detail: '' };
  panes.closeAll();
}

/** The rule by which the study was hung, when it is one alone. */
async function openStudies({ launch, ahead }: Session, rules: Promise<readonly HangingRule[]>): Promise<HangingRule | undefined> {
  state.fatal.value = null;
  try {
    const overviews = await Promise.all(launch.studies.map((uid) => (uid === ahead.study ? ahead.overview : client.overview(uid))));
    state.studies.value = overviews;
    const first = state.allSeries.value.find(({ series }) => isPicture(series)) ?? state.allSeries.value[0];
    if (first) {
      const [overview] = overviews;
      const rule = overview && overviews.length === 1 ? ruleFor(await rules, overview, state.phone.value) : undefined;
      panes.arrange(rule && overview ? layoutOf(rule, overview.series) : SINGLE);
      // On a slow line they would come between the reader and the picture.
      if (!isSlowLine()) void loadThumbnails();
      await panes.hang(first, rule);
      if (isSlowLine()) void loadThumbnails();
      return rule;
    } else {
      state.fatal.value = { code: overviews.some(({ study }) => study.withheld > 0) ? 'withheld' : 'empty_series', detail: '' };
    }
  } catch (error) {
    panes.report(error, 'bad_response');
  }
  return undefined;
}

/** What an object's component works with: the page's one client. */
export function dicomWeb(): DicomWeb {
  return client;
}

/** Whose ticket the page has, for lines that outlive it. */
export function ticketKeeper(): TicketKeeper {
  return tickets;
}

/** The user tries again after a failure, wherever it was. */
export function retry(): void {
  state.connection.value = 'ok';
  if (state.fatal.value || !state.current.value) location.reload();
  else panes.retry();
}

/** A portal that does not answer soon must not keep the picture away. */
const RULES_MS = 1500;

async function hangingRules(): Promise<readonly HangingRule[]> {
  const late = new Promise<undefined>((resolve) => { setTimeout(resolve, RULES_MS); });
  try {
    return (await Promise.race([fetchHangingRules(), late])) ?? BUILT_IN_RULES;
  } catch (error) {
    asViewerError(error, 'bad_response');
    return BUILT_IN_RULES;
  }
}

/** The newest earlier study beside the open one, unless the reader has arranged the screen meanwhile. */
async function hangPrior({ content, linked }: HangingRule): Promise<void> {
  const [overview] = state.studies.value;
  const prior = content === 'prior' && overview ? priorFor(overview, state.priors.value ?? []) : undefined;
  if (!prior || state.panes.value.length > 1 || state.studies.value.length > 1) return;
  await openPrior(prior, true);
  panes.setLinked(linked);
}

/** The hospital's own windows; the viewer's stay when they cannot be had. */
async function loadPresets(): Promise<void> {
  try {
    state.allPresets.value = (await fetchPresets(language.value)) ?? state.allPresets.value;
  } catch (error) {
    asViewerError(error, 'bad_response');
  }
}

/** Only for who is logged in to the portal: a share shows what was shared. */
export async function loadPriors(): Promise<void> {
  state.priorsFailed.value = false;
  if (!tickets.isUsers || state.studies.value.some(({ study }) => study.anonymous)) return;
  try {
    state.priors.value = await fetchPriors(open.studies);
  } catch (error) {
    asViewerError(error, 'bad_response');
    state.priorsFailed.value = true;
  }
}

/** Opens another study of the patient beside what is open. Rejects when it cannot be. */
export async function openPrior(prior: Prior, compare: boolean): Promise<void> {
  try {
    tickets.replace(await extendTicket(tickets.current, prior.uid));
    const overview = await client.overview(prior.uid);
    keep({ studies: [...open.studies, prior.uid] });
    state.studies.value = [...state.studies.value, overview];
    state.priors.value = (state.priors.value ?? []).filter(({ uid }) => uid !== prior.uid);
    void loadThumbnails();
    const first = overview.series.find(isPicture);
    if (!first) return;
    if (compare) await panes.compare({ study: overview.study, series: first });
    else await panes.openSeries({ study: overview.study, series: first });
  } catch (error) {
    panes.report(error, 'permission_denied');
  }
}

async function loadThumbnails(): Promise<void> {
  const have = state.thumbnails.value;
  const queue = state.allSeries.value.filter(({ series }) => isPicture(series) && objectKind(series) !== 'video' && !have.has(series.uid));
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
