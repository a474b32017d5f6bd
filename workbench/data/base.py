"""The data set contract: a few facts, a length, and whole batches of arrays."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from workbench.core.model import Model
from workbench.plugins.specs import DatasetSpec

Progress = Callable[[float, str], None]
"""Called with the done share in [0, 1] and a few words; raises Cancelled to stop the work."""


def no_progress(share: float, words: str) -> None:
    """For callers that do not watch."""


@dataclass(frozen=True)
class Skipped:
    """A sample that could not be read: where it is and why."""

    path: str
    reason: str


@dataclass(frozen=True)
class DataInfo:
    """What is known of a loaded split.

    fields : name -> shape of one sample's array: {"image": (3, 32, 32)}; -1 for a length that varies
    classes : class names by label; empty without labels
    skipped : samples that could not be read
    """

    title: str
    modality: str
    samples: int
    fields: Mapping[str, tuple[int, ...]]
    classes: tuple[str, ...] = ()
    splits: tuple[str, ...] = ()
    licence: str = ""
    source: str = ""
    skipped: tuple[Skipped, ...] = ()

    def as_json(self) -> dict[str, Any]:
        """Plain containers for the wire and for events; at most 100 skipped samples are listed, all are counted."""
        listed = [{"path": item.path, "reason": item.reason} for item in self.skipped[:100]]
        return {
            "title": self.title,
            "modality": self.modality,
            "samples": self.samples,
            "fields": {name: list(shape) for name, shape in self.fields.items()},
            "classes": list(self.classes),
            "splits": list(self.splits),
            "licence": self.licence,
            "source": self.source,
            "skipped": listed,
            "skipped_count": len(self.skipped),
        }


@dataclass(frozen=True)
class Samples:
    """A batch as it comes from a data set, before any view.

    fields : name -> array with one row a sample: "image" is uint8 (N, C, H, W) with C 1 or 3; later "tokens", "audio"
    labels : int64 (N,), -1 where unknown; None for a set without labels
    index : int64 (N,), positions in the data set
    """

    fields: Mapping[str, NDArray[Any]]
    labels: NDArray[np.int64] | None
    index: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.index)


class Dataset(ABC):
    """One split of a data set."""

    info: DataInfo

    def __len__(self) -> int:
        return self.info.samples

    @property
    @abstractmethod
    def labels(self) -> NDArray[np.int64] | None:
        """All labels, int64 (N,), -1 where unknown; None for a set without labels."""

    @abstractmethod
    def batch(self, index: NDArray[np.int64]) -> Samples:
        """The samples at these positions, in this order."""

    @abstractmethod
    def table(self) -> pa.Table:
        """One row a sample: `id`, `label` (class name, null when unknown), `split`, and any metadata columns."""


@dataclass(frozen=True)
class Place:
    """Where data sets may read and write: downloads under `home/data`, decoded caches under `home/cache`."""

    home: Path


class DatasetSource(ABC):
    """A contribution that can load data: one a catalogue entry."""

    spec: ClassVar[DatasetSpec]
    Config: ClassVar[type[Model]]

    @abstractmethod
    def splits(self, config: Any, place: Place) -> tuple[str, ...]:
        """The splits there are: ("train", "test") or ("train",); cheap."""

    @abstractmethod
    def load(self, config: Any, split: str, place: Place, progress: Progress = no_progress) -> Dataset:
        """One split, decoded; raises DataError naming what is missing and where to put it, Cancelled when stopped."""

    def status(self, config: Any, place: Place) -> tuple[str, str]:
        """("ready" | "download" | "missing", a sentence about it); cheap, touches no network."""
        return "ready", ""
