import type { FunctionComponent } from 'preact';
import { signal } from '@preact/signals';
import { dicomWeb } from '../app';
import * as state from '../state';
import type { Action } from './actions';

const Notice = signal<FunctionComponent | null>(null);

/** The study as a file; there only under a ticket that allows it. */
export function downloadActions(): Action[] {
  const study = state.current.value?.study;
  if (!state.rights.value.includes('download') || !study) return [];
  return [{ id: 'download', icon: 'download', label: 'tool.download', run: () => void start(study.uid) }];
}

async function start(study: string): Promise<void> {
  const [{ downloadStudy }, { DownloadNotice }] = await Promise.all([import('../objects/download'), import('../objects/DownloadNotice')]);
  Notice.value = DownloadNotice;
  await downloadStudy(dicomWeb(), study);
}

/** How far the download is; nothing before the first one. */
export function DownloadState() {
  return Notice.value ? <Notice.value /> : null;
}
