import { BaseTool, type Types as ToolTypes } from '@cornerstonejs/tools';
import type { Vec3 } from '../engine/vector';

/** A point of the patient, in millimetres. */
export type PointHandler = (point: Vec3, element: HTMLDivElement) => void;

/** Points at a place of the patient, to be shown in every pane that has it. */
export class CursorTool extends BaseTool {
  static override toolName = 'cursor';

  constructor(toolProps: ToolTypes.PublicToolProps = {}, defaults: ToolTypes.ToolProps = { supportedInteractionTypes: ['Mouse', 'Touch'], configuration: {} }) {
    super(toolProps, defaults);
  }

  preMouseDownCallback(event: ToolTypes.EventTypes.InteractionEventType): boolean {
    this.tell(event);
    return true;
  }

  preTouchStartCallback(event: ToolTypes.EventTypes.InteractionEventType): boolean {
    return this.preMouseDownCallback(event);
  }

  mouseDragCallback(event: ToolTypes.EventTypes.InteractionEventType): void {
    this.tell(event);
  }

  touchDragCallback(event: ToolTypes.EventTypes.InteractionEventType): void {
    this.tell(event);
  }

  private tell({ detail }: ToolTypes.EventTypes.InteractionEventType): void {
    const { currentPoints, element } = detail as ToolTypes.EventTypes.MouseDragEventDetail;
    const [x, y, z] = currentPoints.world;
    (this.configuration as { onPoint: PointHandler }).onPoint([x, y, z], element);
  }
}
