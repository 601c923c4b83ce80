import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { DicomWeb } from '../src/dicomweb/client';
import { Ahead } from '../src/first/ahead';

const STUDY = '1.2.3';
const CT = { uid: '4', representative: '5', instance_count: 3, frame_count: 3, viewable: true, sop_class: '1.2.840.10008.5.1.4.1.1.2', transfer_syntax: '1.2.840.10008.1.2.1' };
const REPORT = { ...CT, uid: '9', viewable: false, sop_class: '1.2.840.10008.5.1.4.1.1.88.11' };
const SEGMENTATION = { ...CT, uid: '8', sop_class: '1.2.840.10008.5.1.4.1.1.66.4' };

let asked: string[];

/** A node that answers what was asked with `answers`, in their order of paths, and 404 for the rest. */
function node(answers: Record<string, unknown>): DicomWeb {
  vi.stubGlobal('fetch', (path: string) => {
    asked.push(path);
    const answer = answers[path.replace(/\?.*/, '')];
    if (answer === undefined) return Promise.resolve(Response.json({ error: 'not_found' }, { status: 404 }));
    return Promise.resolve(answer instanceof Blob ? new Response(answer) : Response.json(answer));
  });
  return new DicomWeb({ current: 't', renewNow: () => Promise.reject(new TypeError('offline')) }, '/dicom-web', []);
}

const overview = (...series: object[]) => ({ [`/dicom-web/studies/${STUDY}/overview`]: { study: { uid: STUDY }, series } });
const INSTANCE = `/dicom-web/studies/${STUDY}/series/4/instances/5`;

function line(slow: boolean): void {
  vi.stubGlobal('navigator', { connection: { downlink: slow ? 1.6 : 10 } });
}

beforeEach(() => {
  asked = [];
  line(true);
  vi.stubGlobal('devicePixelRatio', 2);
  vi.stubGlobal('innerWidth', 390);
  vi.stubGlobal('innerHeight', 844);
  vi.stubGlobal('location', { origin: 'http://viewer.test' });
  vi.stubGlobal('document', { createElement: () => ({ dataset: {}, append: vi.fn(), remove: vi.fn() }), body: { prepend: vi.fn() } });
});
afterEach(() => { vi.unstubAllGlobals(); });

describe('before the application has come', () => {
  it('the first series that is a picture is asked for, once', async () => {
    const ahead = new Ahead(node({ ...overview(REPORT, SEGMENTATION, CT), [`${INSTANCE}/rendered`]: new Blob(['jpeg']) }), STUDY, null);
    await ahead.asked;
    expect(ahead.take('9')).toBeUndefined();
    const again = new Ahead(node({ ...overview(CT), [`${INSTANCE}/rendered`]: new Blob(['jpeg']) }), STUDY, null);
    await again.asked;
    const taken = again.take('4');
    expect(await (await taken?.preview)?.text()).toBe('jpeg');
    expect(again.take('4')).toBeUndefined();
  });

  it('a slow line brings the preview before the frame', async () => {
    const ahead = new Ahead(node({ ...overview(CT), [`${INSTANCE}/rendered`]: new Blob(['jpeg']) }), STUDY, null);
    await ahead.asked;
    expect(asked.slice(1)).toEqual([`${INSTANCE}/rendered?quality=40&viewport=780,1024`]);
    await ahead.take('4')?.first;
    expect(asked.slice(2)).toEqual([`${INSTANCE}/metadata`, `${INSTANCE}/frames/1`]);
  });

  it('a fast line brings both at once', async () => {
    line(false);
    const ahead = new Ahead(node(overview(CT)), STUDY, null);
    await ahead.asked;
    expect(asked.slice(1)).toEqual([`${INSTANCE}/rendered`, `${INSTANCE}/metadata`, `${INSTANCE}/frames/1`]);
  });

  it('nothing is asked for of a study without pictures, or that cannot be had', async () => {
    const reports = new Ahead(node(overview(REPORT)), STUDY, null);
    await reports.asked;
    expect(reports.take('9')).toBeUndefined();
    expect(asked).toHaveLength(1);
    const gone = new Ahead(node({}), STUDY, null);
    await gone.asked;
    await expect(gone.overview).rejects.toMatchObject({ code: 'not_found' });
  });
});
