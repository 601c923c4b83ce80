import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { Questions } from '../../src/volume/remote/questions';

type Said = { type: string; seq: number } & Record<string, unknown>;

let said: Said[];
let questions: Questions;
const types = () => said.map(({ type }) => type);
const settle = () => vi.advanceTimersByTimeAsync(0);

beforeEach(() => {
  vi.useFakeTimers();
  said = [];
  let seq = 0;
  questions = new Questions(
    (message) => {
      said.push(message as Said);
      return true;
    },
    () => ++seq,
  );
});
afterEach(() => {
  vi.useRealTimers();
});

describe('questions', () => {
  it('get their own answers, in whatever order these come', async () => {
    const [one, other] = [questions.ask('probe', { pane: 0 }), questions.ask('probe', { pane: 1 })];
    questions.hear({ type: 'value', seq: 2, value: 20 });
    questions.hear({ type: 'value', seq: 1, value: 10 });
    expect(await one).toMatchObject({ value: 10 });
    expect(await other).toMatchObject({ value: 20 });
  });

  it('are done again in another session after what was done before, one cut after the other', async () => {
    void questions.ask('cut', { outline: 'third' });
    said.length = 0;
    void questions.restart([{ type: 'cut', content: { outline: 'first' } }, { type: 'background', content: {} }]);
    expect(said).toEqual([{ type: 'cut', seq: 2, outline: 'first' }]);
    questions.hear({ type: 'cuts', seq: 2, count: 1, taken: 5 });
    await settle();
    expect(types()).toEqual(['cut', 'background']);
    questions.hear({ type: 'cuts', seq: 3, count: 2, taken: 5 });
    await settle();
    expect(said.at(-1)).toEqual({ type: 'cut', seq: 1, outline: 'third' });
  });

  it('are not done twice when the line breaks off while they are done again', async () => {
    const done = [{ type: 'cut', content: { outline: 'first' } }];
    void questions.restart(done);
    said.length = 0;
    void questions.restart(done);
    await settle();
    expect(types()).toEqual(['cut']);
  });

  it('that a lost worker forgot are asked again, cuts are left to the node', () => {
    void questions.ask('cut', {});
    void questions.ask('probe', {});
    void questions.ask('pick', {});
    said.length = 0;
    questions.repeat();
    expect(types()).toEqual(['probe', 'pick']);
  });

  it('that were refused end without an answer, others wait on', async () => {
    const refused = questions.ask('probe', { point: [1e9, 0, 0] });
    const other = questions.ask('cut', { outline: [] });
    questions.refused('point');
    expect(await refused).toBeUndefined();
    questions.hear({ type: 'cuts', seq: 2, count: 1, taken: 1 });
    expect(await other).toMatchObject({ count: 1 });
  });

  it('end without an answer when none comes, and when the reader leaves', async () => {
    const late = questions.ask('probe', {});
    vi.advanceTimersByTime(60_000);
    expect(await late).toBeUndefined();
    const left = questions.ask('probe', {});
    questions.close();
    expect(await left).toBeUndefined();
  });
});
