"""Gaussian blur."""

from __future__ import annotations

from typing import Annotated

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from workbench.core.model import setting
from workbench.plugins.specs import OperationSpec
from workbench.views.batched import separable
from workbench.views.cpu import compiled
from workbench.views.operations.base import OperationConfig, Ordered, Scene, Values
from workbench.views.operations.sample_filter import Array, SampleFilter

Sigma = Annotated[float, setting(..., "Sigma", "standard deviation", unit="px", ge=0.05, le=16)]


class GaussianBlur(SampleFilter):
    """Blur with a Gaussian whose width is drawn uniformly for each sample.

    The kernel reaches three standard deviations to either side (SimCLR cuts it at a twentieth of the picture's side),
    and pictures are continued by reflection.
    """

    spec = OperationSpec(
        id="gaussian_blur", title="Gaussian blur", kind="filter", summary="Smooths the picture by a random amount."
    )

    class Config(OperationConfig):
        p: float = setting(0.5, "Probability", "share of the views that are blurred", ge=0, le=1)
        sigma: Annotated[tuple[Sigma, Sigma], Ordered] = setting(
            (0.1, 2.0), "Sigma", "standard deviation of the blur", unit="px", widget="range", neutral=(0.0, 0.0)
        )

    config: Config

    def draw(self, rng: np.random.Generator, scene: Scene) -> Values:
        return {"sigma": rng.uniform(*self.config.sigma, scene.samples)}

    def change(self, x: Array, rows: Array, values: Values) -> None:
        sigma = values["sigma"]
        _blur(x, rows, gaussian_weights(sigma, x.shape[2]), gaussian_weights(sigma, x.shape[3]))

    def changed(self, x: Tensor, values: Values) -> Tensor:
        along_y, along_x = (
            _banded(gaussian_weights(values["sigma"], extent), extent, x.device) for extent in x.shape[2:]
        )
        return separable(x, along_y, along_x)


def gaussian_weights(sigma: NDArray[np.float64], extent: int) -> NDArray[np.float32]:
    """Kernels (N, 2 R + 1), each zero beyond its own ceil(3 sigma) and summing to 1; R < extent, for the reflection."""
    reach = np.minimum(np.ceil(3 * sigma), extent - 1)
    radius = int(reach.max(initial=0))
    position = np.arange(-radius, radius + 1)
    weights = np.exp(-0.5 * (position / sigma[:, None]) ** 2) * (np.abs(position) <= reach[:, None])
    # A running sum, so that the zeros beside a kernel, and hence its neighbours in the batch, change no bit of it.
    normalised: NDArray[np.float32] = (weights / weights.cumsum(axis=1)[:, -1:]).astype(np.float32)
    return normalised


def _banded(weights: NDArray[np.float32], extent: int, device: torch.device) -> Tensor:
    """Kernels as matrices (N, extent, extent), reflection folded in."""
    radius = weights.shape[1] // 2
    source = np.abs(np.arange(extent)[:, None] + np.arange(-radius, radius + 1))
    source = np.where(source >= extent, 2 * (extent - 1) - source, source)
    index = torch.from_numpy(source).to(device).expand(len(weights), -1, -1)
    kernel = torch.from_numpy(weights).to(device)[:, None].expand_as(index)
    return torch.zeros(len(weights), extent, extent, device=device).scatter_add_(2, index, kernel)


@compiled
def _reflected(i: int, extent: int) -> int:
    i = abs(i)
    return 2 * (extent - 1) - i if i >= extent else i


@compiled
def _reach(weights: Array) -> int:
    """Half the width of the part of a kernel that is not zero."""
    radius = len(weights) // 2
    while radius > 0 and weights[len(weights) // 2 + radius] == 0:
        radius -= 1
    return radius


@compiled
def _blur(x: Array, samples: Array, along_y: Array, along_x: Array) -> None:
    """Blur the named samples of x (N, C, H, W) in place."""
    height, width = x.shape[2], x.shape[3]
    middle_y, middle_x = along_y.shape[1] // 2, along_x.shape[1] // 2
    rows = np.empty((height, width), np.float32)
    padded = np.empty(width + 2 * middle_x, np.float32)
    for m in range(len(samples)):
        reach_y, reach_x = _reach(along_y[m]), _reach(along_x[m])
        for c in range(x.shape[1]):
            plane = x[samples[m], c]
            for y in range(height):
                for i in range(-reach_x, width + reach_x):
                    padded[i + reach_x] = plane[y, _reflected(i, width)]
                for j in range(width):
                    rows[y, j] = 0
                for k in range(2 * reach_x + 1):
                    weight = along_x[m, middle_x - reach_x + k]
                    for j in range(width):
                        rows[y, j] += weight * padded[j + k]
            for y in range(height):
                for j in range(width):
                    plane[y, j] = 0
                for k in range(-reach_y, reach_y + 1):
                    weight = along_y[m, middle_y + k]
                    source = _reflected(y + k, height)
                    for j in range(width):
                        plane[y, j] += weight * rows[source, j]
