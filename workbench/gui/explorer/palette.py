"""Colours for data: categories that stay apart for every kind of colour vision, and continuous ramps.

Colour vision deficiency is simulated after Machado, Oliveira and Fernandes (2009), "A physiologically-based model for
simulation of color vision deficiency", IEEE TVCG 15(6), matrices of severity 1.0. Distances are Euclidean in Oklab
(Ottosson 2020). The ramps pass through the published anchors of viridis and cividis (matplotlib; Nunez et al. 2018) and
of Paul Tol's "BuRd" (SRON/EPS/TN/09-002), interpolated in Oklab; "diverging-dark" has its hues about a dark middle.
"""

from __future__ import annotations

from functools import cache

import numpy as np
from numpy.typing import NDArray

from workbench.app.palette import CATEGORICAL_10
from workbench.gui.explorer.colours import rgba_table

MISSING = "#8a8f98"

_ANCHORS = {
    "viridis": "440154 482878 3e4a89 31688e 26828e 1f9e89 35b779 6ece58 b5de2b fde725",
    "cividis": "00224e 123570 3b496c 575d6d 707173 8a8678 a59c74 c3b369 e1cc55 fee838",
    "diverging": "2166ac 4393c3 92c5de d1e5f0 f7f7f7 fddbc7 f4a582 d6604d b2182b",
    "diverging-dark": "92c5de 4393c3 2166ac 1f3a58 1f2126 5a2226 b2182b d6604d f4a582",
}
RAMPS = {name: tuple(f"#{anchor}" for anchor in anchors.split()) for name, anchors in _ANCHORS.items()}

_VISION = np.array([
    np.eye(3),
    [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]],
    [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]],
    [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602], [0.004733, 0.691367, 0.303900]],
])  # fmt: skip
_TO_LMS = np.array([
    [0.4122214708, 0.5363325363, 0.0514459929],
    [0.2119034982, 0.6806995451, 0.1073969566],
    [0.0883024619, 0.2817188376, 0.6299787005],
])  # fmt: skip
_TO_LAB = np.array([
    [0.2104542553, 0.7936177850, -0.0040720468],
    [1.9779984951, -2.4285922050, 0.4505937099],
    [0.0259040371, 0.7827717662, -0.8086757660],
])  # fmt: skip

FloatArray = NDArray[np.float64]


def categorical(count: int) -> NDArray[np.uint8]:
    """(count, 4) uint8 colours; the first ten never change, and each further one is the farthest from all before it.

    After some 300 the candidates are used up and the colours come round again.
    """
    table = _categories()
    return np.asarray(table[np.arange(count) % len(table)])


def ramp(name: str = "viridis", steps: int = 256) -> NDArray[np.uint8]:
    """(steps, 4) uint8 colours from low to high; names are those of `RAMPS`."""
    anchors = oklab(rgba_table(RAMPS[name])[:, :3])
    at = np.linspace(0, len(anchors) - 1, steps)
    lab = np.stack([np.interp(at, np.arange(len(anchors)), anchors[:, axis]) for axis in range(3)], axis=1)
    return np.asarray(np.c_[_from_oklab(lab), np.full(steps, 255)], np.uint8)


def smallest_distance(rgb: NDArray[np.uint8]) -> float:
    """The smallest Oklab distance between any two of the (K, 3) colours, to any of the four kinds of colour vision."""
    seen = _seen(rgb)
    distance = np.linalg.norm(seen[:, :, None] - seen[:, None, :], axis=-1)
    distance[:, np.arange(len(rgb)), np.arange(len(rgb))] = np.inf
    return float(distance.min())


def oklab(rgb: NDArray[np.uint8]) -> FloatArray:
    """Oklab coordinates (K, 3) of uint8 sRGB colours (K, 3)."""
    return _lab(_linear(rgb))


@cache
def _categories() -> NDArray[np.uint8]:
    base = rgba_table(CATEGORICAL_10)[:, :3]
    levels = np.arange(30, 256, 25)
    lattice = np.stack(np.meshgrid(levels, levels, levels, indexing="ij"), axis=-1).reshape(-1, 3).astype(np.uint8)
    lab = oklab(lattice)
    usable = (lab[:, 0] > 0.42) & (lab[:, 0] < 0.88) & (np.hypot(lab[:, 1], lab[:, 2]) > 0.07)
    candidates = lattice[usable]
    seen, taken = _seen(candidates), _seen(base)
    nearest = np.linalg.norm(seen[:, :, None] - taken[:, None, :], axis=-1).min(axis=(0, 2))
    chosen = list(base)
    for _ in range(min(300, len(candidates))):
        best = int(nearest.argmax())
        chosen.append(candidates[best])
        nearest = np.minimum(nearest, np.linalg.norm(seen - seen[:, best, None], axis=-1).min(axis=0))
    return np.asarray(np.c_[np.array(chosen), np.full(len(chosen), 255)], np.uint8)


def _seen(rgb: NDArray[np.uint8]) -> FloatArray:
    """Oklab (4, K, 3) of the colours as each kind of colour vision sees them."""
    return _lab(np.clip(np.einsum("kc,vdc->vkd", _linear(rgb), _VISION), 0, 1))


def _linear(rgb: NDArray[np.uint8]) -> FloatArray:
    value = rgb.astype(np.float64) / 255
    return np.where(value <= 0.04045, value / 12.92, ((value + 0.055) / 1.055) ** 2.4)


def _lab(linear: FloatArray) -> FloatArray:
    return np.asarray(np.cbrt(linear @ _TO_LMS.T) @ _TO_LAB.T)


def _from_oklab(lab: FloatArray) -> NDArray[np.uint8]:
    linear = np.clip((lab @ np.linalg.inv(_TO_LAB).T) ** 3 @ np.linalg.inv(_TO_LMS).T, 0, 1)
    value = np.where(linear <= 0.0031308, linear * 12.92, 1.055 * linear ** (1 / 2.4) - 0.055)
    return np.asarray(np.rint(value * 255), np.uint8)
