"""The viewer as a reader handles it, with a mouse or a thumb."""

from __future__ import annotations

import re

from playwright.sync_api import Page, expect


class ViewerPage:
    """An open viewer; ``phone`` says whether the tools lie behind panels."""

    def __init__(self, page: Page, *, phone: bool) -> None:
        self.page = page
        self.phone = phone
        self.viewport = page.get_by_test_id("viewport")

    def wait_until_lossless(self) -> None:
        expect(self.viewport).to_have_attribute("data-ready", "true", timeout=60_000)

    @property
    def image_index(self) -> int:
        return int(self.viewport.get_attribute("data-image-index") or -1)

    @property
    def window(self) -> tuple[int, int]:
        """Width and centre."""
        width = self.viewport.get_attribute("data-window-width")
        center = self.viewport.get_attribute("data-window-center")
        return int(width or 0), int(center or 0)

    def choose(self, tool: str) -> None:
        """Press a tool's button, opening its panel first where it is in one."""
        button = self.page.get_by_test_id(f"tool-{tool}").first
        if not button.is_visible():
            self.page.get_by_test_id("tool-measure").click()
        button.click()
        if self.phone and self.page.get_by_test_id("sheet").is_visible():
            self.page.keyboard.press("Escape")

    def choose_preset(self, name: str) -> None:
        self.page.get_by_test_id("tool-presets").click()
        self.page.get_by_test_id(f"preset-{name}").click()

    def drag(self, start: tuple[float, float], by: tuple[float, float]) -> None:
        """Drag from a place (parts of the viewport's width and height) by pixels."""
        box = self.viewport.bounding_box()
        assert box
        x, y = box["x"] + box["width"] * start[0], box["y"] + box["height"] * start[1]
        points = [(x + by[0] * part / 10, y + by[1] * part / 10) for part in range(11)]
        if self.phone:
            self._touch_drag(points)
            return
        self.page.mouse.move(*points[0])
        self.page.mouse.down()
        for point in points[1:]:
            self.page.mouse.move(*point)
            self.page.wait_for_timeout(30)
        self.page.mouse.up()

    def _touch_drag(self, points: list[tuple[float, float]]) -> None:
        devtools = self.page.context.new_cdp_session(self.page)
        for position, (x, y) in enumerate(points):
            kind = "touchMove" if position else "touchStart"
            devtools.send(
                "Input.dispatchTouchEvent",
                {"type": kind, "touchPoints": [{"x": round(x, 1), "y": round(y, 1)}]},
            )
            self.page.wait_for_timeout(40)
        devtools.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})
        devtools.detach()

    def measured_length(self) -> float:
        """The last length in the list, in millimetres, half a second after it was drawn."""
        self.page.wait_for_timeout(500)
        entry = self.page.locator("[data-testid=measurement]").last
        expect(entry).to_contain_text("mm")
        match = re.search(r"([\d.]+)\s*mm", entry.inner_text())
        assert match
        return float(match.group(1))

    def pixels_per_millimetre(self, rows: int, spacing: float) -> float:
        """On the screen, of a square image that was fitted into the viewport."""
        box = self.viewport.bounding_box()
        assert box
        return min(box["width"], box["height"]) / (rows * spacing)
