"""The view pipeline: batches of uint8 images in, what the objective sees out.

A branch compiles to few passes. Neighbouring geometry becomes one matrix a sample and one resampling, neighbouring
colour operations one affine map of RGB, the normalisation joins the last; a filter such as blur ends a pass. Random
parameters are drawn by numpy on the host in either case; the passes run as compiled kernels on a CPU and as batched
torch elsewhere, with results equal to 1/255 of the range.

Where fusing changes the mathematics: colours are clamped to [0, 1] once at the end of a pass and not after each
operation, contrast blends with the mean of the finished crop, and hue rotates in YIQ (`ColourJitter` says more).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

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
from workbench.views.operations.base import Floats, Scene, Task
from workbench.views.operations.normalize import Normalize
from workbench.views.steps import FusedStep, Step

Moments = tuple[Floats, Floats]

# What the encoder sees is shown with grey for 0 and this many standard deviations to either side.
_SHOWN_DEVIATIONS = 2.64


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
    branches = build_branches(views, min(height, width))
    moments = [_moments(branch, mean, std) for branch in branches]
    return ViewPipeline(branches, moments, (channels, height, width))


def _moments(branch: CompiledBranch, mean: Sequence[float], std: Sequence[float]) -> Moments | None:
    if branch.normalise is None:
        return None
    assert isinstance(branch.normalise.operation, Normalize)
    return branch.normalise.operation.moments(mean, std)


@dataclass(frozen=True)
class Shown:
    """One view of a batch, for the eye.

    pictures : uint8 (N, h, w, 3)
    captions : the pseudo-label of each sample in words; "" where there is none
    """

    pictures: NDArray[np.uint8]
    captions: list[str]


class ViewPipeline:
    """Compiled views; made by `compile_views`.

    Attributes
    ----------
    size : S, side of the first branch's views, px: what the backbone is built for
    sizes : V, side of every view, px
    views : V, how many views it makes of a sample
    """

    def __init__(
        self, branches: Sequence[CompiledBranch], moments: Sequence[Moments | None], shape: tuple[int, int, int]
    ) -> None:
        self.size = branches[0].size
        self._by_view = [
            (branch, normalisation, view)
            for branch, normalisation in zip(branches, moments, strict=True)
            for view in range(branch.count)
        ]
        self.sizes = tuple(branch.size for branch, _, _ in self._by_view)
        self.views = len(self._by_view)
        self._names = [branch.name for branch in branches]
        self._shape = shape
        self._workers = Workers(torch.get_num_threads())

    @property
    def shape(self) -> tuple[int, int, int]:
        """(C, H, W) of the pictures that it takes."""
        return self._shape

    @property
    def by_view(self) -> Sequence[tuple[CompiledBranch, Moments | None, int]]:
        """For each view its branch, that branch's normalisation, and which of the branch's views it is."""
        return tuple(self._by_view)

    def __call__(self, samples: Samples, key: Key, device: torch.device) -> Views:
        """The views of a batch at (seed, step), on the device; the same key gives the same views."""
        return self._made(samples, [partial(self._draw, n, len(samples), key) for n in range(self.views)], device)

    def parameters(self, samples: int, key: Key) -> tuple[ViewDraws, ...]:
        """The random parameters of each view of a batch of that many samples at (seed, step)."""
        return tuple(self._draw(number, samples, key) for number in range(self.views))

    def render(self, samples: Samples, drawn: Sequence[ViewDraws], device: torch.device) -> Views:
        """The views that these parameters make of a batch."""
        return self._made(samples, [partial(_same, draws) for draws in drawn], device)

    def _made(self, samples: Samples, drawn: Sequence[Callable[[], ViewDraws]], device: torch.device) -> Views:
        """Views whose parameters are asked for one view at a time, while those before are being rendered."""
        images = self._checked(samples)
        moved = images if device.type == "cpu" else torch.from_numpy(images).to(device, non_blocking=True)
        tasks = [partial(self._one, moved, number, draw) for number, draw in enumerate(drawn)]
        finished = self._workers.side_by_side(tasks) if device.type == "cpu" else [task() for task in tasks]
        branches: dict[str, tuple[Tensor, ...]] = dict.fromkeys(self._names, ())
        made: list[Mapping[str, Tensor]] = []
        for (branch, _, _), (draws, view) in zip(self._by_view, finished, strict=True):
            given, targets = _posed(branch, draws, view)
            branches[branch.name] += (given,)
            made.append(targets)
        labels = None if samples.labels is None else torch.from_numpy(samples.labels).to(device)
        return Views(branches, torch.from_numpy(samples.index).to(device), labels, joined_targets(made))

    def preview(self, samples: Samples, key: Key, as_given: bool = False) -> tuple[Shown, ...]:
        """The same views for the eye, before normalisation; `as_given`: normalised, hidden, cut up as the encoder
        is given them, grey standing for 0.
        """
        images, drawn = self._checked(samples), self.parameters(len(samples), key)
        return tuple(self._shown(images, number, draws, as_given) for number, draws in enumerate(drawn))

    def _shown(self, images: NDArray[np.uint8], number: int, draws: ViewDraws, as_given: bool) -> Shown:
        branch = self._by_view[number][0]
        view = run_cpu(images, self._steps(number, draws, normalise=as_given), self._workers)
        pictures = as_encoder_sees(branch, draws, view) if as_given else _bytes(view)
        return Shown(pictures, _captions(branch, draws))

    def evaluation(self, images: NDArray[np.uint8], device: torch.device) -> Tensor:
        """Images without randomness, float32 (N, 3, S, S): shorter side to S, centre, the first branch's normalisation.

        Where its task changes what channels mean (Lab), so does this; nothing is hidden or cut up.
        Images are uint8 (N, C, H, W) of any size, C 1 or 3.
        """
        samples, _, height, width = images.shape
        matrices = fit_matrices(np.full(samples, float(height)), np.full(samples, float(width)), self.size)
        branch, moments, _ = self._by_view[0]
        mean, std = moments or (np.zeros(3), np.ones(3))
        step = FusedStep(
            axis_map(matrices, self.size, height, width),
            self.size,
            colour.identity(samples).astype(np.float32),
            np.tile(1 / std, (samples, 1)).astype(np.float32),
            np.tile(-mean / std, (samples, 1)).astype(np.float32),
        )
        view = self._rendered(images if device.type == "cpu" else torch.from_numpy(images).to(device), [step])
        if branch.task is None:
            return view
        assert isinstance(branch.task.operation, Task)
        return branch.task.operation.whole(view)

    def _steps(self, number: int, drawn: ViewDraws, normalise: bool = True) -> list[Step]:
        branch, moments, _ = self._by_view[number]
        return steps_of(branch, drawn, self._shape[1:], moments if normalise else None)

    def _draw(self, number: int, samples: int, key: Key) -> ViewDraws:
        branch, _, view = self._by_view[number]
        height, width = np.full(samples, float(self._shape[1])), np.full(samples, float(self._shape[2]))
        return draw_view(branch, Scene(branch.size, view, height, width), key, number)

    def _one(
        self, images: NDArray[np.uint8] | Tensor, number: int, draw: Callable[[], ViewDraws]
    ) -> tuple[ViewDraws, Tensor]:
        drawn = draw()
        return drawn, self._rendered(images, self._steps(number, drawn))

    def _rendered(self, images: NDArray[np.uint8] | Tensor, steps: Sequence[Step]) -> Tensor:
        """By the compiled kernels where the images are an array, in batched torch where they are a tensor."""
        if isinstance(images, Tensor):
            return run_batched(images, steps)
        return torch.from_numpy(run_cpu(images, steps, self._workers))

    def _checked(self, samples: Samples) -> NDArray[np.uint8]:
        images = samples.fields["image"]
        if images.dtype != np.uint8 or images.shape[1:] != self._shape:
            raise DataError(
                f"These views were compiled for uint8 pictures of shape {self._shape}, "
                f"but the batch holds {images.dtype} of shape {images.shape[1:]}."
            )
        return images


def _same(draws: ViewDraws) -> ViewDraws:
    return draws


def as_encoder_sees(branch: CompiledBranch, draws: ViewDraws, x: NDArray[np.float32]) -> NDArray[np.uint8]:
    """Finished views (N, 3, S, S) for the eye, uint8 (N, h, w, 3): grey stands for 0, puzzles are depicted."""
    if branch.normalise is not None:
        x = np.clip(0.5 + x / (2 * _SHOWN_DEVIATIONS), 0, 1, dtype=np.float32)
    if branch.task is not None:
        draw = draws.draws[branch.task.slot]
        assert isinstance(branch.task.operation, Task)
        x = branch.task.operation.depict(torch.from_numpy(x), draw.values, draw.applied).numpy()
    return _bytes(x)


def _bytes(x: NDArray[np.float32]) -> NDArray[np.uint8]:
    """Colours (N, 3, h, w) in [0, 1] as pictures (N, h, w, 3)."""
    return np.ascontiguousarray(np.rint(np.clip(x, 0, 1) * 255).astype(np.uint8).transpose(0, 2, 3, 1))


def _posed(branch: CompiledBranch, draws: ViewDraws, view: Tensor) -> tuple[Tensor, Mapping[str, Tensor]]:
    """What the encoder is given of a finished view, and every target that its branch makes."""
    targets: dict[str, Tensor] = {}
    for item in branch.operations:
        draw = draws.draws[item.slot]
        for name, target in item.operation.targets(draw.values, draw.applied).items():
            targets[name] = torch.from_numpy(np.ascontiguousarray(target)).to(view.device)
    if branch.task is None:
        return view, targets
    assert isinstance(branch.task.operation, Task)
    draw = draws.draws[branch.task.slot]
    given, posed = branch.task.operation.pose(view, draw.values, draw.applied)
    return given, {**targets, **posed}


def joined_targets(made: Sequence[Mapping[str, Tensor]]) -> dict[str, Tensor]:
    """One row a view, (V, N, ...); views whose branch does not make a target hold -1, NaN or False.

    Raises DataError when two branches make one target in different shapes.
    """
    joined = {}
    for name in dict.fromkeys(name for targets in made for name in targets):
        present = [targets[name] for targets in made if name in targets]
        shapes = sorted({tuple(target.shape[1:]) for target in present})
        if len(shapes) > 1:
            words = " and ".join(str(shape) for shape in shapes)
            raise DataError(
                f"The branches make the target {name!r} in different shapes: {words}.",
                "Give the branches views of one size, or make the target in one branch only.",
            )
        absent = torch.full_like(present[0], _unknown(present[0].dtype))
        joined[name] = torch.stack([targets.get(name, absent) for targets in made])
    return joined


def _unknown(dtype: torch.dtype) -> float | int | bool:
    if dtype == torch.bool:
        return False
    return math.nan if dtype.is_floating_point else -1


def _captions(branch: CompiledBranch, draws: ViewDraws) -> list[str]:
    words: list[list[str]] = [[] for _ in range(draws.samples)]
    for item in branch.operations:
        draw = draws.draws[item.slot]
        for sample, caption in zip(words, item.operation.captions(draw.values, draw.applied), strict=False):
            sample.append(caption)
    return ["  ".join(filter(None, sample)) for sample in words]
