"""Random parameters: drawn for a whole batch, from a stream that can be opened again at any step.

Every operation of every view draws from its own Philox stream. The generator's key is the run's seed, its 256-bit
counter starts at (0, step, view, place of the operation): streams never meet (one would need 2^64 numbers to reach the
next), no state is carried from step to step, and moving one operation's slider leaves the others' numbers as they were.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.random.bit_generator import ISeedSequence
from numpy.typing import NDArray

from workbench.views import colour
from workbench.views.build import CompiledBranch, Placed, Segment, Slot
from workbench.views.geometry import AxisMap, axis_map, fit_matrices, product
from workbench.views.operations.base import Colour, Filter, Floats, Geometry, Scene, Values
from workbench.views.steps import FilterStep, FusedStep, Step
from workbench.views.warp import Move, Warp, frame_of, warp_of

Key = tuple[int, int]
_WORD = 2**64 - 1


@dataclass(frozen=True)
class Draw:
    """What one operation drew for the N samples of a batch.

    slot : where the operation stands in its branch, and which part of it this is
    applied : (N,) bool, the samples that it changes
    values : its parameters by name, one row a sample whether applied or not
    matrices : (N, 3, 3) for geometry, from the picture it makes to the picture it meets; None otherwise
    frame : (N, 5), for geometry that may look beyond the picture it meets (`warp.frame_of`); None otherwise
    """

    operation: str
    slot: Slot
    applied: NDArray[np.bool_]
    values: Values
    matrices: Floats | None = None
    frame: Floats | None = None


@dataclass(frozen=True)
class ViewDraws:
    """All draws of one view.

    view : which view of its branch this is, from 0
    draws : (position in the branch, part) -> what the operation there drew
    fit : (N, 3, 3), from the finished view to the picture that its geometry left: the identity after a crop
    """

    branch: str
    view: int
    draws: Mapping[Slot, Draw]
    fit: Floats

    @property
    def samples(self) -> int:
        return len(self.fit)


def stream(key: Key, view: int, position: int, part: int = 0) -> np.random.Generator:
    """The random numbers of one operation of one view (counted over all branches) at (seed, step)."""
    seed, step = key
    place = position + (part << 32)
    counter = [0, step & _WORD, view, place]
    return np.random.Generator(np.random.Philox(_Seed(seed & _WORD), counter=counter))  # type: ignore[arg-type]


class _Seed(ISeedSequence):
    """A Philox key as it is. Given as `key`, numpy still gathers entropy that it does not use, 40 us a stream."""

    def __init__(self, key: int) -> None:
        self._key = key

    def generate_state(self, n_words: int, dtype: Any = np.uint32) -> NDArray[Any]:
        return np.array([self._key] + [0] * (n_words - 1), dtype)


def draw_view(branch: CompiledBranch, scene: Scene, key: Key, number: int) -> ViewDraws:
    """Draw the parameters of one view of a branch; `number` counts views over all branches."""
    draws: dict[Slot, Draw] = {}
    fit = fit_matrices(scene.height, scene.width, scene.size)
    for order, segment in enumerate(branch.segments):
        for item in (*segment.geometry, *segment.colour):
            draws[item.slot], scene = _draw(item, scene, key, number)
        if order == branch.sizing:
            fit = fit_matrices(scene.height, scene.width, scene.size)
            side = np.full(scene.samples, float(scene.size))
            scene = replace(scene, height=side, width=side)
        if segment.after is not None:
            # A filter meets the picture as its pass has rendered it.
            draws[segment.after.slot], scene = _draw(segment.after, scene, key, number)
    for last in (branch.normalise, branch.task):
        if last is not None:
            draws[last.slot], scene = _draw(last, scene, key, number)
    return ViewDraws(branch.name, scene.view, draws, fit)


def _draw(item: Placed, scene: Scene, key: Key, view: int) -> tuple[Draw, Scene]:
    operation = item.operation
    rng = stream(key, view, item.position, operation.stream)
    applied = operation.applies(rng, scene)
    values, matrices, frame = operation.draw(rng, scene), None, None
    if isinstance(operation, Geometry):
        frame = None if operation.fill is None else frame_of(scene.width, scene.height, operation.fill)
        matrices, after = operation.place(values, scene)
        matrices = np.where(applied[:, None, None], matrices, np.eye(3))
        height, width = np.where(applied, after.height, scene.height), np.where(applied, after.width, scene.width)
        scene = replace(scene, height=height, width=width)
    return Draw(operation.spec.id, item.slot, applied, values, matrices, frame), scene


def steps_of(
    branch: CompiledBranch, drawn: ViewDraws, shape: tuple[int, int], moments: tuple[Floats, Floats] | None
) -> list[Step]:
    """The passes that render a view.

    Parameters
    ----------
    shape : height and width of the pictures, px
    moments : mean and deviation for the branch's normalisation; None leaves the view in [0, 1]
    """
    steps: list[Step] = []
    last = len(branch.segments) - 1
    for number, segment in enumerate(branch.segments):
        map_, warp = _segment_map(branch, number, drawn, shape)
        transform = _segment_transform(segment, drawn)
        gain, bias = _normaliser(branch, drawn, moments if number == last else None)
        steps.append(FusedStep(map_, branch.size, transform.astype(np.float32), gain, bias, warp))
        if segment.after is not None:
            steps.append(_filter_step(segment.after, drawn))
    return steps


def _segment_map(
    branch: CompiledBranch, number: int, drawn: ViewDraws, shape: tuple[int, int]
) -> tuple[AxisMap | None, Warp | None]:
    size, draws = branch.size, [drawn.draws[item.slot] for item in branch.segments[number].geometry]
    moves = [Move(draw.matrices, draw.applied, draw.frame) for draw in draws if draw.matrices is not None]
    if number == branch.sizing:
        moves.append(Move(drawn.fit, np.ones(drawn.samples, bool)))
    elif moves:
        shape = size, size
    else:
        return None, None
    matrices, warp = _product([move.matrices for move in moves]), warp_of(moves, size, *shape)
    if warp is not None:
        matrices = np.where(warp.rows[:, None, None], np.eye(3), matrices)
    return axis_map(matrices, size, *shape), warp


def _product(matrices: Sequence[Floats]) -> Floats:
    total = matrices[0]
    for matrix in matrices[1:]:
        total = product(total, matrix)
    return total


def _segment_transform(segment: Segment, drawn: ViewDraws) -> Floats:
    transform = colour.identity(drawn.samples)
    for item in segment.colour:
        assert isinstance(item.operation, Colour)
        draw = drawn.draws[item.slot]
        changed = item.operation.recolour(transform, draw.values)
        transform = np.where(draw.applied[:, None, None], changed, transform)
    return transform


def _normaliser(
    branch: CompiledBranch, drawn: ViewDraws, moments: tuple[Floats, Floats] | None
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    gain, bias = np.ones((drawn.samples, 3)), np.zeros((drawn.samples, 3))
    if branch.normalise is not None and moments is not None:
        mean, std = moments
        applied = drawn.draws[branch.normalise.slot].applied[:, None]
        gain, bias = np.where(applied, 1 / std, gain), np.where(applied, -mean / std, bias)
    return gain.astype(np.float32), bias.astype(np.float32)


def _filter_step(item: Placed, drawn: ViewDraws) -> FilterStep:
    assert isinstance(item.operation, Filter)
    draw = drawn.draws[item.slot]
    return FilterStep(item.operation, draw.values, draw.applied)
