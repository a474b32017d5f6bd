"""Brightness, contrast, saturation and hue one after the other, as torchvision adjusts floats.

Each is clamped to [0, 1] before the next, contrast blends with the mean grey of what the steps before it left, and hue
turns in HSV, where a colour keeps its largest and its smallest channel. A turned colour is written directly from its
hue h in sixths of the circle: channel n = 5, 3, 1 (red, green, blue) is max - (max - min) · min(k, 4 - k, 1), not below
max - 0, with k = (n + h) mod 6 (Smith 1978, in closed form).

Shape legend: N samples in a batch, M of them changed, H height, W width.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from workbench.views.colour import GREY
from workbench.views.cpu import compiled

Array = NDArray[Any]

BRIGHTNESS, CONTRAST, SATURATION, HUE = range(4)
_RED, _GREEN, _BLUE = (np.float32(weight) for weight in GREY)
_TINY = 1e-12
_ONE, _ZERO = np.float32(1.0), np.float32(0.0)


def adjusted(x: Tensor, factors: Array, order: Array) -> Tensor:
    """x (M, 3, H, W) in [0, 1] after all four steps.

    Parameters
    ----------
    factors : (M, 4) float32, of brightness, contrast, saturation (1 changes nothing) and hue (0; shares of the circle)
    order : (M, 4) int, which of the four comes first, second, third and last
    """
    steps = (_brighter, _contrasted, _saturated, _turned)
    for place in range(4):
        for kind, step in enumerate(steps):
            rows = np.flatnonzero(order[:, place] == kind)
            index = torch.from_numpy(rows).to(x.device)
            factor = torch.from_numpy(factors[rows, kind]).to(x.device)[:, None, None, None]
            x = x.index_copy(0, index, step(x[index], factor))
    return x


def _brighter(x: Tensor, factor: Tensor) -> Tensor:
    return (x * factor).clamp_(0, 1)


def _contrasted(x: Tensor, factor: Tensor) -> Tensor:
    mean = _grey(x).mean(dim=(2, 3), keepdim=True)
    return (x * factor).add_((1 - factor) * mean).clamp_(0, 1)


def _saturated(x: Tensor, factor: Tensor) -> Tensor:
    return (x * factor).add_((1 - factor) * _grey(x)).clamp_(0, 1)


def _grey(x: Tensor) -> Tensor:
    weights = torch.tensor(GREY, dtype=x.dtype, device=x.device)[:, None, None]
    return (x * weights).sum(dim=1, keepdim=True)


def _turned(x: Tensor, turn: Tensor) -> Tensor:
    low, high = torch.aminmax(x, dim=1, keepdim=True)
    span = high - low
    red, green, blue = x[:, :1], x[:, 1:2], x[:, 2:]
    from_green = torch.where(high == green, blue - red + 2 * span, red - green + 4 * span)
    hue = torch.where(high == red, green - blue, from_green) / span.clamp_min(_TINY) + 6 * turn
    starts = torch.tensor([5.0, 3.0, 1.0], device=x.device)[:, None, None]
    k = (starts + hue) % 6
    return high - span * torch.minimum(k, 4 - k).clamp_(0, 1)


@compiled
def adjust(x: Array, rows: Array, factors: Array, order: Array) -> None:
    """The same for the named rows of x (N, 3, H, W), in place; `factors` and `order` are theirs alone."""
    for m in range(len(rows)):
        flat = x[rows[m]].reshape(3, -1)
        for place in range(4):
            kind = order[m, place]
            factor = factors[m, kind]
            if kind == HUE:
                _turn(flat, factor)
            elif kind == BRIGHTNESS:
                _blend(flat, factor, _ZERO, _ZERO)
            elif kind == SATURATION:
                _blend(flat, factor, _ONE - factor, _ZERO)
            else:
                _blend(flat, factor, _ZERO, (_ONE - factor) * _mean_grey(flat))


@compiled
def _mean_grey(flat: Array) -> Any:
    total = _ZERO
    for i in range(flat.shape[1]):
        total += _RED * flat[0, i] + _GREEN * flat[1, i] + _BLUE * flat[2, i]
    return total / np.float32(flat.shape[1])


@compiled
def _clamped(value: Any) -> Any:
    return min(max(value, _ZERO), _ONE)


@compiled
def _blend(flat: Array, own: Any, grey: Any, offset: Any) -> None:
    """Each pixel times `own`, plus its grey times `grey`, plus `offset`."""
    for i in range(flat.shape[1]):
        r, g, b = flat[0, i], flat[1, i], flat[2, i]
        more = grey * (_RED * r + _GREEN * g + _BLUE * b) + offset
        flat[0, i], flat[1, i], flat[2, i] = (
            _clamped(own * r + more),
            _clamped(own * g + more),
            _clamped(own * b + more),
        )


@compiled
def _turn(flat: Array, turn: Any) -> None:
    for i in range(flat.shape[1]):
        r, g, b = flat[0, i], flat[1, i], flat[2, i]
        high, low = max(r, max(g, b)), min(r, min(g, b))
        span = high - low
        if span > _ZERO:
            hue = _sixths(r, g, b, high, span) + np.float32(6.0) * turn
            flat[0, i] = high - span * _lack(hue + np.float32(5.0))
            flat[1, i] = high - span * _lack(hue + np.float32(3.0))
            flat[2, i] = high - span * _lack(hue + np.float32(1.0))


@compiled
def _sixths(r: Any, g: Any, b: Any, high: Any, span: Any) -> Any:
    """Hue in sixths of the circle, from -1 (just before red) to 5."""
    if high == r:
        return (g - b) / span
    if high == g:
        return (b - r) / span + np.float32(2.0)
    return (r - g) / span + np.float32(4.0)


@compiled
def _lack(sixths: Any) -> Any:
    """How far a channel lies below the largest one, as a share of the span."""
    k = sixths - np.float32(6.0) * np.floor(sixths / np.float32(6.0))
    return _clamped(min(k, np.float32(4.0) - k))
