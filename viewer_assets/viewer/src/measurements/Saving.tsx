import { language } from '../i18n';
import * as state from '../state';
import { clip } from '../ui/text';
import './measurements.css';
import { authorOf, busy, mayAnnotate, merged, others, problem, save, show, unsaved, type Other } from './session';
import { ts } from './texts';

const LONGEST_NAME = 40;

/** Whether the marks are saved, and the way to have them so. */
export function SaveRow() {
  const wrong = problem.value;
  if (wrong) {
    return (
      <div class="save-row wrong" role="alert" data-testid="marks-problem">
        <span>{wrong.text}</span>
        <button type="button" class="plain" data-testid="marks-again" onClick={wrong.again}>
          {ts('save.retry')}
        </button>
      </div>
    );
  }
  if (!mayAnnotate.value || (state.measurements.value.length === 0 && !unsaved.value)) return null;
  const doing = busy.value;
  const word = doing ? `save.${doing}` : unsaved.value ? 'save.unsaved' : 'save.saved';
  return (
    <>
      {merged.value && <p class="save-row wrong" role="alert" data-testid="marks-merged">{ts('save.merged')}</p>}
      <div class={unsaved.value ? 'save-row unsaved' : 'save-row'} role="status" data-testid="marks-state" data-unsaved={unsaved.value}>
        <span>{ts(word as 'save.saved')}</span>
        {unsaved.value && (
          <button type="button" class="plain" title={`${ts('save.save')} (Ctrl + S)`} disabled={doing !== null} data-testid="marks-save" onClick={() => void save()}>
            {ts('save.save')}
          </button>
        )}
      </div>
    </>
  );
}

function dateText(saved: string | null): string {
  const at = saved === null ? NaN : Date.parse(saved);
  if (Number.isNaN(at)) return ts('others.undated');
  return new Intl.DateTimeFormat(language.value === 'en' ? 'en-GB' : 'zh-CN', { dateStyle: 'medium', timeStyle: 'short' }).format(at);
}

function Entry({ other }: { other: Other }) {
  const { document, shown, ids } = other;
  const count = document.marks.length;
  const unplaced = count - ids.size;
  return (
    <label class="other">
      <input type="checkbox" checked={shown} data-testid="marks-other" onChange={() => { show(other, !shown); }} />
      <span>
        {ts('others.entry', { author: clip(authorOf(document), LONGEST_NAME), date: dateText(document.saved), count })}
        {shown && unplaced > 0 && <small>{ts('others.unplaced', { count: unplaced })}</small>}
      </span>
    </label>
  );
}

/** Other readers' marks, each to be shown or not. */
export function OthersList() {
  if (others.value.length === 0) return null;
  return (
    <fieldset class="others">
      <legend>{ts('others.title')}</legend>
      {others.value.map((other, at) => (
        <Entry key={at} other={other} />
      ))}
    </fieldset>
  );
}

export const saveKeys = (): [string, string] => [ts('keys.save'), ts('save.save')];
