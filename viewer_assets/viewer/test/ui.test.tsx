// @vitest-environment happy-dom
import { render } from 'preact';
import { beforeEach, describe, expect, it } from 'vitest';
import type { Overview, SeriesSummary } from '../src/dicomweb/types';
import { chooseLanguage } from '../src/i18n';
import * as state from '../src/state';
import { Corners } from '../src/ui/Corners';
import { kindText } from '../src/ui/kinds';
import { SeriesList } from '../src/ui/SeriesList';
import { ageText, clip } from '../src/ui/text';
import { Viewport } from '../src/ui/Viewport';

const HOSTILE = '<img src=x onerror=alert(1)>';

const series: SeriesSummary = {
  uid: '1.2.3.1', number: 2, modality: 'CT', description: HOSTILE, body_part: HOSTILE, instance_count: 2, frame_count: 2,
  representative: '1.2.3.1.1', sop_class: '1.2.840.10008.5.1.4.1.1.2', transfer_syntax: '1.2.840.10008.1.2.1', viewable: true,
};
const study: Overview['study'] = {
  uid: '1.2.3', date: '2026-11-20', time: null, description: HOSTILE, patient_name: HOSTILE, patient_id: HOSTILE.repeat(50),
  patient_sex: 'M', patient_birth_date: '1957-03-01', accession_number: HOSTILE, hospital: 'H001', anonymous: false, withheld: 0,
};
const pane = state.active.value;
const root = document.createElement('div');

function shown(overview: Overview, element: Parameters<typeof render>[0]): HTMLElement {
  state.studies.value = [overview];
  pane.open.value = { study: overview.study, series: overview.series[0] ?? series };
  render(element, root);
  return root;
}

beforeEach(async () => {
  await chooseLanguage('zh_CN');
  render(null, root);
  pane.problem.value = null;
  pane.view.value = state.EMPTY_VIEW;
});

describe('text from tags', () => {
  it('is text in the list and in the corners, never markup', () => {
    shown({ study, series: [series] }, <><SeriesList /><Corners pane={pane} /></>);
    expect(root.querySelector('img')).toBeNull();
    expect(root.textContent).toContain(HOSTILE);
  });

  it('is cut where it is too long', () => {
    shown({ study, series: [series] }, <Corners pane={pane} />);
    for (const line of root.querySelectorAll('.corner div')) expect(Array.from(line.textContent).length).toBeLessThanOrEqual(48);
    expect(clip('王小东大夫', 3)).toBe('王小…');
  });
});

describe('an anonymous viewing', () => {
  it('is marked, shows no name and tells what was withheld', () => {
    const anonymous = { ...study, anonymous: true, patient_name: '王小东', withheld: 2 };
    shown({ study: anonymous, series: [{ ...series, description: '', body_part: '' }] }, <><SeriesList /><Corners pane={pane} /></>);
    expect(root.textContent).toContain('匿名');
    expect(root.textContent).not.toContain('王小东');
    expect(root.textContent).toContain('2 幅图像可能含有姓名，未分享');
  });
});

describe('other studies of the patient', () => {
  it('that could not be asked for are not told as none', () => {
    state.priorsFailed.value = true;
    shown({ study, series: [series] }, <SeriesList />);
    expect(root.textContent).toContain('未能查询历史检查');
    expect(root.textContent).not.toContain('没有其他检查');
    state.priorsFailed.value = false;
  });
});

describe('hidden corners', () => {
  it('leave no name in the list either', () => {
    state.infoVisible.value = false;
    shown({ study: { ...study, patient_name: '王小东' }, series: [series] }, <><SeriesList /><Corners pane={pane} /></>);
    expect(root.textContent).toContain('患者信息已隐藏');
    expect(root.textContent).not.toContain('王小东');
    state.infoVisible.value = true;
  });
});

describe('the number in the corner', () => {
  it('is that of the picture on the screen while another one is loading', () => {
    pane.pictureShown.value = true;
    pane.view.value = { ...state.EMPTY_VIEW, count: 9, index: 7, shownIndex: 2, loading: true };
    shown({ study, series: [series] }, <Viewport pane={pane} />);
    expect(root.querySelector('.corner.bottom.left')?.textContent).toContain('图像 3/9');
    expect(root.querySelector('.loading')?.textContent).toBe('正在加载第 8 幅…');
    pane.pictureShown.value = false;
  });
});

describe('what is no picture', () => {
  it.each([
    ['1.2.840.10008.5.1.4.1.1.88.33', '结构化报告'],
    ['1.2.840.10008.5.1.4.1.1.88.59', '显示状态或关键图像标记'],
    ['1.2.840.10008.5.1.4.1.1.104.1', '文档（PDF）'],
    ['1.2.840.10008.5.1.4.1.1.9.1.1', '心电等波形'],
    ['1.2.840.10008.5.1.4.1.1.77.1.4.1', '视频'],
    ['1.2.840.10008.5.1.4.1.1.481.3', '放疗数据'],
    ['1.2.840.10008.5.1.4.1.1.66.4', '分割结果'],
    ['1.2.3', 'CT 数据'],
  ])('%s is called by its name', (sop_class, name) => {
    expect(kindText({ ...series, sop_class })).toBe(name);
  });

  it('gets a message, not a blank', () => {
    shown({ study, series: [{ ...series, viewable: false, sop_class: '1.2.840.10008.5.1.4.1.1.481.3' }] }, <Viewport pane={pane} />);
    expect(root.querySelector('[data-testid=message]')?.textContent).toBe('暂不支持显示此类对象：放疗数据');
  });
});

describe('a picture that fails', () => {
  it('is covered by a sentence with a way on', () => {
    pane.view.value = { ...state.EMPTY_VIEW, error: { code: 'unsupported_transfer_syntax', detail: '1.2.840.10008.1.2.4.55' } };
    shown({ study, series: [series] }, <Viewport pane={pane} />);
    expect(root.querySelector('.cover [data-testid=message] p')?.textContent).toBe('暂不支持此图像的压缩格式（1.2.840.10008.1.2.4.55），请联系医院管理员');
    expect(root.querySelector('[data-testid=retry]')?.textContent).toBe('重试');
  });

  it('keeps orientation and loss marked when the corners are hidden', () => {
    pane.view.value = { ...state.EMPTY_VIEW, shown: true, lossy: true, edges: null };
    state.infoVisible.value = false;
    shown({ study, series: [series] }, <Corners pane={pane} />);
    expect(root.textContent).toContain('有损');
    expect(root.textContent).toContain('方向未知');
    expect(root.textContent).not.toContain(HOSTILE);
    state.infoVisible.value = true;
  });
});

describe('an age', () => {
  it.each([
    ['1957-03-01', '2026-11-20', '69 岁'],
    ['1957-11-21', '2026-11-20', '68 岁'],
    ['2025-11-20', '2026-11-20', '12 个月'],
    ['2026-11-10', '2026-11-20', '10 天'],
    ['2027-01-01', '2026-11-20', ''],
    [null, '2026-11-20', ''],
  ])('born %s, examined %s', (birth, examined, age) => {
    expect(ageText(birth, examined)).toBe(age);
  });
});
