import { describe, expect, it } from 'vitest';
import type { Overview, SeriesSummary } from '../src/dicomweb/types';
import { BUILT_IN_RULES, isHangingRule, layoutOf, priorFor, ruleFor, type HangingRule } from '../src/hanging';
import { seriesFor, SINGLE } from '../src/layout';
import type { Prior } from '../src/portal';
import type { OpenSeries } from '../src/state';

const study = { uid: '1' } as Overview['study'];
const series = (uid: string, modality = 'MR') => ({ uid, modality, body_part: '', description: '', viewable: true, sop_class: '1.2.840.10008.5.1.4.1.1.4', transfer_syntax: '1.2.840.10008.1.2.1' }) as SeriesSummary;
const all: OpenSeries[] = ['a', 'b', 'c'].map((uid) => ({ study, series: series(uid) }));
const [a, b, c] = all as [OpenSeries, OpenSeries, OpenSeries];
const overview = (...items: SeriesSummary[]): Overview => ({ study, series: items });
const uids = (items: (OpenSeries | null)[]) => items.map((item) => item?.series.uid ?? null);

describe('the first layout', () => {
  const on = (study_: Overview, phone: boolean, rules: readonly HangingRule[] = BUILT_IN_RULES) => {
    const found = ruleFor(rules, study_, phone);
    return found ? layoutOf(found, study_.series) : SINGLE;
  };
  const chest = overview(series('pa', 'DX'), series('lat', 'DX'));
  const made = (change: Partial<HangingRule>): HangingRule => ({ ...BUILT_IN_RULES[0]!, ...change });

  it('hangs projections and sequences side by side on a desktop, and one picture on a phone', () => {
    expect(on(chest, false)).toEqual({ rows: 1, columns: 2, film: false });
    expect(on(chest, true)).toEqual({ rows: 1, columns: 1, film: false });
    expect(on(overview(...all.map((item) => item.series)), false)).toEqual({ rows: 1, columns: 2, film: false });
    expect(on(overview(...['a', 'b', 'c', 'd', 'e'].map((uid) => series(uid))), false)).toEqual({ rows: 2, columns: 2, film: false });
    expect(on(overview(series('x', 'CT'), series('y', 'CT')), false)).toEqual(SINGLE);
    expect(on(overview(series('x', 'DX')), false)).toEqual(SINGLE);
  });

  it('is by the own hospital first, then by the body part', () => {
    const rules = [made({ rows: 3, columns: 3 }), made({ body_parts: ['胸'] }), made({ hospital: 'H2', rows: 4, columns: 4 }), made({ hospital: 'H1', rows: 2, columns: 2 })];
    const of = (hospital: string, part: string) => ruleFor(rules, { study: { uid: '1', hospital } as Overview['study'], series: [{ ...series('x', 'CR'), body_part: part, description: '' }] }, false);
    expect(of('H1', '胸部')?.rows).toBe(2);
    expect(of('H3', '胸部')?.body_parts).toEqual(['胸']);
    expect(of('H3', '')?.rows).toBe(3);
  });

  it('tiles the first series, in no more places than it has pictures', () => {
    const film = [made({ modality: 'CT', rows: 2, columns: 4, content: 'film' })];
    const ct = (frame_count: number) => overview({ ...series('x', 'CT'), frame_count });
    expect(on(ct(64), false, film)).toEqual({ rows: 2, columns: 4, film: true });
    expect(on(ct(5), false, film)).toEqual({ rows: 2, columns: 2, film: true });
    expect(on(ct(1), false, film)).toEqual(SINGLE);
  });

  it('waits for the earlier study, the newest of the same modality', () => {
    const prior = (uid: string, date: string | null, modality = 'CT') => ({ uid, date, modality }) as Prior;
    const today: Overview = { study: { uid: '1', date: '2026-05-01' } as Overview['study'], series: [series('x', 'CT')] };
    expect(layoutOf(made({ content: 'prior' }), today.series)).toEqual(SINGLE);
    expect(priorFor(today, [prior('a', '2025-01-01'), prior('b', '2026-02-01'), prior('c', '2026-06-01'), prior('d', '2026-04-01', 'MR'), prior('e', null)])?.uid).toBe('b');
    expect(priorFor(today, [])).toBeUndefined();
  });

  it('is by no rule that the portal did not mean', () => {
    expect(isHangingRule(made({}))).toBe(true);
    for (const wrong of [null, {}, made({ rows: 9 }), made({ window: { width: 0, center: 1 } }), { ...made({}), content: 'x' }, { ...made({}), body_parts: [1] }]) {
      expect(isHangingRule(wrong)).toBe(false);
    }
  });
});

describe('the series of a layout', () => {
  const two = { rows: 1, columns: 2, film: false };

  it('keep their place, and new panes get the next ones', () => {
    expect(uids(seriesFor(b, two, [b, null], all))).toEqual(['b', 'c']);
    expect(uids(seriesFor(c, two, [c, null], all))).toEqual(['c', 'a']);
  });

  it('leave panes empty when there are no more', () => {
    expect(uids(seriesFor(a, { rows: 2, columns: 2, film: false }, [a, null, null, null], all))).toEqual(['a', 'b', 'c', null]);
  });

  it('are one in a film, and differ again after it', () => {
    expect(uids(seriesFor(b, { ...two, film: true }, [a, c], all))).toEqual(['b', 'b']);
    expect(uids(seriesFor(b, two, [b, b], all))).toEqual(['b', 'c']);
  });
});
