"""From arrays of any layout and type to uint8 (N, C, H, W)."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from workbench.core.errors import DataError

Layout = Literal["auto", "NHWC", "NCHW"]
Values = Literal["auto", "0..1", "-1..1", "0..255", "0..65535"]

_CHANNELS = (1, 3, 4)
_SLACK = 1e-3
_SCANNED_ROWS = 1024


def value_range(array: NDArray[Any], values: Values, name: str) -> tuple[float, float]:
    """What black and white are in an array; raises DataError where auto finds no range that fits."""
    if array.dtype.kind not in "buif":
        raise DataError(f"The array {name!r} holds {array.dtype}, not numbers.", "Choose the array of images.")
    if values != "auto":
        low, high = values.split("..")
        return float(low), float(high)
    if array.dtype == np.bool_:
        return 0.0, 1.0
    if array.dtype == np.uint8:
        return 0.0, 255.0
    return _told_by_extremes(*_extremes(array), array.dtype.kind == "f", name)


def _told_by_extremes(low: float, high: float, floating: bool, name: str) -> tuple[float, float]:
    tops = (1.0, 255.0) if floating else (255.0, 65535.0)
    for top in tops:
        if low >= -_SLACK and high <= top + _SLACK:
            return 0.0, top
    raise DataError(
        f"The values of {name!r} go from {low:g} to {high:g}; auto knows 0 to {tops[0]:g} and 0 to {tops[1]:g}.",
        "Say what black and white are in the values setting, or scale the array.",
    )


def _extremes(array: NDArray[Any]) -> tuple[float, float]:
    """Smallest and largest value, a part at a time so that a memory map is not read at once; NaN stays NaN."""
    parts = [array[start : start + _SCANNED_ROWS] for start in range(0, len(array), _SCANNED_ROWS)]
    return float(np.min([part.min() for part in parts])), float(np.max([part.max() for part in parts]))


def images_nchw(array: NDArray[Any], layout: Layout, low: float, high: float, name: str) -> NDArray[np.uint8]:
    """uint8 (N, C, H, W) with C 1 or 3 from (N, H, W), NHWC or NCHW; a fourth channel is alpha, put on white."""
    if array.ndim == 3:
        return to_uint8(array, low, high)[:, None]
    if _channels_last(array.shape, layout, name):
        array = array.transpose(0, 3, 1, 2)
    pixels = to_uint8(array, low, high)
    return _on_white(pixels) if pixels.shape[1] == 4 else pixels


def to_uint8(array: NDArray[Any], low: float, high: float) -> NDArray[np.uint8]:
    """Black to 0, white to 255, rounded and clipped."""
    if array.dtype == np.uint8 and (low, high) == (0.0, 255.0):
        return np.asarray(array)
    scaled = (array.astype(np.float32) - low) * (255.0 / (high - low))
    return np.asarray(np.clip(np.rint(scaled), 0, 255), dtype=np.uint8)


def _channels_last(shape: tuple[int, ...], layout: Layout, name: str) -> bool:
    last, first = shape[3] in _CHANNELS, shape[1] in _CHANNELS
    fits = {"NHWC": last, "NCHW": first, "auto": last != first}[layout]
    if fits:
        return layout == "NHWC" or (layout == "auto" and last)
    if last and first:
        raise DataError(
            f"The array {name!r} of shape {shape} may have its channels first or last.",
            "Say which in the layout setting.",
        )
    raise DataError(
        f"The array {name!r} of shape {shape} has no axis of 1, 3 or 4 channels.",
        "Images are (N, H, W), (N, H, W, C) or (N, C, H, W).",
    )


def _on_white(rgba: NDArray[np.uint8]) -> NDArray[np.uint8]:
    alpha = rgba[:, 3:].astype(np.float32) / 255.0
    return np.asarray(np.rint(rgba[:, :3] * alpha + 255.0 * (1.0 - alpha)), dtype=np.uint8)
