"""Sobel edges."""

from __future__ import annotations

import numpy as np
from torch import Tensor
from torch.nn import functional as F

from workbench.core.model import setting
from workbench.plugins.specs import OperationSpec
from workbench.views.cpu import compiled
from workbench.views.operations.base import OperationConfig, Scene, Values
from workbench.views.operations.sample_filter import Array, SampleFilter

_SCALE = np.float32(1 / 4)


class Sobel(SampleFilter):
    """Replace the picture by the strength of its edges, the same in all three channels.

    The mean of the channels is filtered with Sobel's two kernels; the view is the length of the gradient, a quarter of
    it, so that a straight step from black to white gives 1 (steep corners are clamped). DeepCluster (Caron et al. 2018,
    section 3.3) and VISSL filter the same mean of the channels with the same kernels, but keep the two derivatives as
    the two channels of the encoder's input, filter after normalisation, and continue the picture by zeros where this
    repeats its border.
    """

    spec = OperationSpec(id="sobel", title="Sobel", kind="filter", summary="Shows the edges and nothing else.")

    class Config(OperationConfig):
        p: float = setting(1.0, "Probability", "share of the views that become edges (all in DeepCluster)", ge=0, le=1)

    config: Config

    def draw(self, rng: np.random.Generator, scene: Scene) -> Values:
        return {}

    def change(self, x: Array, rows: Array, values: Values) -> None:
        _sobel(x, rows)

    def changed(self, x: Tensor, values: Values) -> Tensor:
        grey = F.pad(x.mean(dim=1, keepdim=True), (1, 1, 1, 1), mode="replicate")
        down = grey[..., :-2, :] + 2 * grey[..., 1:-1, :] + grey[..., 2:, :]
        across = grey[..., :-2] + 2 * grey[..., 1:-1] + grey[..., 2:]
        along_x, along_y = down[..., 2:] - down[..., :-2], across[..., 2:, :] - across[..., :-2, :]
        edges = (along_x.square() + along_y.square()).sqrt_().mul_(float(_SCALE)).clamp_(0, 1)
        return edges.expand_as(x)


@compiled
def _sobel(x: Array, rows: Array) -> None:
    height, width = x.shape[2], x.shape[3]
    grey = np.empty((height + 2, width + 2), np.float32)
    for m in range(len(rows)):
        picture = x[rows[m]]
        for i in range(height + 2):
            y = min(max(i - 1, 0), height - 1)
            for j in range(width + 2):
                column = min(max(j - 1, 0), width - 1)
                total = picture[0, y, column] + picture[1, y, column] + picture[2, y, column]
                grey[i, j] = total / np.float32(3.0)
        for i in range(height):
            for j in range(width):
                right = grey[i, j + 2] + np.float32(2.0) * grey[i + 1, j + 2] + grey[i + 2, j + 2]
                left = grey[i, j] + np.float32(2.0) * grey[i + 1, j] + grey[i + 2, j]
                below = grey[i + 2, j] + np.float32(2.0) * grey[i + 2, j + 1] + grey[i + 2, j + 2]
                above = grey[i, j] + np.float32(2.0) * grey[i, j + 1] + grey[i, j + 2]
                steepness = np.sqrt((right - left) ** 2 + (below - above) ** 2) * _SCALE
                for c in range(3):
                    picture[c, i, j] = min(steepness, np.float32(1.0))
