"""What an encoder sees of an augmentation: how alike a picture and its view are to it.

All of it is told in the representation h = f(x), the backbone's features, which kNN and probes use as well. Originals
go through the evaluation transform, views through the same size and normalisation with the operations in between.

Features after a ReLU are never negative, so that any two of them look alike. Centred on the mean of the originals,
two different pictures have a similarity of about 0, and a curve has a floor that means something.

Shapes: N samples, D features, S side of a view, P pairs.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from workbench.core.errors import DataError
from workbench.data.base import Progress, Samples, no_progress
from workbench.evaluation.health import alignment, uniformity
from workbench.models.base import Backbone
from workbench.models.modes import evaluating
from workbench.plugins.strength import scaled
from workbench.recipes.models import Branch, Choice, Views
from workbench.views.draws import Key
from workbench.views.operations.base import Floats, Task
from workbench.views.operations.normalize import Normalize
from workbench.views.pipeline import ViewPipeline, compile_views
from workbench.views.table import OPERATIONS

STRENGTHS = (0.0, 0.25, 0.5, 0.75, 1.0, 1.25, 1.5, 1.75, 2.0)
NO_DISTORTION = ("task", "normalise")
"""Kinds of operation that are meant to be seen, or that the encoder needs."""
_PORTION_VALUES = 2**17
_COLLAPSED = 1e-6


@dataclass(frozen=True)
class Observer:
    """An encoder, and how pictures have to be for it.

    size : S, px
    moments : mean and deviation, (3,) each in units of [0, 1], of its normalisation; None where it has none
    """

    backbone: Backbone
    size: int
    moments: tuple[Floats, Floats] | None
    device: torch.device

    def pipeline(self, views: Views, shape: tuple[int, int, int]) -> ViewPipeline:
        """These views as the encoder takes them: of its size and normalisation, and without a puzzle.

        `shape` is (C, H, W) of the pictures. Raises RecipeError for an operation or a setting that cannot be.
        """
        branches = tuple(
            Branch(name=branch.name, count=branch.count, ops=(*_kept(views.ops_of(branch)), *self._normalise()))
            for branch in views.branches
        )
        mean, std = self.moments if self.moments is not None else ((0.0,), (1.0,))
        seen = Views(size=self.size, strength=views.strength, branches=branches)
        return compile_views(seen, *shape, tuple(mean), tuple(std))

    def originals(self, samples: Samples, progress: Progress = no_progress) -> Tensor:
        """Features (N, D) of the pictures without randomness."""
        images = samples.fields["image"]
        channels, height, width = images.shape[1:]
        pipeline = self.pipeline(Views(), (channels, height, width))
        return self.features(pipeline.evaluation(images, self.device), progress)

    def features(self, x: Tensor, progress: Progress = no_progress) -> Tensor:
        """Features (N, D) in float64 on the CPU, of pictures (N, 3, S, S) as `pipeline` makes them.

        In portions small enough for Cancel to be felt. Raises DataError where they are not finite.
        """
        with evaluating(self.backbone), _plain_threads(self.device) as threads:
            portion = max(1, min(_PORTION_VALUES // (x.shape[-1] * x.shape[-2]), -(-len(x) // threads)))
            found = torch.cat(_spread(self._encode, torch.split(x, portion), threads, progress))
        if not found.isfinite().all():
            raise DataError("The encoder's features are not finite.", "Choose another checkpoint.")
        return found

    def _encode(self, x: Tensor) -> Tensor:
        with torch.no_grad():  # which every thread has to be told
            return self.backbone.features(x).cpu().double()

    def _normalise(self) -> tuple[Choice, ...]:
        return () if self.moments is None else (Choice(id=Normalize.spec.id, p=1.0, statistics="dataset"),)


@contextmanager
def _plain_threads(device: torch.device) -> Iterator[int]:
    """How many portions are encoded beside each other; on a CPU as many as it has threads, each on one of its own.

    Threads that share one portion wait for each other after every layer: beside a training run that takes ten times
    as long as portions that need nobody.
    """
    threads = torch.get_num_threads()
    if device.type != "cpu":
        yield 1
        return
    torch.set_num_threads(1)
    try:
        yield threads
    finally:
        torch.set_num_threads(threads)


def _spread(
    encode: Callable[[Tensor], Tensor], portions: Sequence[Tensor], threads: int, progress: Progress
) -> list[Tensor]:
    """Each portion encoded, in order; raises what `progress` raises, after the portions that were begun."""
    with ThreadPoolExecutor(threads, thread_name_prefix="encode") as pool:
        pending = [pool.submit(encode, portion) for portion in portions]
        found: list[Tensor] = []
        try:
            for future in pending:
                progress(len(found) / len(pending), "Encoding")
                found.append(future.result())
        finally:
            for future in pending:
                future.cancel()
    return found


def _kept(ops: Sequence[Choice]) -> list[Choice]:
    """Without tasks, which hide or cut up the finished view, and without normalisation."""
    dropped = {kind.spec.id for kind in OPERATIONS if issubclass(kind, Task) or kind.spec.kind == "normalise"}
    return [choice for choice in ops if choice.id not in dropped]


@dataclass(frozen=True)
class Trial:
    """An operation that is tried alone on every sample.

    key : tells trials apart
    moved : the settings that a strength scales; all others that it could scale are neutral. Empty where none can be
    """

    key: str
    title: str
    choice: Choice
    schema: Mapping[str, Any]
    moved: tuple[str, ...]

    def at(self, strength: float) -> Choice:
        """The operation at a strength, with p = 1."""
        params = {**self.choice.params, "p": 1.0}
        if self.moved:
            far = scaled(params, self.schema, strength)
            params = {**scaled(params, self.schema, 0.0), **{name: far[name] for name in self.moved}, "p": 1.0}
        return Choice(id=self.choice.id, **params)


def trials_of(views: Views, by_setting: bool = False) -> list[Trial]:
    """The operations of a pipeline, each once; `by_setting`: each of their settings alone, where a strength scales it.

    Tasks and normalisation are no distortions and left out; so is what is switched off.
    """
    table = {kind.spec.id: kind for kind in OPERATIONS}
    found: dict[str, Trial] = {}
    for choice in (choice for branch in views.branches for choice in views.ops_of(branch)):
        kind = table.get(choice.id)
        if kind is None or kind.spec.kind in NO_DISTORTION or choice.params.get("p", 1) == 0:
            continue
        stated = {**kind.Config().model_dump(mode="json"), **choice.params}
        trial = _trial(kind.spec.title, Choice(id=choice.id, **stated), kind.Config.model_json_schema())
        for part in _parts(trial) if by_setting else (trial,):
            found.setdefault(part.key, part)
    return _told_apart(list(found.values()))


def every_trial() -> list[Trial]:
    """Every operation there is that a strength scales, with its defaults."""
    kinds = [kind for kind in OPERATIONS if kind.spec.kind not in NO_DISTORTION]
    trials = [
        _trial(kind.spec.title, Choice(id=kind.spec.id, **kind.Config().model_dump(mode="json")), schema)
        for kind in kinds
        for schema in [kind.Config.model_json_schema()]
    ]
    return [trial for trial in trials if trial.moved]


def _trial(title: str, choice: Choice, schema: Mapping[str, Any]) -> Trial:
    settings = {name: value for name, value in choice.params.items() if name != "p"}
    moved = tuple(name for name, prop in schema.get("properties", {}).items() if "neutral" in prop and name != "p")
    return Trial(f"{choice.id} {settings} {moved}", title, choice, schema, moved)


def _parts(trial: Trial) -> list[Trial]:
    """One trial a setting that moves away from neutral; the trial itself where there is at most one."""
    zero, one = (scaled(trial.choice.params, trial.schema, strength) for strength in (0.0, 2.0))
    names = [name for name in trial.moved if list(_flat(zero[name])) != list(_flat(one[name]))]
    if len(names) < 2:
        return [trial]
    titles = {name: str(trial.schema["properties"][name].get("title", name)) for name in names}
    operation = trial.title[0].lower() + trial.title[1:]
    return [
        replace(trial, key=f"{trial.key} {name}", title=f"{titles[name]} of {operation}", moved=(name,))
        for name in names
    ]


def _flat(value: Any) -> Sequence[Any]:
    return value if isinstance(value, list | tuple) else [value]


def _told_apart(trials: list[Trial]) -> list[Trial]:
    """The same operation with different settings gets a number."""
    numbered: list[Trial] = []
    for trial in trials:
        number = 1 + sum(other.title == trial.title for other in trials[: len(numbered)])
        numbered.append(replace(trial, title=f"{trial.title} ({number})") if number > 1 else trial)
    return numbered


@dataclass(frozen=True)
class Curve:
    """Mean cosine similarity of original and view at each strength, in [-1, 1], and its standard error over samples."""

    strengths: tuple[float, ...]
    similarity: tuple[float, ...]
    error: tuple[float, ...]


def invariance(
    observer: Observer,
    samples: Samples,
    original_ND: Tensor,
    trial: Trial,
    *,
    key: Key,
    centred: bool = True,
    strengths: Sequence[float] = STRENGTHS,
    progress: Progress = no_progress,
) -> Curve:
    """How alike the samples and their views under one operation are to the encoder, by strength.

    The same random numbers are drawn at every strength, so that a curve bends by strength alone. An operation that
    no strength scales has one value, at 1.

    Raises RecipeError for an operation that these pictures do not allow, DataError for features that mean nothing.
    """
    tried = tuple(strengths) if trial.moved else (1.0,)
    channels, height, width = samples.fields["image"].shape[1:]
    found = []
    for number, strength in enumerate(tried):
        views = Views(branches=(Branch(ops=(trial.at(strength),)),))
        pipeline = observer.pipeline(views, (channels, height, width))
        (x,) = pipeline(samples, key, observer.device).inputs
        view_ND = observer.features(x, _part(progress, number, len(tried), trial.title))
        found.append(similarity(original_ND, view_ND, centre_of(original_ND, centred)))
    return Curve(tried, tuple(map(_mean, found)), tuple(map(standard_error, found)))


@dataclass(frozen=True)
class Pairs:
    """Similarities under a pipeline.

    positive : (N,), of the two views of a sample
    negative : (N (N - 1),), of the first view of one sample and the second of another
    alignment, uniformity : Wang & Isola (ICML 2020), equations 1 (alpha = 2) and 2 (t = 2), of the same vectors;
        uniformity is the mean of that of the first views and that of the second, as in the authors' code
    """

    positive: Tensor
    negative: Tensor
    alignment: float
    uniformity: float


def compare_pairs(x_ND: Tensor, y_ND: Tensor, centre_D: Tensor) -> Pairs:
    """Positive against negative pairs of the views x and y of the same N >= 2 samples."""
    x_ND, y_ND = F.normalize(x_ND - centre_D, dim=1), F.normalize(y_ND - centre_D, dim=1)
    sim_NN = (x_ND @ y_ND.T).clamp(-1, 1)
    other = ~torch.eye(len(x_ND), dtype=torch.bool)
    spread = (uniformity(x_ND) + uniformity(y_ND)) / 2
    return Pairs(sim_NN.diagonal().clone(), sim_NN[other], float(alignment(x_ND, y_ND)), float(spread))


def different_pictures(original_ND: Tensor, centre_D: Tensor) -> Tensor:
    """Similarities (P,) of all P = N (N - 1) / 2 pairs of different originals: what no relation looks like."""
    unit_ND = F.normalize(original_ND - centre_D, dim=1)
    row, column = torch.triu_indices(len(unit_ND), len(unit_ND), offset=1)
    return (unit_ND @ unit_ND.T)[row, column].clamp(-1, 1)


def similarity(x_ND: Tensor, y_ND: Tensor, centre_D: Tensor) -> Tensor:
    """Cosine similarities (N,) of the rows after `centre_D` is taken away; 0 where a vector has no length."""
    return (F.normalize(x_ND - centre_D, dim=1) * F.normalize(y_ND - centre_D, dim=1)).sum(dim=1).clamp(-1, 1)


def centre_of(original_ND: Tensor, centred: bool) -> Tensor:
    """The mean (D,) of the originals, or zeros; raises DataError for an encoder to which all of them are one point."""
    if not centred:
        return torch.zeros_like(original_ND[0])
    centre_D = original_ND.mean(dim=0)
    if float((original_ND - centre_D).abs().max()) <= _COLLAPSED * float(original_ND.abs().max()):
        raise DataError(
            "The encoder gives every picture the same features: it has collapsed.",
            "Choose another checkpoint, or compare without centring.",
        )
    return centre_D


def standard_error(values_N: Tensor) -> float:
    """Of the mean of N >= 2 values."""
    return float(values_N.std(correction=1)) / math.sqrt(len(values_N))


def _mean(values_N: Tensor) -> float:
    return float(values_N.mean())


def _part(progress: Progress, number: int, of: int, words: str) -> Progress:
    """Progress of one of several portions of equal size."""
    return lambda share, _words: progress((number + share) / of, words)
