"""Short ways to a batch and to a pipeline, shared by the tests of views."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import torch

from workbench.data.base import Samples
from workbench.recipes.models import Branch, Choice, Views
from workbench.views.batched import run_batched
from workbench.views.draws import ViewDraws
from workbench.views.operations.base import Geometry, Scene
from workbench.views.pipeline import ViewPipeline, compile_views

CPU = torch.device("cpu")


def noise(samples: int = 8, channels: int = 3, height: int = 32, width: int = 32, low: int = 0, high: int = 256):
    """Random uint8 images as a batch, the same every time."""
    images = np.random.default_rng(7).integers(low, high, (samples, channels, height, width), dtype=np.uint8)
    return Samples({"image": images}, None, np.arange(samples))


def choice(id_: str, **settings: Any) -> Choice:
    return Choice(id=id_, **settings)


def pipeline(*ops: Choice, shape: Sequence[int] = (3, 32, 32), size: int = 0, count: int = 1) -> ViewPipeline:
    views = Views(size=size, branches=(Branch(name="A", count=count, ops=ops),))
    return compile_views(views, *shape, mean=(0.4, 0.5, 0.6), std=(0.2, 0.25, 0.3))


def only_view(pipe: ViewPipeline, samples: Samples, key: tuple[int, int] = (0, 0)) -> torch.Tensor:
    (view,) = pipe(samples, key, CPU).inputs
    return view


def with_values(pipe: ViewPipeline, drawn: ViewDraws, shape: Sequence[int], position: int = 0, **values: Any):
    """The draws with an operation's parameters set by hand, applied to every sample."""
    draw = drawn.draws[position, 0]
    merged = {**draw.values, **{name: np.asarray(value) for name, value in values.items()}}
    height, width = (np.full(drawn.samples, float(side)) for side in shape[1:])
    scene, matrices = Scene(pipe.size, drawn.view, height, width), None
    for item in pipe.by_view[drawn.view][0].operations:
        if item.position <= position and isinstance(item.operation, Geometry):
            met = scene
            matrices, scene = item.operation.place(drawn.draws[item.slot].values, scene)
            if item.position == position:
                matrices, _ = item.operation.place(merged, met)
    matrices = None if draw.matrices is None else matrices
    fixed = replace(draw, values=merged, matrices=matrices, applied=np.ones(drawn.samples, bool))
    return replace(drawn, draws={**drawn.draws, (position, 0): fixed})


def both_backends(pipe: ViewPipeline, samples: Samples, drawn: ViewDraws) -> tuple[torch.Tensor, torch.Tensor]:
    """The one view that these draws make: by the compiled kernels and by batched torch, on a GPU where there is one."""
    (compiled,) = pipe.render(samples, [drawn], CPU).inputs
    images = torch.from_numpy(samples.fields["image"]).to("cuda" if torch.cuda.is_available() else "cpu")
    return compiled, run_batched(images, pipe._steps(0, drawn)).cpu()


def unit(samples: Samples) -> torch.Tensor:
    """The images as floats in [0, 1]."""
    return torch.from_numpy(samples.fields["image"]).float() / 255
