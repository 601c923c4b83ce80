import { describe, expect, it } from 'vitest';
import type { Overview, SeriesSummary } from '../src/dicomweb/types';
import { firstLayout, seriesFor } from '../src/layout';
import type { OpenSeries } from '../src/state';

const study = { uid: '1' } as Overview['study'];
const series = (uid: string, modality = 'MR') => ({ uid, modality, viewable: true, sop_class: '1.2.840.10008.5.1.4.1.1.4', transfer_syntax: '1.2.840.10008.1.2.1' }) as SeriesSummary;
const all: OpenSeries[] = ['a', 'b', 'c'].map((uid) => ({ study, series: series(uid) }));
const [a, b, c] = all as [OpenSeries, OpenSeries, OpenSeries];
const overview = (...items: SeriesSummary[]): Overview => ({ study, series: items });
const uids = (items: (OpenSeries | null)[]) => items.map((item) => item?.series.uid ?? null);

describe('the first layout', () => {
  it('hangs projections and sequences side by side on a desktop, and one picture on a phone', () => {
    const chest = [overview(series('pa', 'DX'), series('lat', 'DX'))];
    expect(firstLayout(chest, false)).toEqual({ rows: 1, columns: 2, film: false });
    expect(firstLayout(chest, true)).toEqual({ rows: 1, columns: 1, film: false });
    expect(firstLayout([overview(...all.map((item) => item.series))], false)).toEqual({ rows: 1, columns: 2, film: false });
    expect(firstLayout([overview(series('x', 'CT'), series('y', 'CT'))], false)).toEqual({ rows: 1, columns: 1, film: false });
    expect(firstLayout([overview(series('x', 'DX'))], false)).toEqual({ rows: 1, columns: 1, film: false });
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
