"""A split whose images are one array, in memory or memory-mapped."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from workbench.data.base import DataInfo, Dataset, Samples, Skipped
from workbench.plugins.specs import DatasetSpec

_OWN_COLUMNS = ("id", "label", "split")


@dataclass(frozen=True)
class Facts:
    """What a loader knows of a split beyond its arrays.

    title : shown for the set; the catalogue's title where empty
    """

    split: str
    splits: tuple[str, ...]
    classes: tuple[str, ...] = ()
    skipped: tuple[Skipped, ...] = ()
    title: str = ""
    source: str = ""


class ArrayDataset(Dataset):
    """One split held as arrays.

    Parameters
    ----------
    images : uint8 (N, C, H, W) with C 1 or 3; a memory map stays one
    labels : int64 (N,) with -1 where unknown, or None
    ids : N texts, unique in the set
    columns : metadata, name -> N values; a name that the table needs itself gets a trailing underscore
    """

    def __init__(
        self,
        images: NDArray[np.uint8],
        labels: NDArray[np.int64] | None,
        ids: Sequence[str],
        spec: DatasetSpec,
        facts: Facts,
        columns: Mapping[str, Any] | None = None,
    ) -> None:
        # The plain view of a memory map: indexing it gives plain arrays.
        self._images = np.asarray(images)
        self._labels = None if labels is None else np.ascontiguousarray(labels, dtype=np.int64)
        self._ids = ids
        self._split = facts.split
        self._columns = dict(columns or {})
        self.info = DataInfo(
            title=facts.title or spec.title,
            modality=spec.modality,
            samples=len(images),
            fields={"image": tuple(images.shape[1:])},
            classes=facts.classes if labels is not None else (),
            splits=facts.splits,
            licence=spec.licence,
            source=facts.source or spec.source,
            skipped=facts.skipped,
        )

    @property
    def labels(self) -> NDArray[np.int64] | None:
        return self._labels

    def batch(self, index: NDArray[np.int64]) -> Samples:
        labels = None if self._labels is None else self._labels[index]
        return Samples({"image": self._images[index]}, labels, np.asarray(index, dtype=np.int64))

    def table(self) -> pa.Table:
        columns: dict[str, Any] = {
            "id": pa.array(self._ids, pa.string()),
            "label": self._label_names(),
            "split": pa.array([self._split] * len(self), pa.string()),
        }
        for name, values in self._columns.items():
            columns[_free(name, columns)] = values
        return pa.table(columns)

    def _label_names(self) -> pa.Array:
        if self._labels is None:
            return pa.nulls(len(self), pa.string())
        names = np.array([*self.info.classes, None], dtype=object)
        return pa.array(names[self._labels], pa.string())


def _free(name: str, taken: Mapping[str, Any]) -> str:
    while name in taken or name in _OWN_COLUMNS:
        name += "_"
    return name
