"""What is said of a contribution before any of its code runs.

The engine side fills these in beside its classes; `python -m workbench.engine describe` publishes them with each
configuration's JSON Schema as one catalogue; the front reads that and imports nothing.
"""

from __future__ import annotations

import ast
import math
import operator
from collections.abc import Callable, Mapping
from typing import Any, Literal, Self

from pydantic import Field, model_validator

from workbench.core.model import Model

Modality = Literal["image", "text", "audio", "video", "points"]


class Paper(Model):
    """Where an idea was published."""

    title: str
    authors: str
    year: int
    venue: str = ""
    url: str = ""


class MetricSpec(Model):
    """A number that is logged: how to name it, its unit, and which way is better."""

    name: str
    title: str
    unit: str = ""
    better: Literal["higher", "lower", "neither"] = "neither"
    description: str = ""


class Chance(Model):
    """The value of a loss when the network knows nothing.

    formula : for people, "ln(2N − 1)"
    expression : for machines: arithmetic over the objective's settings, `batch_size`, `classes` and `samples`
    """

    formula: str
    expression: str

    def value(self, names: Mapping[str, float]) -> float | None:
        """The level for these settings; None where a name it needs is not known yet (classes of an unread data set)."""
        return evaluate(self.expression, names)


class Bound(Model):
    """A setting of an objective that may not exceed something known before a run starts.

    setting : the objective's setting
    at_most : arithmetic over the objective's settings, `batch_size`, `classes`, `samples` (of the training split) and
        `size` (side of a view, px); not checked while a name in it is unknown
    why : the rest of the sentence "... may be at most N, "
    """

    setting: str
    at_most: str
    why: str


class Needs(Model):
    """What an objective must be given.

    min_views, max_views : how many views of a sample it takes (None: any number)
    targets : what view operations must make, by name ("rotation")
    target_views : which views must have them: all, or those of the largest size alone
    labels : whether the samples must be labelled
    min_batch : the smallest batch with which its loss means something
    tokens : whether the backbone must give tokens as well as features
    patches : whether it hides patches from the backbone, which must then take some of them only
    colour : whether the pictures must have colours
    given : what the operation `colour_split` must give the encoder; "" where the objective does not use it
    plain : whether pixels must keep their values in [0, 1], so that no branch may normalise them
    causal : whether each of the backbone's tokens may depend on patches up to its own alone
    bounds : settings that something else limits
    """

    min_views: int = 1
    max_views: int | None = None
    targets: tuple[str, ...] = ()
    target_views: Literal["all", "largest"] = "all"
    labels: bool = False
    min_batch: int = 1
    tokens: bool = False
    patches: bool = False
    colour: bool = False
    given: Literal["", "lightness", "both"] = ""
    plain: bool = False
    causal: bool = False
    bounds: tuple[Bound, ...] = ()


class FigureSpec(Model):
    """A figure that shows an objective at work.

    name : of the array in `Objective.figures`
    kind : "matrix" is (rows, columns) of numbers; "pictures" is (rows, columns, h, w, 3) in [0, 1], one row a sample;
        "bars" is (n,); "lines" is (lines, n)
    columns, rows : headings, where they are fixed
    x, y : what runs along each axis, with its unit in brackets where it has one: of a matrix the columns and the rows,
        of bars and lines the entries and their values
    value : what the numbers of a matrix are
    span : x of the first and the last entry of bars and lines; None counts them from 1
    positives : which cells of a matrix are positive pairs: those of the diagonal, or with "partners" those half a side
        beside it, where first views stand before second ones
    """

    name: str
    title: str
    kind: Literal["matrix", "pictures", "bars", "lines"]
    description: str
    x: str = ""
    y: str = ""
    value: str = ""
    span: tuple[float, float] | None = None
    columns: tuple[str, ...] = ()
    rows: tuple[str, ...] = ()
    positives: Literal["", "diagonal", "partners"] = ""

    def marked(self, rows: int, columns: int) -> list[tuple[int, int]]:
        """The cells (row, column) of positive pairs in a matrix of this size."""
        if not self.positives:
            return []
        side = min(rows, columns)
        half = 0 if self.positives == "diagonal" else side // 2
        return [(row, (row + half) % side) for row in range(side)]


class Advice(Model):
    """A setting to change against an alarm: its key in the recipe, and what to do with it ("raise it")."""

    setting: str
    change: str


class AlarmSpec(Model):
    """A state of a run that means trouble: a logged number lies beyond a limit, and stays there.

    Limits and `after` are arithmetic over the objective's settings, `batch_size`, `classes`, `samples`, `width` (of the
    features), `steps_per_epoch`, `views`, `queries` (of the online kNN) and `chance`. An alarm that needs a name which
    is not known does not ring.

    metric : name of the number
    below, above : the limit, one of the two
    after : the step from which it is judged; never before the learning rate's warm-up is over
    share : of the run, before which it is not judged
    patience : steps over which the smoothed number must lie beyond the limit
    seen, means : what was observed, and what follows from it, a sentence each
    advice : two or three settings to change
    """

    id: str
    title: str
    metric: str
    below: str = ""
    above: str = ""
    after: str = "0"
    share: float = 0.0
    patience: int = 50
    seen: str
    means: str
    advice: tuple[Advice, ...]

    @model_validator(mode="after")
    def _one_limit(self) -> Self:
        if bool(self.below) == bool(self.above):
            raise ValueError(f"the alarm {self.id!r} needs either a lower or an upper limit")
        return self


