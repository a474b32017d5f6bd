"""The same steps in batched torch, for a GPU or any other device.

A resampling that keeps the axes is linear in each, so it is two batched matrix products with the weights of
`geometry.AxisMap`: exact anti-aliasing and no gather.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from workbench.views.geometry import AxisMap
from workbench.views.steps import FilterStep, FusedStep, Step, unit_of


def run_batched(images: Tensor, steps: Sequence[Step]) -> Tensor:
    """A view of uint8 (N, C, H, W) images, float32 (N, 3, S, S) and contiguous, on the images' device."""
    x = images
    for step in steps:
        if isinstance(step, FilterStep):
            x = step.operation.on_device(x, step.values, step.applied)
        else:
            x = _fused(x, step)
    return x.contiguous()


def separable(x: Tensor, along_y: Tensor, along_x: Tensor) -> Tensor:
    """Weights (N, S, H) and (N, S, W) applied to x (N, C, H, W): (N, C, S, S)."""
    return along_y[:, None] @ (x @ along_x.transpose(1, 2)[:, None])


def _fused(x: Tensor, step: FusedStep) -> Tensor:
    unit = unit_of(x.dtype)
    x = x.to(torch.float32)
    if step.map is not None:
        x = _resample(x, step.map, step.size)
    transform = torch.from_numpy(step.transform).to(x.device)
    if x.shape[1] == 1:
        x = x.expand(-1, 3, -1, -1)
    offset = transform[:, :, 6]
    if np.any(step.transform[:, :, 3:6]):
        offset = offset + unit * torch.einsum("ncd,nd->nc", transform[:, :, 3:6], x.mean(dim=(2, 3)))
    flat = torch.baddbmm(offset[:, :, None], transform[:, :, :3] * unit, x.flatten(2)).clamp_(0, 1)
    gain, bias = torch.from_numpy(step.gain).to(x.device), torch.from_numpy(step.bias).to(x.device)
    return flat.mul_(gain[:, :, None]).add_(bias[:, :, None]).view(x.shape)


def _resample(x: Tensor, map_: AxisMap, size: int) -> Tensor:
    spans = torch.from_numpy(map_.spans.astype(np.float32)).to(x.device)
    y = separable(x, _weights(spans[:, 1], size, x.shape[2]), _weights(spans[:, 0], size, x.shape[3]))
    if not map_.turned.any():
        return y
    turned = torch.from_numpy(map_.turned).to(x.device)
    return torch.where(turned[:, None, None, None], y.transpose(2, 3), y)


def _weights(span: Tensor, size: int, extent: int) -> Tensor:
    """Row i holds the weights (summing to 1) with which output pixel i reads the source pixels, (N, S, extent)."""
    scale, offset, first, stop = span[:, :, None, None].unbind(1)
    target = torch.arange(size, device=span.device)[:, None] + 0.5
    source = torch.arange(extent, device=span.device)
    distance = (source + 0.5 - (scale * target + offset)).abs() / scale.abs().clamp_min(1)
    weights = (1 - distance).clamp_min_(0) * ((source >= first) & (source < stop))
    return weights / weights.sum(dim=2, keepdim=True)
