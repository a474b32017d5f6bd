"""CIE Lab (D65 white, 2 degree observer) and back to sRGB, for whole batches on any device.

Scaled for networks: L/100, a/110 and b/110, so that the sRGB gamut lies within [0, 1] and [-1, 1]. The transfer curve
and the primaries are those of IEC 61966-2-1, the curve of Lab is that of CIE 15:2004, section 8.2.1.
"""

from __future__ import annotations

import torch
from torch import Tensor

LIGHTNESS_SCALE = 100.0
COLOUR_SCALE = 110.0

_TO_XYZ = (
    (0.4124564, 0.3575761, 0.1804375),
    (0.2126729, 0.7151522, 0.0721750),
    (0.0193339, 0.1191920, 0.9503041),
)
_KNEE = 6 / 29
_SRGB_KNEE = 0.04045


def lab_of(rgb: Tensor) -> Tensor:
    """Scaled Lab (N, 3, H, W) of sRGB in [0, 1]."""
    low = rgb <= _SRGB_KNEE
    linear = torch.where(low, rgb / 12.92, ((rgb.clamp_min(_SRGB_KNEE) + 0.055) / 1.055) ** 2.4)
    # Divided by the white, and exactly so: every grey has a = b = 0.
    matrix = torch.tensor(_TO_XYZ, dtype=torch.float64)
    xyz = _mixed(matrix / matrix.sum(dim=1, keepdim=True), linear)
    near = xyz <= _KNEE**3
    curve = torch.where(near, xyz / (3 * _KNEE**2) + 4 / 29, xyz.clamp_min(_KNEE**3) ** (1 / 3))
    x, y, z = curve.unbind(1)
    lightness = (116 * y - 16) / LIGHTNESS_SCALE
    return torch.stack([lightness, 500 * (x - y) / COLOUR_SCALE, 200 * (y - z) / COLOUR_SCALE], dim=1)


def rgb_of(lab: Tensor) -> Tensor:
    """sRGB in [0, 1] of scaled Lab (N, 3, H, W); colours that sRGB does not have are clamped."""
    lightness, a, b = lab.unbind(1)
    y = (lightness * LIGHTNESS_SCALE + 16) / 116
    curve = torch.stack([y + a * COLOUR_SCALE / 500, y, y - b * COLOUR_SCALE / 200], dim=1)
    xyz = torch.where(curve <= _KNEE, 3 * _KNEE**2 * (curve - 4 / 29), curve.clamp_min(_KNEE) ** 3)
    matrix = torch.tensor(_TO_XYZ, dtype=torch.float64)
    linear = _mixed(torch.linalg.inv(matrix / matrix.sum(dim=1, keepdim=True)), xyz).clamp(0, 1)
    low = linear <= _SRGB_KNEE / 12.92
    return torch.where(low, linear * 12.92, 1.055 * linear.clamp_min(1e-8) ** (1 / 2.4) - 0.055)


def _mixed(matrix: Tensor, x: Tensor) -> Tensor:
    """The channels of x (N, 3, H, W) mixed by a 3 x 3 matrix."""
    return torch.einsum("cd,ndhw->nchw", matrix.to(x.device, x.dtype), x)
