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
  let pressed = { x: 0, y: 0 };
  element.addEventListener('mousedown', ({ clientX, clientY }) => {
    pressed = { x: clientX, y: clientY };
  });
  element.addEventListener('mouseup', ({ clientX, clientY }) => {
    if (Math.abs(clientX - pressed.x) + Math.abs(clientY - pressed.y) > TOLERANCE) return;
    // After cornerstone's own listener, which is further out.
    setTimeout(() => {
      element.dispatchEvent(new MouseEvent('mousemove', { clientX: pressed.x + TOLERANCE + 1, clientY: pressed.y }));
    });
  });
}
