import { useEffect, useRef, useState } from 'preact/hooks';
import type { ToolName, Typing } from '../engine/view';
import { t, type Key } from '../i18n';
import { chooseTool } from '../commands';
import { withEngine } from '../panes';
import * as state from '../state';

/** What to do next, stroke by stroke, for tools that do not explain themselves. */
const STEPS: Partial<Record<ToolName, readonly Key[]>> = {
  ratio: ['step.ratio1', 'step.ratio2', 'step.ratio3', 'step.ratio4'],
  cobb: ['step.cobb1', 'step.cobb2'],
  width: ['step.width'],
  path: ['step.path'],
  freehand: ['step.freehand'],
  text: ['step.text'],
  arrow: ['step.arrow'],
  region: ['step.region'],
  magnify: ['step.magnify'],
  rotate: ['step.rotate'],
};

/** The sentence for the chosen tool, and the ways back and out while something is being drawn. */
export function Guide() {
  const tool = state.tool.value;
  const steps = STEPS[tool];
  if (!steps || !state.view.value.shown) return null;
  const { stroke = 0, points = 0 } = state.progress.value ?? {};
  const step = steps[Math.min(stroke, steps.length - 1)];
  const press = (id: string, key: Key, run: () => void) => (
    <button type="button" class="plain" data-testid={id} onClick={run}>
      {t(key)}
    </button>
  );
  return (
    <div class="guide" role="status" data-testid="guide">
      <span>
        {steps.length > 1 && <b>{`${Math.min(stroke, steps.length - 1) + 1}/${steps.length} `}</b>}
        {step && t(step)}
      </span>
      {state.progress.value && (
        <>
          {tool === 'path' && points > 1 && press('guide-finish', 'step.finish', () => { withEngine((engine) => { engine.finishPath(); }); })}
          {press('guide-undo', 'step.undo', () => { withEngine((engine) => { engine.undo(); }); })}
          {press('guide-cancel', 'step.cancel', () => { withEngine((engine) => { engine.cancel(); }); })}
        </>
      )}
      {!state.progress.value && state.phone.value && press('guide-leave', 'step.leave', () => { chooseTool('scroll'); })}
    </div>
  );
}

const WIDTH = 280;
const LONGEST = 200;

function Field({ typing: { id, text, at } }: { typing: Typing }) {
  const [typed, setTyped] = useState(text);
  const input = useRef<HTMLInputElement>(null);
  useEffect(() => {
    input.current?.focus();
  }, []);
  const done = (value: string) => {
    withEngine((engine) => {
      engine.setText(id, value);
    });
  };
  const left = Math.max(8, Math.min(at[0] + 8, innerWidth - WIDTH - 8));
  const top = Math.max(8, Math.min(at[1] - 22, innerHeight - 60));
  return (
    <form
      class="typing"
      style={{ left: `${left}px`, top: `${top}px` }}
      onSubmit={(event) => {
        event.preventDefault();
        done(typed);
      }}
    >
      <input
        ref={input}
        value={typed}
        maxLength={LONGEST}
        aria-label={t('tool.text')}
        placeholder={t('text.placeholder')}
        data-testid="text-field"
        onInput={(event) => {
          setTyped(event.currentTarget.value);
        }}
        onKeyDown={(event) => {
          if (event.key !== 'Escape') return;
          event.stopPropagation();
          done(text);
        }}
      />
      <button type="submit" class="plain" data-testid="text-done">
        {t('text.done')}
      </button>
    </form>
  );
}

/** The field for the text of a mark, beside it. */
export function TextField() {
  const typing = state.typing.value;
  return typing && <Field key={typing.id} typing={typing} />;
}
