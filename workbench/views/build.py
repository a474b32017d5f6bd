"""From a recipe's branches to operations, and to the passes that they will share."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from pydantic import ValidationError

from workbench.core.errors import Problem, RecipeError, unknown
from workbench.recipes import models
from workbench.views.operations.base import Colour, Filter, Geometry, Operation
from workbench.views.operations.normalize import Normalize
from workbench.views.table import OPERATIONS


@dataclass(frozen=True)
class Placed:
    """An operation and its position in the branch, which numbers its random stream."""

    position: int
    operation: Operation


@dataclass(frozen=True)
class Segment:
    """Neighbours that share one pass: geometry, then colour in its order; `after` is the filter that follows."""

    geometry: tuple[Placed, ...]
    colour: tuple[Placed, ...]
    after: Placed | None

    @property
    def items(self) -> tuple[Placed, ...]:
        """All its operations, the filter last."""
        return (*self.geometry, *self.colour, *((self.after,) if self.after else ()))


@dataclass(frozen=True)
class CompiledBranch:
    """One branch, ready to draw and render.

    segments : in order; the one numbered `sizing` brings the picture to the size of a view
    normalise : the operation that is folded into the last segment, if there is one
    """

    name: str
    count: int
    operations: tuple[Placed, ...]
    segments: tuple[Segment, ...]
    sizing: int
    normalise: Placed | None


def build_branches(views: models.Views) -> tuple[CompiledBranch, ...]:
    """All branches; raises RecipeError with every problem found."""
    problems: list[Problem] = []
    names = Counter(branch.name for branch in views.branches)
    shared = [name for name, times in names.items() if times > 1]
    problems += [Problem("views.branches", f"{name!r} names several branches; rename all but one.") for name in shared]
    built = [_operations(branch, f"views.branches.{b}.ops", problems) for b, branch in enumerate(views.branches)]
    if problems:
        raise RecipeError(problems)
    return tuple(_compile(branch, placed) for branch, placed in zip(views.branches, built, strict=True))


def _operations(branch: models.Branch, key: str, problems: list[Problem]) -> tuple[Placed, ...]:
    placed = []
    for position, choice in enumerate(branch.ops):
        try:
            placed.append(Placed(position, _operation(choice, f"{key}.{position}")))
        except RecipeError as error:
            problems += error.problems
    problems += _clashes(placed, key)
    # What is never applied is left out, so that p = 0 is the identity to the bit; what makes a target stays.
    return tuple(item for item in placed if item.operation.config.p > 0 or item.operation.spec.targets)


def _operation(choice: models.Choice, key: str) -> Operation:
    table = {operation.spec.id: operation for operation in OPERATIONS}
    if choice.id not in table:
        raise RecipeError([Problem(f"{key}.id", unknown("view operation", choice.id, list(table)))])
    kind = table[choice.id]
    try:
        return kind(kind.Config(**choice.params))
    except ValidationError as error:
        found = [(".".join([key, *map(str, item["loc"])]), item) for item in error.errors()]
        problems = [Problem(where, f"{item['msg']}; got {item['input']!r}.") for where, item in found]
        raise RecipeError(problems) from error


def _clashes(placed: Sequence[Placed], key: str) -> Iterator[Problem]:
    normalisers = [item for item in placed if isinstance(item.operation, Normalize)]
    if len(normalisers) > 1:
        yield Problem(f"{key}.{normalisers[1].position}", "A branch is normalised once; remove one of the two.")
    makers = [(target, item) for item in placed for target in item.operation.spec.targets]
    for target, item in makers:
        first = next(other for name, other in makers if name == target)
        if first is not item:
            words = f"The target {target!r} is already made by operation {first.position + 1} of this branch"
            yield Problem(f"{key}.{item.position}", f"{words}; remove one of the two.")


def _compile(branch: models.Branch, placed: tuple[Placed, ...]) -> CompiledBranch:
    segments: list[Segment] = []
    geometry: list[Placed] = []
    colour: list[Placed] = []
    for item in placed:
        if isinstance(item.operation, Geometry):
            geometry.append(item)
        elif isinstance(item.operation, Colour):
            colour.append(item)
        elif isinstance(item.operation, Filter):
            segments.append(Segment(tuple(geometry), tuple(colour), item))
            geometry, colour = [], []
    segments.append(Segment(tuple(geometry), tuple(colour), None))
    sizing = next((number for number, segment in enumerate(segments) if segment.geometry), 0)
    normalise = next((item for item in placed if isinstance(item.operation, Normalize)), None)
    return CompiledBranch(branch.name, branch.count, placed, tuple(segments), sizing, normalise)
