"""What a reader is told of a volume that is open."""

from typing import Any


def window(description: dict[str, Any]) -> tuple[float, float]:
    """(center, width): of the file, else all but the darkest and brightest half percent."""
    if description["window"] is not None:
        center, width = description["window"]
        return center, width
    low, high = description["usual"]
    return (low + high + 1) / 2, high - low + 1


def opened(description: dict[str, Any], presets: list[str]) -> dict[str, Any]:
    """The message; *description* is what `dicom_node.render.volume.build` wrote."""
    center, width = window(description)
    return {
        "type": "opened",
        "grid": description["grids"][0],
        "unit": description["unit"],
        "range": [description["least"], description["greatest"]],
        "usual": description["usual"],
        "window": {"center": center, "width": width},
        "inverted": description["inverted"],
        "presets": presets,
        "every": description["every"],
    }
