import { DicomWeb } from '../dicomweb/client';
import { takeLaunch, TicketKeeper, type Launch } from '../ticket';
import { Ahead } from './ahead';

/** What the page was opened with, and what was begun with it before the application has come. */
export interface Session {
  launch: Launch;
  tickets: TicketKeeper;
  client: DicomWeb;
  ahead: Ahead;
}

/** Takes the launch out of the address and asks for the first picture; null without a launch. */
export function begin(): Session | null {
  const launch = takeLaunch(location, history, sessionStorage);
  const study = launch?.studies[0];
  if (!launch || study === undefined) return null;
  const tickets = new TicketKeeper(launch.ticket);
  const client = new DicomWeb(tickets);
  return { launch, tickets, client, ahead: new Ahead(client, study, launch.lang) };
}
