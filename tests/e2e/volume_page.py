"""The viewer's reconstructions as a reader handles them, and what they must show by the voxels."""

from __future__ import annotations

import base64
import io
from concurrent.futures import ThreadPoolExecutor

import numpy as np
from PIL import Image
from playwright.sync_api import BrowserContext, Locator, expect

from e2e.picture import Slices, difference, windowed
from e2e.viewer_page import ViewerPage

PLANES = ("axial", "sagittal", "coronal")
SAME = 1.5  # mean difference of greys of one and the same picture, drawn twice by different code
OTHER = 6
# Share of what two renderings of one thing have in common: how finely they are drawn depends on the
# machine.
ALIKE = 0.82
AXES = {"axial": 0, "coronal": 1, "sagittal": 2}  # of the box of voxels
# Until the page has asked for what was chosen, however busy the machine is: it is drawn anew, and
# asks after that.
ASKED = """async () => { for (let round = 0; round < 5; round++)
  await new Promise((done) => requestAnimationFrame(() => setTimeout(done, 10))); }"""
# What lies over the rendering must not be taken for a part of it.
BARE = ".plane-overlay, .plane .edge, .plane-corner, .identity { visibility: hidden !important }"


class Voxels:
    """A CT series as a box of HU: slices from the feet up × rows × columns."""

    def __init__(self, slices: Slices, count: int) -> None:
        places = [slices.position(index) for index in range(count)]
        self.order = sorted(range(count), key=lambda index: places[index][2])
        with ThreadPoolExecutor(4) as pool:
            self.hu = np.stack(list(pool.map(slices.values, self.order))).astype(float)
        between_rows, between_columns = slices.spacing
        gap = (places[self.order[-1]][2] - places[self.order[0]][2]) / (count - 1)
        self.spacing = np.array([gap, between_rows, between_columns])
        self.origin = np.array(places[self.order[0]][::-1])

    @property
    def middle(self) -> np.ndarray:
        """Of the box, in millimetres: head, back, left."""
        return self.origin + (np.array(self.hu.shape) - 1) / 2 * self.spacing


class VolumePage:
    """The opened reconstructions of what the viewer shows."""

    def __init__(self, viewer: ViewerPage) -> None:
        self.viewer = viewer
        self.page = viewer.page
        self.phone = viewer.phone

    @staticmethod
    def keep(context: BrowserContext, place: str) -> None:
        """As a reader who chose where pictures are made: ``local`` or ``server``."""
        context.add_init_script(f"localStorage.setItem('yunying.drawing', '{place}')")

    @classmethod
    def open(cls, viewer: ViewerPage) -> VolumePage:
        viewer.page.get_by_test_id("tool-volume").first.click()
        ready = viewer.page.locator("[data-testid=volume][data-phase=ready]")
        expect(ready).to_be_visible(timeout=60_000)
        return cls(viewer)

    def restart(self) -> None:
        """The four panes as they are after opening, without marks."""
        self.page.get_by_test_id("layout-quad").click()
        self.page.get_by_test_id("volume-tool-cursor").click()
        self.press("volume-reset")
        clear = self.page.get_by_test_id("volume-clear-marks")
        if clear.is_enabled():
            clear.click()

    def press(self, name: str) -> None:
        """A button of the settings, which a phone keeps in a sheet."""
        button = self.page.get_by_test_id(name)
        self._settings(button)
        button.click()
        self.close_settings()

    def type(self, name: str, value: float) -> None:
        field = self.page.get_by_test_id(name)
        self._settings(field)
        field.fill(f"{value:g}")
        self.close_settings()

    def _settings(self, wanted: Locator) -> None:
        if self.phone and not wanted.is_visible():
            self.page.get_by_test_id("volume-settings").click()

    def close_settings(self) -> None:
        close = self.page.get_by_test_id("volume-sheet-close")
        if self.phone and close.is_visible():
            close.click()

    def pane(self, name: str) -> Locator:
        return self.page.get_by_test_id(f"pane-{name}")

    def wait(self, name: str) -> None:
        """Until a pane is drawn as finely as it will be."""
        self.page.evaluate(ASKED)
        expect(self.pane(name)).to_have_attribute("data-ready", "true", timeout=30_000)

    def number(self, pane: str, attribute: str) -> float:
        return float(self.pane(pane).get_attribute(f"data-{attribute}") or "nan")

    def edges(self, pane: str) -> str:
        """The letters at the top, right, bottom and left."""
        sides = ("top", "right", "bottom", "left")
        return " ".join(
            self.page.get_by_test_id(f"{pane}-edge-{side}").inner_text() for side in sides
        )

    def greys(self, pane: str) -> np.ndarray:
        """What is drawn in a pane of a plane, pixel for pixel, 0 to 255."""
        self.wait(pane)
        encoded = self.pane(pane).locator("canvas").evaluate("c => c.toDataURL('image/png')")
        picture = Image.open(io.BytesIO(base64.b64decode(encoded.partition(",")[2])))
        return np.asarray(picture.convert("L"), float)

    def place(self, pane: str, x: float, y: float) -> tuple[float, float]:
        """Millimetres right of and below the pane's middle, of a place in its CSS pixels."""
        box = self.pane(pane).bounding_box()
        assert box
        pixel = self.number(pane, "pixel")
        return (x - box["width"] / 2) * pixel, (y - box["height"] / 2) * pixel

    def expected(self, pane: str, plane: np.ndarray, spacing: tuple[float, float]) -> np.ndarray:
        """The greys that a plane of voxels has in the pane's raster, black outside.

        ``plane`` has HU as the pane lies: rows downwards, columns to the right; ``spacing`` is in
        that order too. Between voxels it is linear, as the viewer says it draws.
        """
        shape = self.greys(pane).shape
        box = self.pane(pane).bounding_box()
        assert box
        pixel = self.number(pane, "pixel") * box["width"] / shape[1]
        axes = [
            (np.arange(size) - (size - 1) / 2) * pixel / step + (length - 1) / 2
            for size, step, length in zip(shape, spacing, plane.shape, strict=True)
        ]
        values = _bilinear(plane, *axes)
        volume = self.page.get_by_test_id("volume")
        width, center = (
            float(volume.get_attribute(f"data-window-{name}") or 0) for name in ("width", "center")
        )
        return np.where(np.isnan(values), 0, windowed(values, width, center))

    def rendering(self) -> np.ndarray:
        """The picture of the volume rendering alone, 0 to 255, rows × columns × RGB."""
        self.wait("vr")
        if not self.page.locator("style[data-bare]").count():
            self.page.evaluate(
                """css => { const style = document.createElement('style');
                style.dataset.bare = ''; style.textContent = css; document.head.append(style); }""",
                BARE,
            )
        picture = Image.open(io.BytesIO(self.pane("vr").screenshot()))
        self.page.evaluate("document.querySelector('style[data-bare]').remove()")
        # The lines between the panes may reach into its edge.
        return np.asarray(picture.convert("RGB"), float)[3:-3, 3:-3]

    def drag(self, pane: str, start: tuple[float, float], *points: tuple[float, float]) -> None:
        """From place to place, each in CSS pixels of the pane."""
        box = self.pane(pane).bounding_box()
        assert box
        path = [(box["x"] + x, box["y"] + y) for x, y in (start, *points)]
        if self.phone:
            self.viewer.touch_drag(path)
            return
        self.page.mouse.move(*path[0])
        self.page.mouse.down()
        for point in path[1:]:
            self.page.mouse.move(*point, steps=4)
        self.page.mouse.up()

    def cut(self, *outline: tuple[float, float]) -> None:
        """Frame a part of the rendering, in shares of its pane, and see it taken away."""
        box = self.pane("vr").bounding_box()
        assert box
        cuts = self.number("vr", "cuts")
        self.drag("vr", *((x * box["width"], y * box["height"]) for x, y in outline))
        expect(self.pane("vr")).to_have_attribute("data-cuts", f"{cuts + 1:.0f}")


