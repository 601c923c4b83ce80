"""What a slice holds by its file, and what the viewer's screen shows of it."""

from __future__ import annotations

import base64
import io
from typing import Any

import httpx
import numpy as np
from PIL import Image

from e2e.viewer_page import ViewerPage

# Three frames later, when what was asked for is drawn.
CANVAS = """async (pane) => {
  for (let frame = 0; frame < 3; frame++) await new Promise(requestAnimationFrame);
  return document.querySelectorAll('[data-testid=viewport] canvas')[pane].toDataURL('image/png');
}"""


class Slices:
    """A CT series as stored: attributes and values in HU."""

    def __init__(self, dicomweb: httpx.Client, study: str, series: str) -> None:
        self._dicomweb = dicomweb
        self._path = f"/studies/{study}/series/{series}"
        metadata = dicomweb.get(f"{self._path}/metadata").raise_for_status().json()
        self._datasets = sorted(metadata, key=lambda item: item["00200013"]["Value"][0])
        self._values: dict[int, np.ndarray] = {}

    def attribute(self, index: int, tag: str) -> Any:
        return self._datasets[index][tag]["Value"][0]

    def position(self, index: int) -> list[float]:
        """Image Position (Patient): left, back, head in millimetres."""
        return [float(value) for value in self._datasets[index]["00200032"]["Value"]]

    @property
    def spacing(self) -> tuple[float, float]:
        """Millimetres between rows and between columns."""
        between_rows, between_columns = self._datasets[0]["00280030"]["Value"]
        return float(between_rows), float(between_columns)

    def values(self, index: int) -> np.ndarray:
        """Rows × columns in HU, by the file's slope and intercept."""
        if index not in self._values:
            instance = self.attribute(index, "00080018")
            frame = self._dicomweb.get(
                f"{self._path}/instances/{instance}/frames/1",
                headers={"Accept": "application/octet-stream"},
            ).raise_for_status()
            signed = self.attribute(index, "00280103") == 1
            stored = np.frombuffer(frame.content, "<i2" if signed else "<u2")
            shape = (self.attribute(index, "00280010"), self.attribute(index, "00280011"))
            slope, intercept = (self.attribute(index, tag) for tag in ("00281053", "00281052"))
            self._values[index] = stored.reshape(shape) * slope + intercept
        return self._values[index]


def to_pixel(viewer: ViewerPage, shape: tuple[int, int], x: float, y: float) -> tuple[float, float]:
    """Column and row beneath a place of the viewport, for a picture fitted into it."""
    box = viewer.box
    scale = min(box["width"] / shape[1], box["height"] / shape[0])
    column = (x - box["width"] / 2) / scale + shape[1] / 2 - 0.5
    row = (y - box["height"] / 2) / scale + shape[0] / 2 - 0.5
    return column, row


def shown_greys(viewer: ViewerPage, pane: int = 0) -> np.ndarray:
    """The middle square of what is drawn in a pane, 0 to 255, 200 × 200."""
    encoded = viewer.page.evaluate(CANVAS, pane).partition(",")[2]
    drawn = Image.open(io.BytesIO(base64.b64decode(encoded))).convert("L")
    side = min(drawn.size)
    left, top = (drawn.width - side) // 2, (drawn.height - side) // 2
    square = drawn.crop((left, top, left + side, top + side)).resize(
        (200, 200), Image.Resampling.BOX
    )
    return np.asarray(square, float)


def windowed(values: np.ndarray, width: float, center: float) -> np.ndarray:
    """Greys 0 to 255 of rescaled values (PS3.3 C.11.2.1.2.1)."""
    return np.clip(((values - (center - 0.5)) / (width - 1) + 0.5) * 255, 0, 255)


def expected_greys(values: np.ndarray, width: float, center: float) -> np.ndarray:
    """The same square by the file's values and the window's formula."""
    greys = windowed(values, width, center)
    fitted = Image.fromarray(greys.astype("uint8")).resize((200, 200), Image.Resampling.BOX)
    return np.asarray(fitted, float)


def difference(one: np.ndarray, other: np.ndarray) -> float:
    """The mean difference of two pictures' greys."""
    return float(np.abs(one - other).mean())
