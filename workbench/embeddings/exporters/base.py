"""The exporter contract: the chosen rows of a set, written to a path."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, ClassVar, Literal

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from workbench.data.base import Progress
from workbench.runs.embedding_set import EmbeddingSet, Layout, row_blocks

ID, LABEL, TEXT = "id", "label", "text"


@dataclass(frozen=True)
class Chosen:
    """What is to be written.

    rows : int64 (M,), row numbers in the order of the output; None for all of them
    layouts : the layouts to write, by name
    """

    opened: EmbeddingSet
    rows: NDArray[np.int64] | None
    layouts: dict[str, Layout]

    def __len__(self) -> int:
        return len(self.opened) if self.rows is None else len(self.rows)

    @property
    def numbers(self) -> NDArray[np.int64]:
        """The row numbers, int64 (M,)."""
        return np.arange(len(self.opened)) if self.rows is None else self.rows

    @cached_property
    def samples(self) -> pa.Table:
        """The table of the M rows, with row numbers as `id` where it has none."""
        table = self.opened.samples
        if ID not in table.column_names:
            table = table.add_column(0, ID, pa.array(np.arange(len(self.opened))).cast(pa.string()))
        return table if self.rows is None else table.take(pa.array(self.rows))

    def only(self, keep: NDArray[np.bool_]) -> Chosen:
        """The rows among these where `keep` (M,) is true."""
        return self if keep.all() else Chosen(self.opened, self.numbers[keep], self.layouts)

    def take(self, array: NDArray[Any], part: slice) -> NDArray[Any]:
        """The part of the M rows out of an array of all N."""
        return np.asarray(array[part] if self.rows is None else array[self.rows[part]])

    def blocks(self, values_per_row: int, progress: Progress, words: str) -> Iterator[slice]:
        """Slices over the M rows, each small enough for memory and for Cancel to be felt."""
        for part in row_blocks(len(self), max(values_per_row, 1024)):
            progress(part.start / len(self), words)
            yield part


@dataclass
class Told:
    """What an exporter has to say of its work.

    left_out : rows that are not in the file
    notes : sentences about what is not as it was in the set
    """

    left_out: int = 0
    notes: list[str] = field(default_factory=list)

    def note(self, count: int, one: str, many: str) -> None:
        """A sentence about `count` things, where there are any; `many` has their number as {}."""
        if count:
            self.notes.append(one if count == 1 else many.format(f"{count:,}"))


class Exporter(ABC):
    """One format.

    layouts : which layouts the format holds: none, one, or as many as there are
    needs_layout : whether it is nothing without a layout
    folder : whether it writes a folder, not a file
    """

    id: ClassVar[str]
    title: ClassVar[str]
    layouts: ClassVar[Literal["none", "one", "all"]]
    needs_layout: ClassVar[bool] = False
    folder: ClassVar[bool] = False

    @abstractmethod
    def write(self, chosen: Chosen, draft: Path, progress: Progress) -> Told:
        """Write to `draft`: a file that is not there yet, or an empty folder.

        Raises DataError where nothing would be left to write, OSError, and what `progress` raises.
        """