class ObjectiveSpec(Model):
    """One learning objective."""

    id: str
    title: str
    family: str
    modality: Modality = "image"
    summary: str = Field(description="one sentence for lists")
    explanation: str = Field(description="two or three sentences for the Objective page")
    energy: str = Field(description="what is made compatible, and what is pushed apart or otherwise stops collapse")
    experience: str = Field(description="which part of the input is predicted from which, by which loss")
    formula: str = Field(description="TeX, as matplotlib's mathtext reads it")
    paper: Paper
    needs: Needs
    metrics: tuple[MetricSpec, ...] = ()
    figures: tuple[FigureSpec, ...] = ()
    alarms: tuple[AlarmSpec, ...] = ()
    chance: Chance | None = None
    views_preset: str = Field(description="the view preset that suits it")


class OperationSpec(Model):
    """One view operation.

    kind : "task" operations make what an objective predicts; "mix" blends samples of a batch; "policy" picks one of
        several operations for each sample
    targets : what it adds to the views, by name
    """

    id: str
    title: str
    kind: Literal["geometry", "colour", "filter", "mix", "policy", "task", "normalise"]
    summary: str
    targets: tuple[str, ...] = ()
    modality: Modality = "image"


class BackboneSpec(Model):
    """One encoder architecture.

    tokens : whether it gives one vector a position
    patches : whether patches of side `patch` can be hidden from it (`encode` and `encode_covered`)
    causal : whether its setting `causal` makes each token depend on patches up to its own alone
    """

    id: str
    title: str
    summary: str
    modality: Modality = "image"
    tokens: bool = False
    patches: bool = False
    causal: bool = False
    paper: Paper | None = None


class DatasetSpec(Model):
    """One data set, or one way to read the user's own.

    origin : "bundled" ships with the program, "download" is fetched on request, "system" may lie on this machine,
        "import" reads what the user points at
    splits : names of its splits; empty where they depend on the files
    samples, train_samples : in all its splits, and in the one that is learned from; 0 where they depend on the files
    channels : of its pictures, 1 is grey; not known of the user's own files before they are read
    """

    id: str
    title: str
    summary: str
    origin: Literal["bundled", "download", "system", "import"]
    modality: Modality = "image"
    splits: tuple[str, ...] = ()
    classes: int = 0
    samples: int = 0
    train_samples: int = 0
    size_px: int = 0
    channels: int = 3
    licence: str = ""
    source: str = ""


class ProjectionSpec(Model):
    """One way to draw an embedding in the plane or in space.

    when : what it is good for
    distances : what distances in its picture mean
    can_pause : whether it can be stopped with a layout that a later one goes on from
    """

    id: str
    title: str
    summary: str
    when: str = ""
    distances: str = ""
    can_pause: bool = False
    paper: Paper | None = None


class ChoiceSpec(Model):
    """A plain choice: an optimiser or a schedule."""

    id: str
    title: str
    summary: str


def evaluate(expression: str, names: Mapping[str, float]) -> float | None:
    """The value of an arithmetic expression over `names`; None where a name is missing or the value is not finite.

    Knows numbers, names, + - * / **, log, sqrt, exp, min and max: nothing that could do anything else.
    Raises ValueError for any other syntax.
    """
    try:
        value = _node(ast.parse(expression, mode="eval").body, names)
    except (KeyError, ZeroDivisionError, OverflowError):
        return None
    return value if math.isfinite(value) else None


_OPERATORS: dict[type, Callable[[Any, Any], float]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.Pow: operator.pow,
}
_FUNCTIONS: dict[str, Callable[..., float]] = {
    "log": math.log,
    "sqrt": math.sqrt,
    "exp": math.exp,
    "min": min,
    "max": max,
}


def _node(node: ast.expr, names: Mapping[str, float]) -> float:
    match node:
        case ast.Constant(value=int() | float() as value):
            return float(value)
        case ast.Name(id=name):
            return float(names[name])
        case ast.UnaryOp(op=ast.USub(), operand=operand):
            return -_node(operand, names)
        case ast.BinOp(left=left, op=op, right=right) if type(op) in _OPERATORS:
            return _OPERATORS[type(op)](_node(left, names), _node(right, names))
        case ast.Call(func=ast.Name(id=name), args=args, keywords=[]) if name in _FUNCTIONS:
            return _FUNCTIONS[name](*(_node(argument, names) for argument in args))
    raise ValueError(f"{ast.unparse(node)!r} is not arithmetic that a chance level may use.")
