import { useEffect, useRef, useState } from 'preact/hooks';
import type { DicomWeb } from '../dicomweb/client';
import { frameDataset } from '../dicomweb/dataset';
import { asViewerError, isAbort } from '../dicomweb/errors';
import type { StackImage } from '../dicomweb/stack';
import { rangeToWindow, windowToRange, type Window } from '../engine/presets';
import type { First } from '../first/first';
import { edgesOf, paint } from '../first/picture';
import { t } from '../i18n';
import * as state from '../state';
import type { Pane } from '../state';
import { pixelsAStep } from '../tools/pace';
import { Edges } from './Corners';

const WIDTHS_A_SCREEN = 4;
const SCREEN_STEPS = 50;

interface Props {
  pane: Pane;
  first: First;
  client: DicomWeb;
}

/**
 * All values of a picture, before there are tools: a drag turns pages or windows all the same. Another
 * page is the server's picture, marked as a preview. The tools go on from where it was left.
 */
export function FirstPicture({ pane, first, client }: Props) {
  const canvas = useRef<HTMLCanvasElement>(null);
  const { sketch, values, lossy } = first;
  const { index, window } = pane.handled.value;
  const stack = pane.stack.value;
  const own = stack.findIndex(({ instance }) => instance === pane.open.value?.series.representative);
  const elsewhere = index !== undefined && index !== own;
  const image = elsewhere ? stack[index] : undefined;
  const edges = image ? edgesOf(frameDataset(image.dataset, image.frame)) : sketch.edges;
  useEffect(() => {
    const shown = window ? { ...sketch, ...windowToRange(window) } : sketch;
    canvas.current?.getContext('2d')?.putImageData(new ImageData(paint(shown, values), sketch.columns, sketch.rows), 0, 0);
  }, [first, window]);
  const page = usePage(client, image, window);
  const drag = useDrag(pane, rangeToWindow(sketch), Math.max(0, own));
  return (
    <div class="cover handled" data-testid="first" data-image-index={index ?? own} {...drag}>
      <canvas ref={canvas} class="preview" width={sketch.columns} height={sketch.rows} data-testid="first-picture" />
      {elsewhere && page && <img class="preview" src={page} alt="" data-testid="first-page" />}
      <div class="corners">
        <Edges edges={edges} />
        <div class="marks">
          {lossy && <span class="mark">{t('mark.lossy')}</span>}
          {!edges && <span class="mark">{t('mark.unknownOrientation')}</span>}
        </div>
      </div>
      {elsewhere ? (
        <span class="preview-mark" title={t('app.previewHint')}>
          {t('app.preview')} {t('info.image', { index: index + 1, count: stack.length })}
        </span>
      ) : (
        <span class="preview-mark quiet">{t('app.preparingTools')}</span>
      )}
    </div>
  );
}

/** The server's picture of the page that was turned to, the newest alone; the one before it until it has come. */
function usePage(client: DicomWeb, image: StackImage | undefined, window: Window | undefined): string | null {
  const [page, setPage] = useState<string | null>(null);
  useEffect(() => {
    if (!image) return undefined;
    const controller = new AbortController();
    const path = image.frameCount > 1 ? `${image.path}/frames/${image.frame}` : image.path;
    client.rendered(path, controller.signal, window).then(
      (blob) => { setPage(URL.createObjectURL(blob)); },
      (error: unknown) => {
        // What is wrong with it shows when the engine asks for it.
        if (!isAbort(error)) asViewerError(error, 'bad_response');
      },
    );
    return () => { controller.abort(); };
  }, [image, window]);
  useEffect(() => () => { if (page) URL.revokeObjectURL(page); }, [page]);
  return page;
}

function useDrag(pane: Pane, fileWindow: Window, own: number) {
  const last = useRef<{ x: number; y: number } | null>(null);
  const rest = useRef(0);
  const turn = (pages: number) => {
    const count = pane.stack.value.length;
    if (count === 0) return;
    const index = Math.min(Math.max((pane.handled.value.index ?? own) + pages, 0), count - 1);
    pane.handled.value = { ...pane.handled.value, index };
  };
  const widen = (dx: number, dy: number, screen: number) => {
    const { width, center } = pane.handled.value.window ?? fileWindow;
    const step = (WIDTHS_A_SCREEN * fileWindow.width) / screen;
    // Whole numbers, unless the file's window is so narrow that they would be steps.
    const near = (value: number) => (fileWindow.width >= SCREEN_STEPS ? Math.round(value) : value);
    pane.handled.value = { ...pane.handled.value, window: { width: Math.max(1, near(width + dx * step)), center: near(center + dy * step) } };
  };
  return {
    onPointerDown: (event: PointerEvent) => {
      last.current = { x: event.clientX, y: event.clientY };
      (event.currentTarget as Element).setPointerCapture(event.pointerId);
    },
    onPointerMove: (event: PointerEvent) => {
      if (!last.current) return;
      const { clientWidth, clientHeight } = event.currentTarget as Element;
      const [dx, dy] = [event.clientX - last.current.x, event.clientY - last.current.y];
      last.current = { x: event.clientX, y: event.clientY };
      if (state.tool.value === 'window') widen(dx, dy, clientWidth);
      if (state.tool.value !== 'scroll') return;
      const perPage = pixelsAStep(clientHeight, pane.stack.value.length);
      rest.current += dy;
      const pages = Math.trunc(rest.current / perPage);
      rest.current -= pages * perPage;
      if (pages !== 0) turn(pages);
    },
    onPointerUp: () => { last.current = null; },
    onPointerCancel: () => { last.current = null; },
    onWheel: (event: WheelEvent) => { turn(Math.sign(event.deltaY)); },
  };
}
