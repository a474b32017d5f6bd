"""Data sets and compiled views that were asked for lately, so that a slider's move loads nothing twice."""

from __future__ import annotations

import json
from collections import OrderedDict
from collections.abc import Callable, Sequence
from typing import TypeVar

from workbench.data.base import Dataset, Progress
from workbench.data.loading import load
from workbench.data.statistics import channel_statistics
from workbench.engine.experiment import image_shape, place, split_names
from workbench.recipes.models import Choice, Views
from workbench.views.pipeline import ViewPipeline, compile_views

KeptT = TypeVar("KeptT")


class Shelf:
    """Keeps the last few of what was loaded; not thread-safe, the lab answers one request at a time."""

    def __init__(self, data_sets: int = 4, pipelines: int = 32) -> None:
        self._data: OrderedDict[str, Dataset] = OrderedDict()
        self._names: OrderedDict[str, str] = OrderedDict()
        self._statistics: OrderedDict[str, tuple[Sequence[float], Sequence[float]]] = OrderedDict()
        self._pipelines: OrderedDict[str, ViewPipeline] = OrderedDict()
        self._data_sets, self._kept_pipelines = data_sets, pipelines

    def split(self, choice: Choice, split: str, progress: Progress) -> Dataset:
        """A split of a data set, loaded at most once while it stays in use."""
        key = _key(choice.model_dump(), split)
        return _keep(self._data, key, self._data_sets, lambda: load(choice, split, place(), progress))

    def train_split(self, choice: Choice, progress: Progress) -> Dataset:
        """The split that is learned from."""
        # To name the splits an importer may have to read its files, which a slider's move cannot wait for.
        name = _keep(self._names, _key(choice.model_dump()), 16, lambda: split_names(choice)[0])
        return self.split(choice, name, progress)

    def pipeline(self, data: Choice, views: Views, progress: Progress) -> ViewPipeline:
        """The views compiled for this data."""
        key = _key(data.model_dump(), views.model_dump())
        return _keep(self._pipelines, key, self._kept_pipelines, lambda: self.compiled(data, views, progress))

    def compiled(self, data: Choice, views: Views, progress: Progress) -> ViewPipeline:
        """The views compiled for this data, to be used once."""
        train = self.train_split(data, progress)
        key = _key(data.model_dump(), "statistics")
        mean, std = _keep(self._statistics, key, 16, lambda: channel_statistics(train))
        return compile_views(views, *image_shape(train), mean, std)

    def forget(self) -> None:
        """Drop everything: the files may have changed."""
        self._data.clear()
        self._names.clear()
        self._statistics.clear()
        self._pipelines.clear()


SHELF = Shelf()
"""What this process keeps."""


def _keep(kept: OrderedDict[str, KeptT], key: str, limit: int, make: Callable[[], KeptT]) -> KeptT:
    if key not in kept:
        kept[key] = make()
    kept.move_to_end(key)
    while len(kept) > limit:
        kept.popitem(last=False)
    return kept[key]


def _key(*parts: object) -> str:
    return json.dumps(parts, sort_keys=True, default=str)
