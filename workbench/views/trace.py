"""How a view was made: each operation in its turn, with what it drew for one sample and the picture that it left.

Every operation draws from a stream that its place in the branch numbers, so a branch that is cut off after some of its
operations draws what the whole branch draws, and its picture is what those operations made on the way to the view.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from workbench.data.base import Samples
from workbench.views.build import CompiledBranch, Placed, Segment
from workbench.views.cpu import Workers, run_cpu
from workbench.views.draws import Draw, Key, ViewDraws, draw_view, steps_of
from workbench.views.operations.base import Scene
from workbench.views.pipeline import Moments, ViewPipeline, as_encoder_sees
from workbench.views.trace_words import parameter_words

_HERE = Workers(1)


@dataclass(frozen=True)
class Stage:
    """One operation's turn.

    position, part : where it stands in its branch
    applied : whether it changed this sample
    p : its probability
    words : what it drew for this sample, for people
    picture : uint8 (h, w, 3), what it left
    """

    operation: str
    title: str
    position: int
    part: int
    applied: bool
    p: float
    words: tuple[str, ...]
    picture: NDArray[np.uint8]


def in_turn(branch: CompiledBranch) -> tuple[Placed, ...]:
    """The operations as they take effect: normalisation and puzzle come last wherever they stand."""
    last = [item for item in (branch.normalise, branch.task) if item is not None]
    return (*(item for item in branch.operations if item not in last), *last)


def cut(branch: CompiledBranch, kept: Sequence[Placed]) -> CompiledBranch:
    """The branch with only its first operations in turn, `kept`; it takes the size of a view where the whole one does.

    Before that place its pictures have the size of the samples.
    """
    slots = {item.slot for item in kept}
    segments: list[Segment] = []
    for segment in branch.segments:
        if segments and segments[-1].after is None and not any(item.slot in slots for item in segment.items):
            break
        after = segment.after if segment.after is not None and segment.after.slot in slots else None
        geometry, colour = (
            tuple(item for item in items if item.slot in slots) for items in (segment.geometry, segment.colour)
        )
        segments.append(Segment(geometry, colour, after))
    normalise, task = (
        item if item is not None and item.slot in slots else None for item in (branch.normalise, branch.task)
    )
    operations = tuple(item for item in branch.operations if item.slot in slots)
    rest = segments[branch.sizing :]
    return replace(
        branch,
        operations=operations,
        segments=tuple(segments),
        sizing=branch.sizing if branch.sizing == 0 or any(segment.items for segment in rest) else len(segments),
        normalise=normalise,
        task=task,
    )


def trace(pipeline: ViewPipeline, samples: Samples, row: int, view: int, key: Key) -> tuple[Stage, ...]:
    """How the view numbered `view` (over all branches) of the sample in row `row` of a batch was made.

    `samples` is the whole batch: its size decides what is drawn, and operations that mix need the other samples.
    The last picture is the view as `ViewPipeline.preview` shows it with `as_given`. Of an operation that stands for
    several, only those are listed that changed the sample.
    """
    branch, moments, number = pipeline.by_view[view]
    images = samples.fields["image"]
    mixes = any(item.operation.spec.kind == "mix" for item in branch.operations)
    rows = np.arange(len(samples)) if mixes else np.array([row])
    turns = in_turn(branch)
    several = Counter(item.position for item in turns)
    stages = []
    for done, item in enumerate(turns, 1):
        part = cut(branch, turns[:done])
        height, width = (np.full(len(samples), float(side)) for side in pipeline.shape[1:])
        drawn = draw_view(part, Scene(branch.size, number, height, width), key, view)
        if several[item.position] > 1 and not drawn.draws[item.slot].applied[row]:
            continue
        pictures = _picture(part, images[rows], rows_of(drawn, rows), moments, pipeline.shape)
        stages.append(_stage(item, drawn.draws[item.slot], row, pictures[row if mixes else 0]))
    return tuple(stages)


def rows_of(drawn: ViewDraws, rows: NDArray[np.int64]) -> ViewDraws:
    """The draws of some samples of a batch alone."""
    draws = {slot: _rows(draw, drawn.samples, rows) for slot, draw in drawn.draws.items()}
    return replace(drawn, draws=draws, fit=drawn.fit[rows])


def _rows(draw: Draw, samples: int, rows: NDArray[np.int64]) -> Draw:
    return replace(draw, **{field.name: _picked(getattr(draw, field.name), samples, rows) for field in fields(draw)})


def _picked(value: Any, samples: int, rows: NDArray[np.int64]) -> Any:
    if isinstance(value, np.ndarray) and value.ndim and len(value) == samples:
        return value[rows]
    if isinstance(value, Mapping):
        return {name: _picked(inner, samples, rows) for name, inner in value.items()}
    return value


def _picture(
    branch: CompiledBranch,
    images: NDArray[np.uint8],
    drawn: ViewDraws,
    moments: Moments | None,
    shape: tuple[int, int, int],
) -> NDArray[np.uint8]:
    x = run_cpu(images, steps_of(branch, drawn, shape[1:], moments), _HERE)
    return as_encoder_sees(branch, drawn, x)


def _stage(item: Placed, draw: Draw, row: int, picture: NDArray[np.uint8]) -> Stage:
    operation, applied = item.operation, bool(draw.applied[row])
    drawn = {name: values[row] for name, values in draw.values.items() if len(values) == len(draw.applied)}
    words = parameter_words(operation, drawn) if applied else ()
    captions = operation.captions(draw.values, draw.applied)
    caption = (captions[row],) if captions and captions[row] and applied else ()
    return Stage(
        operation.spec.id,
        operation.spec.title,
        item.position,
        item.part,
        applied,
        float(operation.config.p),
        (*words, *(part for part in caption if not any(part in word for word in words))),
        picture,
    )