def _bilinear(plane: np.ndarray, rows: np.ndarray, columns: np.ndarray) -> np.ndarray:
    """Linear between voxels; NaN more than half a voxel outside."""
    outside = [
        (at < -0.5) | (at > length - 0.5)
        for at, length in zip((rows, columns), plane.shape, strict=True)
    ]
    r, c = (
        np.clip(at, 0, length - 1) for at, length in zip((rows, columns), plane.shape, strict=True)
    )
    r0, c0 = (
        np.minimum(at.astype(int), length - 2)
        for at, length in zip((r, c), plane.shape, strict=True)
    )
    fr, fc = (r - r0)[:, None], (c - c0)[None, :]
    top = plane[np.ix_(r0, c0)] * (1 - fc) + plane[np.ix_(r0, c0 + 1)] * fc
    bottom = plane[np.ix_(r0 + 1, c0)] * (1 - fc) + plane[np.ix_(r0 + 1, c0 + 1)] * fc
    values = top * (1 - fr) + bottom * fr
    values[outside[0], :] = np.nan
    values[:, outside[1]] = np.nan
    return values


def plane_of(voxels, pane, layers, by=np.mean):
    """Layers of the box as a pane shows them, with its spacing downwards and to the right."""
    box = voxels.hu.take(layers, axis=AXES[pane])
    flat = by(box, axis=AXES[pane])
    if pane == "axial":
        return flat, (voxels.spacing[1], voxels.spacing[2])
    across = voxels.spacing[2] if pane == "coronal" else voxels.spacing[1]
    return flat[::-1], (voxels.spacing[0], across)


def index_at(voxels, pane, position):
    axis = AXES[pane]
    return round((position - voxels.origin[axis]) / voxels.spacing[axis])


def same_as(volume, voxels, pane):
    """The pane shows the voxels at the place that it states."""
    volume.wait(pane)
    index = index_at(voxels, pane, volume.number(pane, "position"))
    expected = volume.expected(pane, *plane_of(voxels, pane, [index]))
    assert difference(volume.greys(pane), expected) < SAME, pane
    return index


def bright(picture):
    """Where the rendering has something."""
    return picture.max(axis=2) > 30


def likeness(one, other):
    """Share of what either shows that both show."""
    return (one & other).sum() / max(1, (one | other).sum())
