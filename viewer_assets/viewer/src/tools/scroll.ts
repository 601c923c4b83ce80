import { BaseTool, type Types as ToolTypes } from '@cornerstonejs/tools';
import { pixelsAStep } from './pace';

/** Steps to go, negative towards the first picture. */
export type StepHandler = (delta: number, element: HTMLDivElement) => void;

interface ScrollConfiguration {
  onStep: StepHandler;
  /** How many pictures there are. */
  count: (element: HTMLDivElement) => number;
}

/** Scrolls a stack by wheel and drag; the engine decides what is loaded and shown. */
export class ScrollTool extends BaseTool {
  static override toolName = 'scroll';
  private rest = 0;

  constructor(toolProps: ToolTypes.PublicToolProps = {}, defaults: ToolTypes.ToolProps = { supportedInteractionTypes: ['Mouse', 'Touch'], configuration: {} }) {
    super(toolProps, defaults);
  }

  mouseWheelCallback(event: ToolTypes.EventTypes.MouseWheelEventType): void {
    const { wheel, element } = event.detail;
    this.options.onStep(wheel.direction, element);
  }

  mouseDragCallback(event: ToolTypes.EventTypes.InteractionEventType): void {
    const { element, deltaPoints } = event.detail as ToolTypes.EventTypes.MouseDragEventDetail;
    const perStep = pixelsAStep(element.clientHeight, this.options.count(element));
    this.rest += deltaPoints.canvas[1];
    const steps = Math.trunc(this.rest / perStep);
    if (steps === 0) return;
    this.rest -= steps * perStep;
    this.options.onStep(steps, element);
  }

  touchDragCallback(event: ToolTypes.EventTypes.InteractionEventType): void {
    this.mouseDragCallback(event);
  }

  private get options(): ScrollConfiguration {
    return this.configuration as ScrollConfiguration;
  }
}
