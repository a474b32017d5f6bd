"""Affine maps of RGB, one a sample, composed without touching a pixel.

A transform T is (N, 3, 7) = (A | B | b) and takes a pixel x (RGB) of a view whose mean colour is m to A x + B m + b.
Carrying the mean as an unknown lets contrast, which blends with the view's mean grey, compose like the rest: after T,
the mean is (A + B) m + b.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

GREY = np.array([0.2989, 0.587, 0.114])
"""Luma weights, as torchvision uses them."""

_TO_YIQ = np.array([[0.299, 0.587, 0.114], [0.5959, -0.2746, -0.3213], [0.2115, -0.5227, 0.3112]])
_FROM_YIQ = np.linalg.inv(_TO_YIQ)
# A turn of the IQ plane is luma + cos · chroma + sin · cross, so only two numbers a sample are needed.
_LUMA = _FROM_YIQ @ np.diag([1.0, 0.0, 0.0]) @ _TO_YIQ
_CHROMA = np.eye(3) - _LUMA
_CROSS = _FROM_YIQ @ np.array([[0.0, 0.0, 0.0], [0.0, 0.0, 1.0], [0.0, -1.0, 0.0]]) @ _TO_YIQ


def identity(samples: int) -> Floats:
    """The transform that changes nothing, (N, 3, 7)."""
    return np.tile(np.eye(3, 7), (samples, 1, 1))


def brightness(factor: Floats) -> Floats:
    """Matrices (N, 3, 3) that multiply by `factor` (N,)."""
    scaled: Floats = factor[:, None, None] * np.eye(3)
    return scaled


def saturation(factor: Floats) -> Floats:
    """Matrices (N, 3, 3) that blend with the pixel's own grey; 0 is greyscale, 1 changes nothing."""
    own: Floats = brightness(factor) + (1 - factor)[:, None, None] * GREY
    return own


def hue(turn: Floats) -> Floats:
    """Matrices (N, 3, 3) that rotate the colour circle by `turn` (N,), from red towards green, at constant luma."""
    angle = 2 * np.pi * turn[:, None, None]
    rotation: Floats = _LUMA + np.cos(angle) * _CHROMA + np.sin(angle) * _CROSS
    return rotation


def with_contrast(transform: Floats, factor: Floats) -> Floats:
    """The transform followed by a blend with the view's mean grey; factor 1 changes nothing."""
    grey_row = np.zeros((len(transform), 1, 7))
    grey_row[:, 0, 3:6] = GREY @ (transform[:, :, :3] + transform[:, :, 3:6])
    grey_row[:, 0, 6] = transform[:, :, 6] @ GREY
    blended: Floats = factor[:, None, None] * transform + (1 - factor)[:, None, None] * grey_row
    return blended
