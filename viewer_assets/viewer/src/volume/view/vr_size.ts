/** The rendering's place on the screen; a picture of any size would do while it has none. */
export function vrSize(): [width: number, height: number] {
  const pane = document.querySelector('[data-testid=pane-vr]');
  return pane ? [pane.clientWidth, pane.clientHeight] : [300, 300];
}
