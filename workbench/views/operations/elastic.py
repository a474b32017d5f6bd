"""Elastic deformation."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from workbench.core.model import setting
from workbench.plugins.specs import OperationSpec
from workbench.views.batched import look_beyond, read, separable
from workbench.views.compiling import compiled
from workbench.views.fields import LEVELS, block, draw_seeds, word, words
from workbench.views.operations.base import OperationConfig, Scene, Values
from workbench.views.operations.sample_filter import Array, SampleFilter
from workbench.views.warp import Fill, frame_of
from workbench.views.warp_cpu import look_beyond as look_beyond_run
from workbench.views.warp_cpu import read_bilinear


class Elastic(SampleFilter):
    """Shift every pixel by a smooth random field (Simard, Steinkraus and Platt 2003, section 2).

    torchvision's `elastic` with bilinear interpolation, and its ElasticTransform: uniform noise in [-1, 1] for x and
    for y, blurred with a Gaussian that reaches four deviations, times alpha / 2 px. `workbench.views.fields` tells how
    the noise follows from a seed. On pictures smaller than the Gaussian it reaches as far as reflection allows.
    """

    spec = OperationSpec(
        id="elastic", title="Elastic", kind="filter", summary="Bends the picture like a sheet of rubber."
    )

    class Config(OperationConfig):
        p: float = setting(0.5, "Probability", "share of the views that are bent", ge=0, le=1)
        alpha: float = setting(
            50.0, "Alpha", "strength of the shifts; twice the shift of a field of ones", ge=0, le=1000, neutral=0.0
        )
        sigma: float = setting(
            5.0, "Sigma", "smoothness: standard deviation of the field's blur", unit="px", ge=0.3, le=64
        )
        fill: Fill = setting("black", "Fill", "what is seen beyond the picture; edge continues its last pixels")

    config: Config

    def draw(self, rng: np.random.Generator, scene: Scene) -> Values:
        return {"seed": draw_seeds(rng, scene.samples)}

    def change(self, x: Array, rows: Array, values: Values) -> None:
        along_y, along_x = (smoothing(extent, self.config.sigma) for extent in x.shape[2:])
        _bend(x, rows, values["seed"], along_y, along_x, self.config.alpha / 2, self._frame(x)[0])

    def changed(self, x: Tensor, values: Values) -> Tensor:
        shift = self.shifts(values["seed"], x.shape[2], x.shape[3], x.device)
        height, width = x.shape[2:]
        x_0, y_0 = torch.arange(width, device=x.device) + 0.5, torch.arange(height, device=x.device) + 0.5
        position = (shift + torch.stack([x_0.expand(height, -1), y_0[:, None].expand(-1, width)])).flatten(2)
        frame = torch.from_numpy(self._frame(x)).to(x.device, torch.float32).expand(len(x), -1)
        position, cover = look_beyond(
            position, frame, frame[:, 3:, None], torch.ones_like(frame[:, :1], dtype=torch.bool)
        )
        boxes = torch.tensor([[0, width], [0, height]], device=x.device).expand(len(x), -1, -1)
        rows = torch.arange(len(x), device=x.device)
        seen = read(x, rows, position, torch.ones_like(position), boxes, (min(2, width), min(2, height)))
        return seen.mul_(cover[:, None]).add_(((1 - cover) * frame[:, 2:3])[:, None]).view_as(x)

    def shifts(self, seeds: NDArray[np.int64], height: int, width: int, device: torch.device) -> Tensor:
        """Where each pixel is looked up, relative to itself: (M, 2, H, W), x then y, px."""
        noise = (words(seeds, 2 * height * width, device) + 0.5) * (2 / LEVELS) - 1
        along_y, along_x = (torch.tensor(smoothing(side, self.config.sigma), device=device) for side in (height, width))
        smooth = separable(noise.view(-1, 2, height, width), along_y[None], along_x[None])
        return smooth.mul_(self.config.alpha / 2)

    def _frame(self, x: Array | Tensor) -> NDArray[np.float64]:
        return frame_of(np.array([float(x.shape[3])]), np.array([float(x.shape[2])]), self.config.fill)


@cache
def smoothing(extent: int, sigma: float) -> NDArray[np.float32]:
    """A Gaussian blur along an axis as a matrix (extent, extent), reflection folded in; read only."""
    radius = min(int(8 * sigma + 1) // 2, extent - 1)
    offsets = np.arange(-radius, radius + 1)
    weights = np.exp(-0.5 * (offsets / sigma) ** 2)
    source = np.abs(np.arange(extent)[:, None] + offsets)
    source = np.where(source >= extent, 2 * (extent - 1) - source, source)
    matrix = np.zeros((extent, extent), np.float32)
    np.add.at(matrix, (np.arange(extent)[:, None], source), weights / weights.sum())
    matrix.setflags(write=False)
    return matrix


@compiled
def _noise(seed: int, field: Array) -> None:
    flat = field.reshape(-1)
    for first in range(0, len(flat), 4):
        bits = block(seed, first // 4)
        for place in range(min(4, len(flat) - first)):
            flat[first + place] = (word(bits, place) + 0.5) * (2 / LEVELS) - 1


@compiled
def _smooth(field: Array, along_y: Array, along_x: Array, rows: Array) -> None:
    """Blur a field (H, W) in place; `rows` (H, W) is overwritten."""
    height, width = field.shape
    for j in range(width):
        low, high = _band(along_x[j])
        weights = along_x[j, low:high]
        for i in range(height):
            rows[i, j] = _dot(weights, field[i, low:high])
    for i in range(height):
        low, high = _band(along_y[i])
        line = field[i]
        for j in range(width):
            line[j] = 0
        for k in range(low, high):
            weight, row = along_y[i, k], rows[k]
            for j in range(width):
                line[j] += weight * row[j]


@compiled
def _dot(a: Array, b: Array) -> Any:
    total = np.float32(0.0)
    for k in range(len(a)):
        total += a[k] * b[k]
    return total


@compiled
def _band(weights: Array) -> tuple[int, int]:
    """The first weight that is not zero and the one after the last."""
    low, high = 0, len(weights)
    while weights[low] == 0:
        low += 1
    while weights[high - 1] == 0:
        high -= 1
    return low, high


@compiled
def _bend(x: Array, samples: Array, seeds: Array, along_y: Array, along_x: Array, shift: float, frame: Array) -> None:
    """Bend the named samples of x (N, 3, H, W) in place."""
    height, width = x.shape[2], x.shape[3]
    field, rows = np.empty((2, height, width), np.float32), np.empty((height, width), np.float32)
    run, box = np.empty((6, width)), np.array([[0, width], [0, height]])
    for m in range(len(samples)):
        image, source = x[samples[m]], x[samples[m]].copy()
        _noise(seeds[m], field)
        _smooth(field[0], along_y, along_x, rows)
        _smooth(field[1], along_y, along_x, rows)
        for i in range(height):
            for j in range(width):
                run[0, j], run[1, j] = j + 0.5 + shift * field[0, i, j], i + 0.5 + shift * field[1, i, j]
                run[2, j], run[3, j], run[4, j], run[5, j] = 1.0, 0.0, 1.0, 1.0
            look_beyond_run(frame, run)
            read_bilinear(source, box, run, np.float32(1.0), image[:, i])
