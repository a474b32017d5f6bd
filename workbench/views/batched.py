"""The same steps in batched torch, for a GPU or any other device.

A resampling that keeps the axes is linear in each, so it is two batched matrix products with the weights of
`geometry.AxisMap`: exact anti-aliasing and no gather. Other maps are gathered tap by tap, a part of the batch at a
time, so that what is held beside the view stays small.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from workbench.views.geometry import AxisMap
from workbench.views.steps import FilterStep, FusedStep, Step, unit_of
from workbench.views.warp import TINY, Warp

# Views are warped a sixth of the batch at a time, because a pixel takes up to 100 bytes on the way and 12 in the view;
# at least this many pixels together, so that starting the kernels does not outweigh their work.
_PARTS = 6
_TOGETHER = 2**17


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
    if step.map is not None:
        x = _moved(x, step.map, step.warp, step.size, unit)
    x = x.to(torch.float32)
    transform = torch.from_numpy(step.transform).to(x.device)
    if x.shape[1] == 1:
        x = x.expand(-1, 3, -1, -1)
    offset = transform[:, :, 6]
    if np.any(step.transform[:, :, 3:6]):
        offset = offset + unit * torch.einsum("ncd,nd->nc", transform[:, :, 3:6], x.mean(dim=(2, 3)))
    flat = torch.baddbmm(offset[:, :, None], transform[:, :, :3] * unit, x.flatten(2)).clamp_(0, 1)
    gain, bias = torch.from_numpy(step.gain).to(x.device), torch.from_numpy(step.bias).to(x.device)
    return flat.mul_(gain[:, :, None]).add_(bias[:, :, None]).view(x.shape)


def _moved(x: Tensor, map_: AxisMap, warp: Warp | None, size: int, unit: float) -> Tensor:
    """Samples that keep the axes go one way, the others the other."""
    if warp is None:
        return _resample(x, map_, size)
    out = torch.empty((*x.shape[:2], size, size), device=x.device)
    kept = np.flatnonzero(~warp.rows)
    if len(kept):
        rows = torch.from_numpy(kept).to(x.device)
        out[rows] = _resample(x[rows], AxisMap(map_.spans[kept], map_.turned[kept]), size)
    taps = warp.taps.prod(axis=1)
    warped = np.flatnonzero(warp.rows)
    warped = warped[np.argsort(taps[warped], kind="stable")]
    together = max(_TOGETHER, len(x) * size * size // _PARTS)
    for part in np.array_split(warped, -(-len(warped) * size * size // together)):
        out[torch.from_numpy(part).to(x.device)] = _warped(x, warp, part, size, unit)
    return out


def _warped(x: Tensor, warp: Warp, part: NDArray[np.int64], size: int, unit: float) -> Tensor:
    """Some samples of x (N, C, H, W) along their chains, (n, C, S, S)."""
    position, radius, through, paint = _followed(warp, part, size, x.device)
    rows, boxes = (torch.from_numpy(values).to(x.device) for values in (part, warp.boxes[part]))
    across, down = warp.taps[part].max(axis=0).tolist()
    seen = read(x, rows, position, radius, boxes, (across, down))
    return seen.mul_(through[:, None]).add_(paint[:, None] / unit).view(*seen.shape[:2], size, size)


def read(x: Tensor, rows: Tensor, position: Tensor, radius: Tensor, boxes: Tensor, taps: tuple[int, int]) -> Tensor:
    """Samples `rows` (n,) of x (N, C, H, W) at positions (n, 2, P) through triangles, (n, C, P).

    radius : (n, 2, P), at least 1 px
    boxes : (n, 2, 2), the source pixels that count, as in `Warp`
    taps : how many source pixels are read along x and y; at least twice the radius, or the whole box
    """
    box = boxes[:, :, :, None]
    start = (position - radius + 0.5).floor_().long().clamp_(min=box[:, :, 0])
    channels, height, width = x.shape[1:]
    channel = torch.arange(channels, device=x.device)
    planes = (rows[:, None] * channels + channel)[:, :, None] * (height * width)
    total = torch.zeros(len(rows), channels, position.shape[2], device=x.device)
    sums = torch.zeros(len(rows), 1, position.shape[2], device=x.device)
    for ky in range(taps[1]):
        tap_y, weight_y = _tap(position, radius, start, box, 1, ky)
        for kx in range(taps[0]):
            tap_x, weight_x = _tap(position, radius, start, box, 0, kx)
            weight = (weight_x * weight_y)[:, None]
            sums += weight
            total += x.take(planes + (tap_y * width + tap_x)[:, None]) * weight
    return total.div_(sums)


def _tap(position: Tensor, radius: Tensor, start: Tensor, box: Tensor, axis: int, number: int) -> tuple[Tensor, Tensor]:
    """The source pixel under each pixel's tap along an axis, (n, P), and its weight; 0 beyond the box."""
    source, last = start[:, axis] + number, box[:, axis, 1] - 1
    weight = radius[:, axis] - (source + 0.5 - position[:, axis]).abs()
    return source.minimum(last), weight.clamp_min_(0) * (source <= last)


