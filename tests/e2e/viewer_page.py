"""The viewer as a reader handles it, with a mouse or a thumb."""

from __future__ import annotations

import re

from playwright.sync_api import Locator, Page, expect

PANELS = {
    "measure": (
        "length", "angle", "probe", "ellipse", "width", "rectangle", "freehand", "path", "cobb",
        "ratio", "text", "arrow", "undo", "delete-one", "delete-all",
    ),
    "look": (
        "region", "magnify", "rotate", "rotate-left", "rotate-right", "flip-horizontal",
        "flip-vertical",
    ),
    "output": ("tags",),
}  # fmt: skip


class ViewerPage:
    """An open viewer; ``phone`` says whether the tools lie behind panels."""

    def __init__(self, page: Page, *, phone: bool) -> None:
        self.page = page
        self.phone = phone
        self.viewport = page.get_by_test_id("viewport")

    @classmethod
    def launch(cls, page: Page, study_uid: str, ticket: str, *, phone: bool) -> ViewerPage:
        """Open the viewer at its own address, as the portal does."""
        page.goto(f"/viewer/#study={study_uid}&ticket={ticket}&lang=zh_CN")
        viewer = cls(page, phone=phone)
        viewer.wait_until_lossless()
        return viewer

    def wait_until_lossless(self) -> None:
        expect(self.viewport).to_have_attribute("data-ready", "true", timeout=60_000)

    def pane(self, place: int) -> Locator:
        """One of several viewports, counted from 0 in reading order."""
        return self.page.get_by_test_id("viewport").nth(place)

    def arrange(self, layout: str) -> None:
        """Choose a layout such as ``series-1x2`` or ``film-2x2`` and wait for its pictures."""
        self.open_layouts()
        self.page.get_by_test_id(f"layout-{layout}").click()
        rows, columns = map(int, layout.split("-")[1].split("x"))
        expect(self.page.get_by_test_id("viewport")).to_have_count(rows * columns)

    def open_layouts(self) -> None:
        if self.phone:
            self.open_panel("more")
        self.page.get_by_test_id("tool-layout").first.click()

    @property
    def image_index(self) -> int:
        return int(self.viewport.get_attribute("data-image-index") or -1)

    @property
    def window(self) -> tuple[float, float]:
        """Width and centre."""
        width = self.viewport.get_attribute("data-window-width")
        center = self.viewport.get_attribute("data-window-center")
        return float(width or 0), float(center or 0)

    def choose(self, tool: str) -> None:
        """Press a tool's button, opening its panel first where it is in one."""
        button = self.page.get_by_test_id(f"tool-{tool}").first
        in_panel = not button.is_visible()
        if in_panel:
            name = next((panel for panel, tools in PANELS.items() if tool in tools), "more")
            self.open_panel(name)
        button.click()
        if (in_panel or self.phone) and self.page.get_by_test_id("sheet").is_visible():
            self.page.keyboard.press("Escape")

    def open_panel(self, name: str) -> None:
        if self.page.get_by_test_id("sheet").is_visible():
            return
        button = self.page.get_by_test_id(f"tool-{name}")
        if not button.is_visible():
            self.page.get_by_test_id("tool-more").click()
        button.click()

    def choose_preset(self, name: str) -> None:
        self.page.get_by_test_id("tool-presets").click()
        self.page.get_by_test_id(f"preset-{name}").click()

    @property
    def box(self) -> dict[str, float]:
        """Where the viewport lies in the page."""
        box = self.viewport.bounding_box()
        assert box
        return box

    def drag(
        self, start: tuple[float, float], by: tuple[float, float], button: str = "left"
    ) -> None:
        """Drag from a place (parts of the viewport's width and height) by pixels."""
        box = self.box
        x, y = box["x"] + box["width"] * start[0], box["y"] + box["height"] * start[1]
        self.trace([(x + by[0] * part / 10, y + by[1] * part / 10) for part in range(11)], button)

    def trace(self, points: list[tuple[float, float]], button: str = "left") -> None:
        """Press at the first place of the page and go through the others."""
        if self.phone:
            self.touch_drag(points)
            return
        self.page.mouse.move(*points[0])
        self.page.mouse.down(button=button)
        for point in points[1:]:
            self.page.mouse.move(*point)
            self.page.wait_for_timeout(30)
        self.page.mouse.up(button=button)

    def press(self, x: float, y: float) -> None:
        """Click or tap at pixels of the viewport."""
        box = self.box
        if self.phone:
            self.page.touchscreen.tap(box["x"] + x, box["y"] + y)
        else:
            self.page.mouse.click(box["x"] + x, box["y"] + y)

    @property
    def edges(self) -> str:
        """The letters at the top, right, bottom and left."""
        sides = ("top", "right", "bottom", "left")
        return " ".join(self.page.get_by_test_id(f"edge-{side}").inner_text() for side in sides)

    def go(self, index: int) -> None:
        """Move the slider to a picture, counted from 0, and wait for it."""
        self.page.get_by_test_id("slider").fill(str(index))
        expect(self.viewport).to_have_attribute("data-image-index", str(index))
        self.wait_until_lossless()

    def measurement(self, tool: str) -> str:
        """The last entry of this tool in the list."""
        entry = self.page.locator(f"[data-testid=measurement][data-tool={tool}]").last
        expect(entry).to_be_attached()
        return entry.text_content() or ""

    def touch_drag(self, points: list[tuple[float, float]]) -> None:
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
