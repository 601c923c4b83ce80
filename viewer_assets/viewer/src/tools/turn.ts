import { BaseTool, type Types as ToolTypes } from '@cornerstonejs/tools';

/** Degrees clockwise. */
export type TurnHandler = (degrees: number, element: HTMLDivElement) => void;

const DEGREES_A_PIXEL = 0.5;

/** Turns the picture by dragging to the side. */
export class TurnTool extends BaseTool {
  static override toolName = 'rotate';

  constructor(toolProps: ToolTypes.PublicToolProps = {}, defaults: ToolTypes.ToolProps = { supportedInteractionTypes: ['Mouse', 'Touch'], configuration: {} }) {
    super(toolProps, defaults);
  }

  mouseDragCallback({ detail }: ToolTypes.EventTypes.InteractionEventType): void {
    const { deltaPoints, element } = detail as ToolTypes.EventTypes.MouseDragEventDetail;
    (this.configuration as { onTurn: TurnHandler }).onTurn(deltaPoints.canvas[0] * DEGREES_A_PIXEL, element);
  }

  touchDragCallback(event: ToolTypes.EventTypes.InteractionEventType): void {
    this.mouseDragCallback(event);
  }
}