def _followed(
    warp: Warp, part: NDArray[np.int64], size: int, device: torch.device
) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Where pixels end up and the filter's radii there, (n, 2, P); what is left to be seen and what else is, (n, P)."""
    counts = torch.from_numpy(warp.counts[part]).to(device)[:, None]
    links, frames, reach = (
        torch.from_numpy(values[part].astype(np.float32)).to(device) for values in (warp.links, warp.frames, warp.reach)
    )
    along = torch.arange(size, device=device) + 0.5
    position = torch.stack([along.repeat(size), along.repeat_interleave(size)]).expand(len(part), -1, -1)
    jacobian = torch.eye(2, device=device)[None, :, :, None]
    through, paint = torch.ones_like(position[:, 0]), torch.zeros_like(position[:, 0])
    tilted = bool(warp.tilted[part].any())
    for number in range(int(warp.counts[part].max()) + 1):
        link = links[:, number]
        position, depth = _followed_link(link, position)
        if tilted:
            slope = (link[:, :2, :2, None] - position[:, :, None] * link[:, None, 2, :2, None]) / depth[:, None]
            jacobian = torch.einsum("nijp,njkp->nikp", slope, jacobian.expand_as(slope))
        if number < frames.shape[1]:
            footprint = jacobian.square().sum(dim=2).sqrt() if tilted else frames[:, number, 3:, None]
            position, cover = look_beyond(position, frames[:, number], footprint, counts > number)
            paint, through = paint + through * (1 - cover) * frames[:, number, 2, None], through * cover
    radius = reach[:, :, None].expand_as(position)
    if tilted:
        radius = torch.minimum(jacobian.square().sum(dim=2).sqrt(), radius).clamp_min_(1)
    return position, radius, through, paint


def look_beyond(position: Tensor, frame: Tensor, footprint: Tensor, applied: Tensor) -> tuple[Tensor, Tensor]:
    """Positions (n, 2, P) clamped to pictures `frame` (n, 5) where `applied` (n, 1), and their cover, (n, P).

    footprint : (n, 2, P or 1), px; see `workbench.views.warp`
    """
    extent, level = frame[:, :2, None], frame[:, 2, None]
    per = 1 / footprint.clamp(TINY, 1)
    cover = ((position * per + 0.5).clamp(0, 1) * ((extent - position) * per + 0.5).clamp(0, 1)).prod(dim=1)
    inside = torch.where(applied[:, None], torch.minimum(position.clamp_min(0), extent), position)
    return inside, torch.where(applied & (level >= 0), cover, 1)


def _followed_link(link: Tensor, position: Tensor) -> tuple[Tensor, Tensor]:
    """Positions (n, 2, P) through matrices (n, 3, 3), and the depth (n, 1, P) that they were divided by."""
    depth = torch.baddbmm(link[:, 2:, 2:], link[:, 2:, :2], position)
    depth = torch.where(depth.abs() < TINY, TINY, depth)
    return torch.baddbmm(link[:, :2, 2:], link[:, :2, :2], position) / depth, depth


def _resample(x: Tensor, map_: AxisMap, size: int) -> Tensor:
    x = x.to(torch.float32)
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
