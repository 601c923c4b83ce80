// @vitest-environment happy-dom
import { beforeEach, describe, expect, it, vi } from 'vitest';
import type { DicomWeb } from '../src/dicomweb/client';
import type { ErrorCode } from '../src/dicomweb/errors';
import type { LiveMark, MarkRecord, SavedDocument } from '../src/measurements/record';

const STUDY = '1.2.3';

function mark(tracking: string, more: Partial<MarkRecord> = {}): MarkRecord {
  return { kind: 'probe', tracking, instance: '1.2.3.1.1', frame: 1, points: [[1, 1]], closed: false, text: '', numbers: [], ...more };
}

/** A page with an engine that draws what lies on pictures that are open, and a node that keeps documents. */
async function page(documents: SavedDocument[], rights = ['view', 'annotate'], away = false) {
  vi.resetModules();
  const state = await import('../src/state');
  const session = await import('../src/measurements/session');
  const { ViewerError } = await import('../src/dicomweb/errors');
  const failure = (status: number, code: ErrorCode = 'bad_response') => new ViewerError(code, '', status);
  state.rights.value = rights;
  state.studies.value = [];
  const drawn = new Map<string, LiveMark & { author?: string }>();
  const openPictures = new Set(['1.2.3.1.1']);
  const puts: { base: string; marks: MarkRecord[] }[] = [];
  const node = { documents, failure: (away ? failure(503, 'unavailable') : undefined) as Error | undefined, gets: 0 };
  const changed = () => {
    state.measurements.value = [...state.measurements.value];
  };
  const client = {
    get: () => {
      node.gets += 1;
      return node.failure ? Promise.reject(node.failure) : Promise.resolve({ documents: node.documents });
    },
    once: (_path: string, _accept: string, _signal: unknown, _headers: unknown, { body }: RequestInit) => {
      if (node.failure) return Promise.reject(node.failure);
      const put = JSON.parse(body as string) as { base: string; marks: MarkRecord[] };
      const mine = node.documents.find((one) => one.mine);
      if (put.base !== (mine?.document ?? '')) return Promise.reject(failure(409));
      puts.push(put);
      return Promise.resolve(new Response(JSON.stringify({ document: `1.2.${puts.length}` })));
    },
  } as unknown as DicomWeb;
  let ids = 0;
  const host = {
    marks: {
      records: () => [...drawn.values()].filter(({ author }) => author === undefined),
      place: (record: MarkRecord, author?: string) => {
        if (!openPictures.has(record.instance)) return undefined;
        const id = author === undefined ? record.tracking : `foreign-${(ids += 1)}`;
        drawn.set(id, { study: STUDY, record, ...(author === undefined ? {} : { author }) });
        return id;
      },
      withdraw: (id: string) => void drawn.delete(id),
    },
    refresh: changed,
  };
  const draw = (record: MarkRecord) => {
    drawn.set(record.tracking, { study: STUDY, record });
    changed();
  };
  await session.opened(STUDY, client, host);
  return { failure, session, state, drawn, draw, openPictures, puts, node, open: () => session.opened(STUDY, client, host), changed };
}

const saved = (document: string, marks: MarkRecord[], more: Partial<SavedDocument> = {}): SavedDocument => ({ document, author: '王医生', mine: true, saved: null, marks, ...more });

beforeEach(() => {
  vi.restoreAllMocks();
});

describe('marks that were saved', () => {
  it('are drawn when the study opens, and are not unsaved', async () => {
    const { session, drawn } = await page([saved('1.9', [mark('1.1')])]);
    expect([...drawn.keys()]).toEqual(['1.1']);
    expect(session.unsaved.value).toBe(false);
  });

  it('on pictures that are not open wait for these, and are saved again with the others', async () => {
    const { session, drawn, draw, puts, open, openPictures } = await page([saved('1.9', [mark('1.1', { instance: '1.2.3.2.1' })])]);
    expect(drawn.size).toBe(0);
    expect(session.unsaved.value).toBe(false);
    draw(mark('1.2'));
    await session.save();
    expect(puts).toEqual([{ base: '1.9', marks: [mark('1.1', { instance: '1.2.3.2.1' }), mark('1.2')] }]);
    openPictures.add('1.2.3.2.1');
    await open();
    expect([...drawn.keys()].sort()).toEqual(['1.1', '1.2']);
    expect(session.unsaved.value).toBe(false);
  });

  it('that cannot be read are told of, and asked for again', async () => {
    const { session, node, drawn } = await page([saved('1.9', [mark('1.1')])], undefined, true);
    expect(session.problem.value?.text).toContain('未能读取');
    expect(drawn.size).toBe(0);
    node.failure = undefined;
    session.problem.value?.again();
    await vi.waitFor(() => {
      expect(drawn.size).toBe(1);
    });
    expect(session.problem.value).toBeNull();
  });
});

