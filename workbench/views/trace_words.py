"""What an operation drew, in words: `brightness × 1.21`, `box 18.2 × 22.5 px at 3, 5`, `hue +12°`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache
from typing import Any

import numpy as np

from workbench.views.operations.base import Operation, OperationConfig

_JITTER = ("brightness", "contrast", "saturation", "hue")
_CHANNELS = ("red", "green", "blue")
_LONGEST = 6


def parameter_words(operation: Operation, drawn: Mapping[str, Any]) -> tuple[str, ...]:
    """One sample's draws of an operation for people; fields of noise and their seeds are left out.

    Parameters
    ----------
    drawn : name -> this sample's value, a number or a short array
    """
    words, rest = _boxes(drawn)
    properties = _properties(type(operation).Config)
    for name, value in rest.items():
        if name in _SAID:
            words.append(_SAID[name](value))
        elif "seed" not in name and np.size(value) <= _LONGEST:
            words.append(_plain_words(name, value, properties.get(name, {})))
    return tuple(word for word in words if word)


@cache
def _properties(config: type[OperationConfig]) -> Mapping[str, Any]:
    found: Mapping[str, Any] = config.model_json_schema().get("properties", {})
    return found


def _boxes(drawn: Mapping[str, Any]) -> tuple[list[str], dict[str, Any]]:
    """The rectangles in words, and what else was drawn."""
    rest = dict(drawn)
    if "side" in rest:
        rest["width"] = rest["height"] = rest.pop("side")
    if all(name in rest for name in ("left", "top", "width", "height")):
        return [_box(*(rest.pop(name) for name in ("left", "top", "width", "height")))], rest
    edges = np.reshape(rest.pop("box"), (-1, 4)).tolist() if np.size(rest.get("box", ())) else []
    return [_box(left, top, right - left, bottom - top) for top, bottom, left, right in edges], rest


def _box(left: float, top: float, width: float, height: float) -> str:
    return f"box {_tenth(width)} × {_tenth(height)} px at {_tenth(left)}, {_tenth(top)}"


def _tenth(value: float) -> str:
    return f"{round(float(value), 1):g}"


def _order(value: Any) -> str:
    if np.size(value) == len(_CHANNELS):
        return "channels " + ", ".join(_CHANNELS[place] for place in value)
    return "in the order " + ", ".join(_JITTER[place] for place in value)


def _kept(value: Any) -> str:
    return "kept " + (" and ".join(name for name, kept in zip(_CHANNELS, value, strict=True) if kept) or "none")


def _in_caption(_value: Any) -> str:
    """For what the caption of the operation says."""
    return ""


_SAID: dict[str, Callable[[Any], str]] = {
    "brightness": lambda value: f"brightness × {value:.2f}",
    "contrast": lambda value: f"contrast × {value:.2f}",
    "saturation": lambda value: f"saturation × {value:.2f}",
    "scale": lambda value: f"scale × {value:.2f}",
    "factor": lambda value: f"factor × {value:.2f}",
    "hue": lambda value: f"hue {360 * value:+.0f}°",
    "order": _order,
    "kept": _kept,
    "turns": lambda value: f"{90 * value}° counter-clockwise",
    "angle": lambda value: f"angle {value:+.1f}°",
    "degrees": lambda value: f"angle {value:+.1f}°",
    "shear_x": lambda value: f"shear across {value:+.1f}°",
    "shear_y": lambda value: f"shear up and down {value:+.1f}°",
    "shift_x": lambda value: f"shift across {value:+.1f} px",
    "shift_y": lambda value: f"shift down {value:+.1f} px",
    "corners": lambda value: f"corners moved inwards by up to {np.max(value) / 2:.0%}",
    "sigma": lambda value: f"sigma {value:.2f} px",
    "partner": _in_caption,
    "share": _in_caption,
}
"""What needs other words than its setting's title."""


def _plain_words(name: str, value: Any, prop: Mapping[str, Any]) -> str:
    title = str(prop.get("title", name.replace("_", " "))).lower()
    unit = str(prop.get("unit", ""))
    return f"{title} {_plain(value)}{'' if unit in ('', '°', '%') else ' '}{unit}"


def _plain(value: Any) -> str:
    if np.ndim(value):
        return ", ".join(_plain(part) for part in value)
    if isinstance(value, bool | np.bool_):
        return "yes" if value else "no"
    return f"{value:.3g}" if isinstance(value, float | np.floating) else str(value)
