"""From a recipe's branches to operations, and to the passes that they will share."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from pydantic import ValidationError

from workbench.core.errors import Problem, RecipeError, unknown
from workbench.plugins.strength import scaled
from workbench.recipes import models
from workbench.views.operations.base import Colour, Filter, Geometry, Operation, Task
from workbench.views.operations.normalize import Normalize
from workbench.views.table import OPERATIONS

Slot = tuple[int, int]


@dataclass(frozen=True)
class Placed:
    """An operation at its place.

    position : where it stands in its branch; numbers its random stream
    part : which part of what stands there (a policy has several)
    """

    position: int
    part: int
    operation: Operation

    @property
    def slot(self) -> Slot:
        """Position and part: where its draw is found."""
        return self.position, self.part


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

    size : S, side of its views, px
    segments : in order; the one numbered `sizing` brings the picture to the size of a view
    normalise : the operation that is folded into the last segment, if there is one
    task : the puzzle made of the finished view, if there is one
    """

    name: str
    count: int
    size: int
    operations: tuple[Placed, ...]
    segments: tuple[Segment, ...]
    sizing: int
    normalise: Placed | None
    task: Placed | None


def build_branches(views: models.Views, size: int) -> tuple[CompiledBranch, ...]:
    """All branches, with views of side `size` where nothing else is said; raises RecipeError with every problem."""
    problems: list[Problem] = []
    names = Counter(branch.name for branch in views.branches)
    shared = [name for name, times in names.items() if times > 1]
    problems += [Problem("views.branches", f"{name!r} names several branches; rename all but one.") for name in shared]
    compiled = []
    for number, branch in enumerate(views.branches):
        side = branch.size or views.size or size
        placed = _operations(views, branch, side, f"views.branches.{number}", problems)
        compiled.append(_compile(branch, side, placed))
    if problems:
        raise RecipeError(problems)
    return tuple(compiled)


def _operations(
    views: models.Views, branch: models.Branch, size: int, key: str, problems: list[Problem]
) -> tuple[Placed, ...]:
    if branch.like and not any(other.name == branch.like for other in views.branches):
        problems.append(Problem(f"{key}.like", f"There is no branch {branch.like!r}."))
    placed = []
    for position, choice in enumerate(views.ops_of(branch)):
        try:
            parts = operation_parts(choice, f"{key}.ops.{position}", views.strength)
            placed += [Placed(position, part, operation) for part, operation in enumerate(parts)]
        except RecipeError as error:
            problems += error.problems
    problems += _clashes(placed, f"{key}.ops", size)
    return tuple(item for item in placed if item.operation.used)


def operation_parts(choice: models.Choice, key: str, strength: float = 1.0) -> tuple[Operation, ...]:
    """An operation with its settings at a strength, or the parts that stand for it; raises RecipeError at `key`."""
    table = {operation.spec.id: operation for operation in OPERATIONS}
    if choice.id not in table:
        raise RecipeError([Problem(f"{key}.id", unknown("view operation", choice.id, list(table)))])
    kind = table[choice.id]
    try:
        config = kind.Config(**choice.params)
        if strength != 1:
            config = kind.Config(**scaled(config.model_dump(), kind.Config.model_json_schema(), strength))
        return kind.parts(config)
    except ValidationError as error:
        found = [(".".join([key, *map(str, item["loc"])]), item) for item in error.errors()]
        problems = [Problem(where, f"{item['msg']}; got {item['input']!r}.") for where, item in found]
        raise RecipeError(problems) from error


def _clashes(placed: Sequence[Placed], key: str, size: int) -> Iterator[Problem]:
    normalisers = [item for item in placed if isinstance(item.operation, Normalize)]
    if len(normalisers) > 1:
        yield Problem(f"{key}.{normalisers[1].position}", "A branch is normalised once; remove one of the two.")
    makers = [(target, item) for item in placed for target in item.operation.spec.targets]
    for target, item in makers:
        first = next(other for name, other in makers if name == target)
        if first.position != item.position:
            words = f"The target {target!r} is already made by operation {first.position + 1} of this branch"
            yield Problem(f"{key}.{item.position}", f"{words}; remove one of the two.")
    tasks = [item for item in placed if isinstance(item.operation, Task)]
    if len(tasks) > 1:
        words = f"The view is already a puzzle by operation {tasks[0].position + 1}"
        yield Problem(f"{key}.{tasks[1].position}", f"{words}; a branch poses one, remove one of the two.")
    for item in tasks[:1]:
        assert isinstance(item.operation, Task)
        reason = item.operation.clash(item.operation.config, size, bool(normalisers))
        if reason:
            yield Problem(f"{key}.{item.position}", reason)


def _compile(branch: models.Branch, size: int, placed: tuple[Placed, ...]) -> CompiledBranch:
    segments: list[Segment] = []
    geometry: list[Placed] = []
    colour: list[Placed] = []
    for item in placed:
        if isinstance(item.operation, Geometry):
            if colour and item.operation.fill not in (None, "edge"):
                # Its own pass, because earlier colours must not change the fill.
                segments.append(Segment(tuple(geometry), tuple(colour), None))
                geometry, colour = [], []
            geometry.append(item)
        elif isinstance(item.operation, Colour):
            colour.append(item)
        elif isinstance(item.operation, Filter):
            segments.append(Segment(tuple(geometry), tuple(colour), item))
            geometry, colour = [], []
    segments.append(Segment(tuple(geometry), tuple(colour), None))
    sizing = next((number for number, segment in enumerate(segments) if segment.geometry), 0)
    normalise = next((item for item in placed if isinstance(item.operation, Normalize)), None)
    task = next((item for item in placed if isinstance(item.operation, Task)), None)
    return CompiledBranch(branch.name, branch.count, size, placed, tuple(segments), sizing, normalise, task)