describe('saving', () => {
  it('sends what is drawn once, follows its own document, and sends nothing when nothing changed', async () => {
    const { session, node, draw, drawn, puts, changed } = await page([]);
    draw(mark('1.1'));
    expect(session.unsaved.value).toBe(true);
    await session.save();
    expect(session.unsaved.value).toBe(false);
    await session.save();
    expect(puts).toHaveLength(1);
    node.documents = [saved('1.2.1', [mark('1.1')])];
    drawn.clear();
    changed();
    expect(session.unsaved.value).toBe(true);
    await session.save();
    expect(puts[1]).toEqual({ base: '1.2.1', marks: [] });
  });

  it('that fails says why and keeps the marks', async () => {
    const { session, node, draw, drawn, failure } = await page([]);
    draw(mark('1.1'));
    for (const [error, words] of [
      [failure(507), '磁盘空间不足'],
      [failure(403, 'permission_denied'), '没有保存标注的权限'],
      [new TypeError('gone'), '网络'],
    ] as const) {
      node.failure = error;
      await session.save();
      expect(session.problem.value?.text).toContain('未保存');
      expect(session.problem.value?.text).toContain(words);
      expect(session.unsaved.value).toBe(true);
      expect(drawn.size).toBe(1);
    }
    node.failure = undefined;
    session.problem.value?.again();
    await vi.waitFor(() => {
      expect(session.unsaved.value).toBe(false);
    });
  });

  it('of what was saved elsewhere meanwhile brings both together first', async () => {
    const { session, node, draw, drawn, puts } = await page([saved('1.9', [mark('1.1')])]);
    node.documents = [saved('1.10', [mark('1.1'), mark('1.5')])];
    draw(mark('1.2'));
    await session.save();
    expect(puts).toEqual([]);
    expect(session.merged.value).toBe(true);
    expect([...drawn.keys()].sort()).toEqual(['1.1', '1.2', '1.5']);
    expect(session.unsaved.value).toBe(true);
    await session.save();
    expect(puts[0]?.base).toBe('1.10');
    expect(puts[0]?.marks.map(({ tracking }) => tracking).sort()).toEqual(['1.1', '1.2', '1.5']);
    expect(session.merged.value).toBe(false);
  });

  it('is not there without the right, nor for an anonymous study: nothing is sent', async () => {
    const { session, state, draw, puts } = await page([], ['view']);
    draw(mark('1.1'));
    await session.save();
    expect([session.mayAnnotate.value, session.unsaved.value, puts.length]).toEqual([false, false, 0]);
    state.rights.value = ['view', 'annotate'];
    expect(session.unsaved.value).toBe(true);
    state.studies.value = [{ study: { anonymous: true }, series: [] }] as never;
    expect([session.mayAnnotate.value, session.unsaved.value]).toEqual([false, false]);
  });

  it('is asked for before the page is left with unsaved marks', async () => {
    const { draw } = await page([]);
    draw(mark('1.1'));
    const leaving = new Event('beforeunload', { cancelable: true });
    dispatchEvent(leaving);
    expect(leaving.defaultPrevented).toBe(true);
  });
});

describe('other readers’ marks', () => {
  const theirs = saved('1.8', [mark('7.1'), mark('7.2', { instance: '1.2.3.2.1' })], { mine: false, author: '<b>李医生' });

  it('are off until they are asked for, and go again', async () => {
    const { session, drawn, draw, puts, openPictures, open } = await page([theirs]);
    expect(drawn.size).toBe(0);
    const [other] = session.others.value;
    if (other) session.show(other, true);
    expect([...drawn.values()].map(({ author }) => author)).toEqual(['<b>李医生']);
    expect(session.unsaved.value).toBe(false);
    openPictures.add('1.2.3.2.1');
    await open();
    expect(drawn.size).toBe(2);
    draw(mark('1.1'));
    await session.save();
    expect(puts[0]?.marks).toEqual([mark('1.1')]);
    const [shown] = session.others.value;
    if (shown) session.show(shown, false);
    expect([...drawn.keys()]).toEqual(['1.1']);
  });
});
