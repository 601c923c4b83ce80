"""What a reader asks to be shown in one pane, and how it is read from a message.

A message names what changes; what it does not name stays as it is. Every error names its field.
"""

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, fields, replace
from typing import Any

import numpy as np

from dicom_node.render.rays import WHOLE, Camera, Crop
from dicom_node.render.reslice import PROJECTIONS, Plane, Slab
from dicom_node.render.space import PLANES, VIEWS, Axes, Grid, fitting_pixel, unit
from dicom_node.render.transfer import PRESETS

MODES = ("mpr", "vr")
MIN_SIDE, MAX_SIDE = 16, 2048
_FARTHEST = 100_000.0
_MAX_PIXEL, _MIN_PIXEL = 20.0, 0.01
_MAX_THICKNESS = 3000.0
_MAX_VALUE = 10_000_000.0
_LEAST_CROP = 0.02
_SQUARE = 1e-3

Numbers = tuple[float, ...]


class InvalidError(Exception):
    """A message that is none; the text names the field and never quotes what came."""


@dataclass(frozen=True, slots=True)
class View:
    """Units as in docs/architecture.md. ``centre`` None is the volume's middle, ``pixel`` 0 a fit.

    Vectors are plain tuples, so that a view goes through JSON as it is.
    """

    mode: str
    size: tuple[int, int] = (512, 512)
    right: Numbers = (1.0, 0.0, 0.0)
    down: Numbers = (0.0, 1.0, 0.0)
    centre: Numbers | None = None
    pixel: float = 0.0
    thickness: float = 0.0
    projection: str = "max"
    window: tuple[float, float] = (0.0, 1.0)
    inverted: bool = False
    preset: str = "bone"
    offset: float = 0.0
    spread: float = 1.0
    crop: Crop = WHOLE
    lossless: bool = False

    @property
    def axes(self) -> Axes:
        return Axes(np.array(self.right), np.array(self.down))

    @property
    def slab(self) -> Slab:
        return Slab(self.thickness, self.projection)

    def plane(self, grid: Grid) -> Plane:
        centre = grid.middle if self.centre is None else np.array(self.centre)
        return Plane(self.axes, centre)

    def pixel_of(self, grid: Grid) -> float:
        """Millimetres a pixel of ``size``."""
        return self.pixel or fitting_pixel(grid, self.axes, *self.size)

    def camera(self, grid: Grid) -> Camera:
        plane = self.plane(grid)
        return Camera(plane.axes, plane.centre, self.pixel_of(grid))

    def as_json(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_json(cls, document: Mapping[str, Any]) -> "View":
        """Of what `as_json` gave, which JSON has made lists of."""
        return cls(**{item.name: _tuples(document[item.name]) for item in fields(cls)})


def _tuples(value: Any) -> Any:
    return tuple(_tuples(part) for part in value) if isinstance(value, list) else value


def changed(view: View, message: Mapping[str, Any], presets: list[str]) -> View:
    """*view* as *message* wants it; raise `InvalidError`. *presets* are those of the series."""
    changes: dict[str, Any] = {}
    for name, value in message.items():
        reader = _READERS.get(name)
        if reader is None:
            raise InvalidError(f"{name[:32]!a}: no such field")
        changes |= reader(name, value)
    if changes.get("preset", view.preset) not in presets:
        raise InvalidError(f"preset: this series has {', '.join(presets)}")
    return replace(view, **changes)


def number(name: str, value: Any, least: float, most: float) -> float:
    """A finite number within bounds; raise `InvalidError`."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise InvalidError(f"{name}: is not a number")
    # The comparison is exact for whole numbers of any length, and false for what is no number.
    if not least <= value <= most:
        raise InvalidError(f"{name}: is not between {least:g} and {most:g}")
    return float(value)


def whole(name: str, value: Any, least: int, most: int) -> int:
    found = number(name, value, least, most)
    if not found.is_integer():
        raise InvalidError(f"{name}: is not a whole number")
    return int(found)


def text(name: str, value: Any, allowed: tuple[str, ...]) -> str:
    if not isinstance(value, str) or value not in allowed:
        raise InvalidError(f"{name}: is not one of {', '.join(allowed)}")
    return value


def numbers(name: str, value: Any, count: int, least: float, most: float) -> Numbers:
    if not isinstance(value, list) or len(value) != count:
        raise InvalidError(f"{name}: is not a list of {count} numbers")
    return tuple(number(name, part, least, most) for part in value)


def table(name: str, value: Any, *keys: str) -> list[Any]:
    """The values of an object with exactly these keys."""
    if not isinstance(value, dict) or value.keys() != set(keys):
        raise InvalidError(f"{name}: is not an object with {' and '.join(keys)}")
    return [value[key] for key in keys]


def size(name: str, value: Any) -> tuple[int, int]:
    if not isinstance(value, list) or len(value) != 2:
        raise InvalidError(f"{name}: is not a width and a height")
    width, height = (whole(name, side, MIN_SIDE, MAX_SIDE) for side in value)
    return width, height


def orientation(name: str, value: Any) -> tuple[Numbers, Numbers]:
    """Right and down, by the name of a plane or view, or as two directions, made square."""
    if isinstance(value, str):
        named = {**PLANES, **VIEWS}
        axes = named[text(name, value, tuple(named))]
        return tuple(axes.right.tolist()), tuple(axes.down.tolist())
    given = table(name, value, "right", "down")
    right, down = (np.array(numbers(name, part, 3, -1.01, 1.01)) for part in given)
    if any(abs(float(np.linalg.norm(part)) - 1) > 0.01 for part in (right, down)):
        raise InvalidError(f"{name}: right and down are not of length 1")
    if abs(float(right @ down)) > _SQUARE * 10:
        raise InvalidError(f"{name}: right and down are not at right angles")
    right = unit(right)
    down = unit(down - right * float(right @ down))
    return tuple(right.tolist()), tuple(down.tolist())


def _orientation(name: str, value: Any) -> dict[str, Any]:
    right, down = orientation(name, value)
    return {"right": right, "down": down}


def centre(name: str, value: Any) -> Numbers | None:
    return None if value is None else numbers(name, value, 3, -_FARTHEST, _FARTHEST)


def pixel(name: str, value: Any) -> float:
    found = number(name, value, 0, _MAX_PIXEL)
    if 0 < found < _MIN_PIXEL:
        raise InvalidError(f"{name}: is not 0, and less than {_MIN_PIXEL:g}")
    return found


def _slab(name: str, value: Any) -> dict[str, Any]:
    thickness, projection = table(name, value, "thickness", "projection")
    return {
        "thickness": number(f"{name}.thickness", thickness, 0, _MAX_THICKNESS),
        "projection": text(f"{name}.projection", projection, PROJECTIONS),
    }


def _window(name: str, value: Any) -> dict[str, Any]:
    center, width = table(name, value, "center", "width")
    return {
        "window": (
            number(f"{name}.center", center, -_MAX_VALUE, _MAX_VALUE),
            number(f"{name}.width", width, 1e-6, _MAX_VALUE),
        )
    }


def _shift(name: str, value: Any) -> dict[str, Any]:
    offset, width = table(name, value, "offset", "width")
    return {
        "offset": number(f"{name}.offset", offset, -3, 3),
        "spread": number(f"{name}.width", width, 0.1, 5),
    }


def _crop(name: str, value: Any) -> dict[str, Any]:
    if not isinstance(value, list) or len(value) != 3:
        raise InvalidError(f"{name}: is not a list of three ranges")
    kept = [numbers(name, part, 2, 0, 1) for part in value]
    if any(last - first < _LEAST_CROP - 1e-9 for first, last in kept):
        raise InvalidError(f"{name}: a range is narrower than {_LEAST_CROP:g}")
    return {"crop": tuple(kept)}


def _flag(name: str, value: Any) -> dict[str, Any]:
    if not isinstance(value, bool):
        raise InvalidError(f"{name}: is not true or false")
    return {name: value}


_READERS: dict[str, Callable[[str, Any], dict[str, Any]]] = {
    "mode": lambda name, value: {"mode": text(name, value, MODES)},
    "size": lambda name, value: {"size": size(name, value)},
    "orientation": _orientation,
    "centre": lambda name, value: {"centre": centre(name, value)},
    "pixel": lambda name, value: {"pixel": pixel(name, value)},
    "slab": _slab,
    "window": _window,
    "inverted": _flag,
    "preset": lambda name, value: {"preset": text(name, value, PRESETS)},
    "shift": _shift,
    "crop": _crop,
    "lossless": _flag,
}
