import type { Key } from './zh_CN';

export const en: Record<Key, string> = {
  'save.save': 'Save marks',
  'save.saving': 'Saving…',
  'save.unsaved': 'Marks not saved',
  'save.saved': 'Marks saved',
  'save.loading': 'Reading the saved marks…',
  'save.loadFailed': 'The saved marks could not be read ({reason}); try again',
  'save.failed': 'Not saved: {reason} The marks are still here; do not close the page',
  'save.merged': 'You saved marks elsewhere in the meantime; they were added here. Look through them and save again',
  'save.noRoom': 'The server’s disk is full; tell the hospital’s IT department.',
  'save.mayNot': 'You may not save marks; ask the hospital’s administrator.',
  'save.retry': 'Try again',
  'others.title': 'Other readers’ marks',
  'others.unnamed': 'Unnamed',
  'others.entry': '{author}, {date} ({count} marks)',
  'others.undated': 'no date',
  'others.unplaced': '{count} of them lie in series that have not been opened',
  'keys.save': 'Ctrl + S',
};
