import {
  addTool,
  annotation as annotations,
  cancelActiveManipulations,
  Enums,
  init,
  PanTool,
  ToolGroupManager,
  WindowLevelTool,
  ZoomTool,
  type Types as ToolTypes,
} from '@cornerstonejs/tools';
import { MEASURE_TOOLS, type ToolName } from '../engine/view';
import { FONT } from '../font';
import { StackAngleTool, StackEllipseTool, StackLengthTool, StackProbeTool } from './annotations';
import { CursorTool, type PointHandler } from './cursor';
import { LensTool, type LensOptions } from './lens';
import { RegionTool, type RegionHandler } from './region';
import { ScrollTool, type StepHandler } from './scroll';
import { SHAPES, type Shape } from './shapes';
import { Sketch, type SketchOptions } from './sketch';
import { labelOf } from './stats';
import { TurnTool, type TurnHandler } from './turn';

const GROUP = 'stack';
const { MouseBindings, KeyboardBindings } = Enums;

/** Tells when the user, not the file, has set the window. */
class WindowTool extends WindowLevelTool {
  static override toolName = 'window';

  override mouseDragCallback(event: ToolTypes.EventTypes.InteractionEventType): void {
    super.mouseDragCallback(event);
    (this.configuration as Pick<ToolOptions, 'onWindow'>).onWindow(event.detail.element);
  }
}
class StackZoomTool extends ZoomTool {
  static override toolName = 'zoom';
}
/** The second instance answers two fingers and Ctrl + wheel, whatever tool the first finger has. */
class PinchTool extends ZoomTool {
  static override toolName = 'pinch';
}
class StackPanTool extends PanTool {
  static override toolName = 'pan';
}

/** Cornerstone makes tools by their classes, so each shape has one. */
function sketchClass(shape: Shape) {
  return class extends Sketch {
    static override toolName = shape.name;
    readonly shape = shape;
  };
}

const SKETCHES = SHAPES.map(sketchClass);
const ALL = [ScrollTool, CursorTool, WindowTool, StackZoomTool, PinchTool, StackPanTool, StackLengthTool, StackAngleTool, StackProbeTool, StackEllipseTool, TurnTool, RegionTool, LensTool, ...SKETCHES];
const CHOICES: ToolName[] = ['scroll', 'window', 'zoom', 'pan', 'cursor', 'rotate', 'region', 'magnify', ...MEASURE_TOOLS];

/** Bindings that a tool has whether or not it is the chosen one. */
const FIXED: Record<string, ToolTypes.IToolBinding[]> = {
  scroll: [{ mouseButton: MouseBindings.Wheel }],
  window: [{ mouseButton: MouseBindings.Secondary }],
  pan: [{ mouseButton: MouseBindings.Auxiliary }],
  pinch: [{ numTouchPoints: 2 }, { mouseButton: MouseBindings.Wheel, modifierKey: KeyboardBindings.Ctrl }],
};
const CHOSEN: ToolTypes.IToolBinding[] = [{ mouseButton: MouseBindings.Primary }, { numTouchPoints: 1 }];

const MEASURE_STYLE = {
  color: 'rgb(255, 213, 74)',
  colorHighlighted: 'rgb(120, 220, 255)',
  colorSelected: 'rgb(120, 220, 255)',
  lineWidth: '1.5',
  textBoxFontFamily: FONT,
  textBoxFontSize: '14px',
  textBoxColor: 'rgb(255, 213, 74)',
  textBoxColorHighlighted: 'rgb(120, 220, 255)',
  textBoxColorSelected: 'rgb(120, 220, 255)',
  textBoxBackground: 'rgba(0, 0, 0, 0.5)',
  textBoxBorderRadius: 4,
  textBoxMargin: 4,
  shadow: true,
};

export interface ToolOptions {
  onStep: StepHandler;
  /** How many pictures the stack has. */
  count: (element: HTMLDivElement) => number;
  onWindow: (element: HTMLDivElement) => void;
  onPoint: PointHandler;
  onProgress: SketchOptions['onProgress'];
  onText: SketchOptions['onText'];
  onTurn: TurnHandler;
  onRegion: RegionHandler;
  lens: LensOptions['lens'];
}

/** The tools of all panes. Annotation tools stay passive, so that marks can be moved at any time. */
export class Tools {
  private active: ToolName = 'scroll';
  private readonly group: ToolTypes.IToolGroup;

  constructor({ onStep, count, onWindow, onPoint, onProgress, onText, onTurn, onRegion, lens }: ToolOptions) {
    init();
    for (const tool of ALL) addTool(tool);
    const group = ToolGroupManager.createToolGroup(GROUP);
    if (!group) throw new Error('tool group exists already');
    this.group = group;
    const configurations: Record<string, object> = {
      scroll: { onStep, count },
      window: { onWindow },
      cursor: { onPoint },
      rotate: { onTurn },
      region: { onRegion },
      magnify: { lens },
      zoom: { pinchToZoom: false, minZoomScale: 0.1, maxZoomScale: 40 },
      pinch: { pinchToZoom: true, pan: true, minZoomScale: 0.1, maxZoomScale: 40 },
    };
    for (const tool of ALL) group.addTool(tool.toolName, configurations[tool.toolName] ?? { getTextLines: labelOf, onProgress, onText });
    const { style } = annotations.config;
    style.setDefaultToolStyles({ global: { ...style.getDefaultToolStyles().global, ...MEASURE_STYLE } });
  }

  attach(viewportId: string, renderingEngineId: string): void {
    this.group.addViewport(viewportId, renderingEngineId);
    this.choose(this.active);
  }

  detach(viewportId: string, renderingEngineId: string): void {
    this.group.removeViewports(renderingEngineId, viewportId);
  }

  /** Ends whatever is being drawn on this element. */
  cancel(element: HTMLDivElement): void {
    while (cancelActiveManipulations(element) !== undefined);
  }

  /** The mark that is being drawn in strokes. */
  get sketch(): Sketch | undefined {
    const tool = this.group.getToolInstance(this.active) as unknown;
    return tool instanceof Sketch ? tool : undefined;
  }

  choose(tool: ToolName): void {
    this.active = tool;
    for (const name of [...CHOICES, 'pinch']) {
      const bindings = [...(FIXED[name] ?? []), ...(name === tool ? CHOSEN : [])];
      this.group.setToolPassive(name, { removeAllBindings: true });
      if (bindings.length > 0) this.group.setToolActive(name, { bindings });
    }
  }

  /** While a picture cannot be shown nothing may be drawn on what lies beneath the message. */
  suspend(suspended: boolean): void {
    if (!suspended) {
      this.choose(this.active);
      return;
    }
    const chosen = this.active;
    this.choose('scroll');
    this.active = chosen;
  }
}

