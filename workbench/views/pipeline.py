"""The view pipeline: batches of uint8 images in, what the objective sees out.

A branch compiles to few passes. Neighbouring geometry becomes one matrix a sample and one resampling, neighbouring
colour operations one affine map of RGB, the normalisation joins the last; a filter such as blur ends a pass. Random
parameters are drawn by numpy on the host in either case; the passes run as compiled kernels on a CPU and as batched
torch elsewhere, with results equal to 1/255 of the range.

Where fusing changes the mathematics: colours are clamped to [0, 1] once at the end of a pass and not after each
operation, contrast blends with the mean of the finished crop, and hue rotates in YIQ (`ColourJitter` says more).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from workbench.core.errors import DataError
from workbench.data.base import Samples
from workbench.recipes import models
from workbench.views import colour
from workbench.views.base import Views
from workbench.views.batched import run_batched
from workbench.views.build import CompiledBranch, build_branches
from workbench.views.cpu import Workers, run_cpu
from workbench.views.draws import Key, ViewDraws, draw_view, steps_of
from workbench.views.geometry import axis_map, fit_matrices
from workbench.views.operations.base import Floats, Scene
from workbench.views.operations.normalize import Normalize
from workbench.views.steps import FusedStep, Step

Moments = tuple[Floats, Floats]


def compile_views(
    views: models.Views, channels: int, height: int, width: int, mean: Sequence[float], std: Sequence[float]
) -> ViewPipeline:
    """A recipe's views for one data set.

    Parameters
    ----------
    channels, height, width : shape of the set's pictures, C 1 or 3
    mean, std : the set's statistics in units of [0, 1], one number or one a channel, for `statistics = "dataset"`

    Raises RecipeError for an unknown operation or a setting out of range, DataError for pictures of other channels.
    """
    if channels not in (1, 3):
        raise DataError(f"Views take pictures of 1 or 3 channels, not {channels}.", "Convert them to grey or RGB.")
    size = views.size or min(height, width)
    branches = build_branches(views)
    moments = [_moments(branch, mean, std) for branch in branches]
    return ViewPipeline(branches, moments, size, (channels, height, width))


def _moments(branch: CompiledBranch, mean: Sequence[float], std: Sequence[float]) -> Moments | None:
    if branch.normalise is None:
        return None
    assert isinstance(branch.normalise.operation, Normalize)
    return branch.normalise.operation.moments(mean, std)


class ViewPipeline:
    """Compiled views; made by `compile_views`.

    Attributes
    ----------
    size : S, side of every view, px
    views : V, how many views it makes of a sample
    """

    def __init__(
        self,
        branches: Sequence[CompiledBranch],
        moments: Sequence[Moments | None],
        size: int,
        shape: tuple[int, int, int],
    ) -> None:
        self.size = size
        self.views = sum(branch.count for branch in branches)
        self._by_view = [
            (branch, normalisation, view)
            for branch, normalisation in zip(branches, moments, strict=True)
            for view in range(branch.count)
        ]
        self._names = [branch.name for branch in branches]
        self._shape = shape
        self._workers = Workers(torch.get_num_threads())

    def __call__(self, samples: Samples, key: Key, device: torch.device) -> Views:
        """The views of a batch at (seed, step), on the device; the same key gives the same views."""
        return self.render(samples, self.parameters(len(samples), key), device)

    def parameters(self, samples: int, key: Key) -> tuple[ViewDraws, ...]:
        """The random parameters of each view of a batch of that many samples at (seed, step)."""
        height, width = np.full(samples, float(self._shape[1])), np.full(samples, float(self._shape[2]))
        return tuple(
            draw_view(branch, Scene(self.size, view, height, width), key, number)
            for number, (branch, _, view) in enumerate(self._by_view)
        )

    def render(self, samples: Samples, drawn: Sequence[ViewDraws], device: torch.device) -> Views:
        """The views that these parameters make of a batch."""
        images = self._checked(samples)
        inputs = self._run(images, [self._steps(n, draws) for n, draws in enumerate(drawn)], device)
        branches: dict[str, tuple[Tensor, ...]] = dict.fromkeys(self._names, ())
        for (branch, _, _), view in zip(self._by_view, inputs, strict=True):
            branches[branch.name] += (view,)
        labels = None if samples.labels is None else torch.from_numpy(samples.labels).to(device)
        return Views(branches, torch.from_numpy(samples.index).to(device), labels, self._targets(drawn, device))

    def preview(self, samples: Samples, key: Key) -> NDArray[np.uint8]:
        """The same views before normalisation, for the eye: uint8 (V, N, S, S, 3)."""
        images, drawn = self._checked(samples), self.parameters(len(samples), key)
        steps = [self._steps(n, draws, normalise=False) for n, draws in enumerate(drawn)]
        shown = np.stack([run_cpu(images, view_steps, self._workers) for view_steps in steps])
        return np.ascontiguousarray(np.rint(shown * 255).astype(np.uint8).transpose(0, 1, 3, 4, 2))

    def evaluation(self, images: NDArray[np.uint8], device: torch.device) -> Tensor:
        """Images without randomness, float32 (N, 3, S, S): shorter side to S, centre, the first branch's normalisation.

        Images are uint8 (N, C, H, W) of any size, C 1 or 3.
        """
        samples, _, height, width = images.shape
        matrices = fit_matrices(np.full(samples, float(height)), np.full(samples, float(width)), self.size)
        mean, std = self._by_view[0][1] or (np.zeros(3), np.ones(3))
        step = FusedStep(
            axis_map(matrices, self.size, height, width),
            self.size,
            colour.identity(samples).astype(np.float32),
            np.tile(1 / std, (samples, 1)).astype(np.float32),
            np.tile(-mean / std, (samples, 1)).astype(np.float32),
        )
        return self._run(images, [[step]], device)[0]

    def _steps(self, number: int, drawn: ViewDraws, normalise: bool = True) -> list[Step]:
        branch, moments, _ = self._by_view[number]
        return steps_of(branch, drawn, self._shape[1:], self.size, moments if normalise else None)

    def _run(self, images: NDArray[np.uint8], views: Sequence[Sequence[Step]], device: torch.device) -> list[Tensor]:
        if device.type == "cpu":
            return [torch.from_numpy(run_cpu(images, steps, self._workers)) for steps in views]
        moved = torch.from_numpy(images).to(device, non_blocking=True)
        return [run_batched(moved, steps) for steps in views]

    def _checked(self, samples: Samples) -> NDArray[np.uint8]:
        images = samples.fields["image"]
        if images.dtype != np.uint8 or images.shape[1:] != self._shape:
            raise DataError(
                f"These views were compiled for uint8 pictures of shape {self._shape}, "
                f"but the batch holds {images.dtype} of shape {images.shape[1:]}."
            )
        return images

    def _targets(self, drawn: Sequence[ViewDraws], device: torch.device) -> Mapping[str, Tensor]:
        """One row a view; -1 in the views whose branch does not make that target."""
        rows: dict[str, NDArray[np.int64]] = {}
        for number, ((branch, _, _), draws) in enumerate(zip(self._by_view, drawn, strict=True)):
            for item in branch.operations:
                draw = draws.draws[item.position]
                for name, target in item.operation.targets(draw.values, draw.applied).items():
                    rows.setdefault(name, np.full((self.views, draws.samples), -1, np.int64))[number] = target
        return {name: torch.from_numpy(table).to(device) for name, table in rows.items()}
