/** Within these pixels cornerstone takes a press for a click, and two clicks for one double click. */
const TOLERANCE = 3;

/**
 * Has a click answered when the button comes up.
 *
 * Cornerstone holds a click back for 400 ms, in case a second one follows: until then a probe shows
 * nothing, and a tool chosen meanwhile would get the click. A movement makes it let go; no tool here
 * knows double clicks.
 */
export function clickAtOnce(element: HTMLElement): void {
  let pressed: { x: number; y: number } | undefined;
  element.addEventListener('mousedown', ({ clientX, clientY }) => {
    pressed = { x: clientX, y: clientY };
  });
  // On the window, so that cornerstone, which listens on the document, knows of the release already.
  addEventListener('mouseup', ({ clientX, clientY }) => {
    const from = pressed;
    pressed = undefined;
    if (!from || Math.abs(clientX - from.x) + Math.abs(clientY - from.y) > TOLERANCE) return;
    element.dispatchEvent(new MouseEvent('mousemove', { clientX: from.x + TOLERANCE + 1, clientY: from.y }));
  });
}
