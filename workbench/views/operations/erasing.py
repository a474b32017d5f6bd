"""Cutout and random erasing: a rectangle of the view is painted over."""

from __future__ import annotations

import math
from typing import Annotated, Literal

import numpy as np
import torch
from torch import Tensor

from workbench.core.model import setting
from workbench.plugins.specs import OperationSpec
from workbench.views.cpu import compiled
from workbench.views.fields import LEVELS, block, draw_seeds, word, words
from workbench.views.operations.base import OperationConfig, Ordered, Scene, Values
from workbench.views.operations.sample_filter import Array, SampleFilter, per_sample

TRIES = 10

Area = Annotated[float, setting(..., "Area", "a share of the picture's area", ge=0, le=1)]
Aspect = Annotated[float, setting(..., "Aspect", "height over width", gt=0, le=20)]
Fill = Literal["black", "grey", "mean", "noise"]

_FLAT = {"black": 0.0, "grey": 0.5}
_FILL_WORDS = "0, the middle of the range, the view's own mean colour, or a random colour for each pixel"


class Eraser(SampleFilter):
    """Paints over rectangles that are given in px; `noise` is uniform in [0, 1], a value for each pixel and channel.

    With `black`, `grey` and `mean` a grey picture stays grey.
    """

    def box(self, top: Array, left: Array, bottom: Array, right: Array, rng: np.random.Generator) -> Values:
        """The parameters of boxes, (N,) px each: what is drawn for every sample."""
        values = {"top": top, "left": left, "height": bottom - top, "width": right - left}
        return {**values, "seed": draw_seeds(rng, len(top))} if self.config.fill == "noise" else values

    def change(self, x: Array, rows: Array, values: Values) -> None:
        if self.config.fill == "noise":
            _scatter(x, rows, _edges(values), values["seed"])
        elif self.config.fill == "mean":
            _paint(x, rows, _edges(values), x[rows].mean(axis=(2, 3)))
        else:
            _paint(x, rows, _edges(values), np.full((len(rows), 3), _FLAT[self.config.fill], np.float32))

    def changed(self, x: Tensor, values: Values) -> Tensor:
        top, bottom, left, right = (per_sample(edge, x) for edge in _edges(values).T)
        row = torch.arange(x.shape[2], device=x.device)[:, None]
        column = torch.arange(x.shape[3], device=x.device)
        inside = (row >= top) & (row < bottom) & (column >= left) & (column < right)
        if self.config.fill == "noise":
            found = words(values["seed"], x[0].numel(), x.device).view_as(x)
            return torch.where(inside, found.to(x.dtype).div_(LEVELS - 1), x)
        if self.config.fill == "mean":
            return torch.where(inside, x.mean(dim=(2, 3), keepdim=True), x)
        return torch.where(inside, _FLAT[self.config.fill], x)


class Cutout(Eraser):
    """Paint over a square whose centre is any pixel; what lies beyond the border is cut off.

    DeVries and Taylor 2017, section 3.2: squares of 16 of 32 px for CIFAR-10 and 8 for CIFAR-100, in every view, at
    zero after normalisation, which is the data set's mean colour; grey comes nearest to it without knowing the set.
    """

    spec = OperationSpec(id="cutout", title="Cutout", kind="filter", summary="Hides a square of the view.")

    class Config(OperationConfig):
        p: float = setting(1.0, "Probability", "share of the views with a hole (all in DeVries and Taylor)", ge=0, le=1)
        size: float = setting(
            0.5, "Size", "side of the square as a share of the view's shorter side", ge=0, le=1, neutral=0.0
        )
        fill: Fill = setting("grey", "Fill", _FILL_WORDS)

    config: Config

    def draw(self, rng: np.random.Generator, scene: Scene) -> Values:
        side = np.rint(self.config.size * np.minimum(scene.height, scene.width))
        place_y, place_x = rng.random((2, scene.samples))
        top, left = np.floor(place_y * scene.height) - side // 2, np.floor(place_x * scene.width) - side // 2
        bottom, right = np.minimum(top + side, scene.height), np.minimum(left + side, scene.width)
        return self.box(np.maximum(top, 0), np.maximum(left, 0), bottom, right, rng)


class RandomErasing(Eraser):
    """Paint over a rectangle of random area and shape that lies within the view.

    Zhong et al. 2020, algorithm 1, as torchvision's RandomErasing has it: the area is uniform, the aspect log-uniform,
    each box is tried ten times, and a view into which none fits stays as it is.
    """

    spec = OperationSpec(
        id="random_erasing",
        title="Random erasing",
        kind="filter",
        summary="Hides a rectangle of random size and shape.",
    )

    class Config(OperationConfig):
        p: float = setting(0.5, "Probability", "share of the views with a hole (0.5 in Zhong et al.)", ge=0, le=1)
        scale: Annotated[tuple[Area, Area], Ordered] = setting(
            (0.02, 0.33), "Area", "area of the box as a share of the view's", widget="range", neutral=(0.0, 0.0)
        )
        ratio: Annotated[tuple[Aspect, Aspect], Ordered] = setting(
            (0.3, 3.3), "Aspect", "height over width of the box", widget="range", log=True, advanced=True
        )
        fill: Fill = setting("black", "Fill", _FILL_WORDS)

    config: Config

    def draw(self, rng: np.random.Generator, scene: Scene) -> Values:
        shape, (low, high) = (TRIES, scene.samples), self.config.ratio
        area = rng.uniform(*self.config.scale, shape) * scene.height * scene.width
        ratio = np.exp(rng.uniform(math.log(low), math.log(high), shape))
        height, width = np.rint(np.sqrt(area * ratio)), np.rint(np.sqrt(area / ratio))
        fits = (height < scene.height) & (width < scene.width)
        first, column = fits.argmax(axis=0), np.arange(scene.samples)
        height = np.where(fits.any(axis=0), height[first, column], 0)
        width = np.where(fits.any(axis=0), width[first, column], 0)
        place_y, place_x = rng.random((2, scene.samples))
        top = np.floor(place_y * (scene.height - height + 1))
        left = np.floor(place_x * (scene.width - width + 1))
        return self.box(top, left, top + height, left + width, rng)


def _edges(values: Values) -> Array:
    """First row, row after the last, first column, column after the last, int64 (N, 4)."""
    top, left = values["top"], values["left"]
    return np.stack([top, top + values["height"], left, left + values["width"]], axis=1).astype(np.int64)


@compiled
def _paint(x: Array, rows: Array, edges: Array, colours: Array) -> None:
    for m in range(len(rows)):
        for c in range(x.shape[1]):
            plane, colour = x[rows[m], c], colours[m, c]
            for i in range(edges[m, 0], min(edges[m, 1], x.shape[2])):
                for j in range(edges[m, 2], min(edges[m, 3], x.shape[3])):
                    plane[i, j] = colour


@compiled
def _scatter(x: Array, rows: Array, edges: Array, seeds: Array) -> None:
    height, width = x.shape[2], x.shape[3]
    for m in range(len(rows)):
        for c in range(x.shape[1]):
            for i in range(edges[m, 0], min(edges[m, 1], height)):
                for j in range(edges[m, 2], min(edges[m, 3], width)):
                    element = (c * height + i) * width + j
                    found = word(block(seeds[m], element // 4), element % 4)
                    x[rows[m], c, i, j] = np.float32(found) / np.float32(LEVELS - 1)
