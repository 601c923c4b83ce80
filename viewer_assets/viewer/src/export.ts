import type { Picture, PictureOptions } from './engine/picture';
import { FONT } from './font';
import { t } from './i18n';
import { viewOfPane } from './panes';
import type { Pane } from './state';
import { LONGEST, markTexts, patientLines, pictureLines, seriesLines } from './ui/corners-text';
import { clip } from './ui/text';

export interface ExportOptions extends PictureOptions {
  /** Name, numbers and descriptions in the corners. */
  demographics: boolean;
}

const LEAST_FONT = 12;
const LINES_A_HEIGHT = 48;
const MARGIN = 0.6;

/** A pane's picture with its corners, ready to be taken out; undefined while it shows none. */
export async function takePicture(pane: Pane, options: ExportOptions): Promise<HTMLCanvasElement | undefined> {
  const { shown } = pane.view.value;
  const picture = shown ? await viewOfPane(pane)?.picture(options) : undefined;
  if (picture) drawCorners(picture, pane, options.demographics);
  return picture?.canvas;
}

/** What says whose picture it is stays away when that is asked for; what warns of a wrong reading never does. */
function drawCorners({ canvas, scale }: Picture, pane: Pane, demographics: boolean): void {
  const [context, open] = [canvas.getContext('2d'), pane.open.value];
  if (!context || !open) return;
  const view = pane.view.value;
  const font = Math.max(LEAST_FONT, Math.round(Math.min(canvas.width, canvas.height) / LINES_A_HEIGHT));
  const margin = font * MARGIN;
  const { width, height } = canvas;
  context.font = `${font}px ${FONT}`;
  context.shadowColor = '#000';
  context.shadowBlur = font / 4;
  const write = (lines: readonly string[], side: CanvasTextAlign, atBottom: boolean, colour = '#fff') => {
    context.fillStyle = colour;
    context.textAlign = side;
    context.textBaseline = atBottom ? 'bottom' : 'top';
    const seen = lines.filter((line) => line.trim() !== '');
    const x = side === 'left' ? margin : side === 'right' ? width - margin : width / 2;
    seen.forEach((line, row) => {
      const y = atBottom ? height - margin - (seen.length - 1 - row) * font * 1.3 : margin + row * font * 1.3;
      context.fillText(clip(line, LONGEST), x, y, width * 0.48);
    });
  };
  if (demographics) {
    write(patientLines(open.study), 'left', false);
    write(seriesLines(open.series, view), 'right', false);
  } else if (open.study.anonymous) {
    write([t('app.anonymous')], 'left', false);
  }
  write(pictureLines(pane), 'left', true);
  const state = view.presentation ? pane.presentation.value : null;
  const stated = state ? t('presentation.on', { label: clip(state.label, LONGEST), creator: clip(state.creator, LONGEST) }) : '';
  write([...markTexts(view), stated], 'right', true, '#ffcf5c');
  drawEdges(context, pane, font, margin);
  const { scaleBar } = view;
  if (!scaleBar) return;
  const length = scaleBar.pixels * scale;
  context.fillStyle = '#fff';
  context.fillRect((width - length) / 2, height - margin - 2, length, 2);
  write([scaleBar.label], 'center', true);
}

function drawEdges(context: CanvasRenderingContext2D, pane: Pane, font: number, margin: number): void {
  const { edges } = pane.view.value;
  const { width, height } = context.canvas;
  if (!edges) return;
  context.fillStyle = '#cfe9ff';
  const place = (text: string, align: CanvasTextAlign, baseline: CanvasTextBaseline, x: number, y: number) => {
    context.textAlign = align;
    context.textBaseline = baseline;
    context.fillText(text, x, y);
  };
  place(edges.top, 'center', 'top', width / 2, margin);
  place(edges.bottom, 'center', 'bottom', width / 2, height - margin - font * 1.6);
  place(edges.left, 'left', 'middle', margin, height / 2);
  place(edges.right, 'right', 'middle', width - margin, height / 2);
}

export type Format = 'jpeg' | 'png';

const QUALITY = 0.95;

export function encode(canvas: HTMLCanvasElement, format: Format): Promise<Blob> {
  return new Promise((resolve, reject) => {
    canvas.toBlob(
      (blob) => {
        if (blob) resolve(blob);
        else reject(new Error('the browser made no file of the picture'));
      },
      `image/${format}`,
      QUALITY,
    );
  });
}

/** A file name without a word of the patient. */
export function fileName(pane: Pane, format: Format): string {
  const { modality = '', number } = pane.open.value?.series ?? {};
  const parts = [modality.replace(/[^A-Za-z0-9]/g, '').slice(0, 8), number ?? '', pane.view.value.shownIndex + 1].filter((part) => part !== '');
  return `${parts.join('-')}.${format === 'jpeg' ? 'jpg' : 'png'}`;
}

export function save(blob: Blob, name: string): void {
  const link = document.createElement('a');
  link.href = URL.createObjectURL(blob);
  link.download = name;
  link.click();
  setTimeout(() => {
    URL.revokeObjectURL(link.href);
  }, 10_000);
}

/** Lays the pictures out on sheets and opens the browser's print dialogue. */
export async function printPictures(panes: readonly Pane[], columns: number, options: ExportOptions): Promise<void> {
  const sheet = document.createElement('main');
  sheet.className = 'print-sheet';
  sheet.style.setProperty('--columns', String(columns));
  const urls: string[] = [];
  for (const pane of panes) {
    const canvas = await takePicture(pane, { ...options, demographics: false });
    const open = pane.open.value;
    if (!canvas || !open) continue;
    const figure = document.createElement('figure');
    const [image, line] = [new Image(), document.createElement('figcaption')];
    image.src = URL.createObjectURL(await encode(canvas, 'png'));
    urls.push(image.src);
    await image.decode();
    const whose = options.demographics ? [...patientLines(open.study), open.series.description] : [open.study.anonymous ? t('app.anonymous') : ''];
    line.textContent = whose.filter((part) => part.trim() !== '').map((part) => clip(part, LONGEST)).join('　');
    figure.append(line, image);
    sheet.append(figure);
  }
  const done = () => {
    sheet.remove();
    urls.forEach((url) => { URL.revokeObjectURL(url); });
  };
  document.body.append(sheet);
  addEventListener('afterprint', done, { once: true });
  print();
}
