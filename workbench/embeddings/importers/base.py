"""What an importer is: it opens a file and gives its rows in blocks, so that no file has to fit into memory.

    path --sniff--> Importer.open(path, wishes) -> Source --blocks--> importing.import_vectors -> embedding set

Opening reads headers alone. A source that is told to stop early (`Wishes.limit`) reads no further.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from workbench.core.errors import DataError
from workbench.core.model import Model, setting
from workbench.runs.embedding_meta import Metric

Format = Literal[
    "auto",
    "npy",
    "npz",
    "parquet",
    "arrow",
    "table",
    "projector",
    "words",
    "word2vec-binary",
    "safetensors",
    "faiss",
    "glove",
]

FLOAT32: np.dtype[Any] = np.dtype(np.float32)


class Wishes(Model):
    """What to read, where the file leaves a choice."""

    format: Format = setting("auto", "Format", "What the file is read as; auto looks at its content.")
    vector: str = setting(
        "",
        "Vectors",
        "The array, tensor or column that holds the vectors. For a table of numbers: its columns, separated by "
        "commas, or a pattern such as x*.",
    )
    id: str = setting("", "Id", "The column that names the rows; guessed from its name where empty.", widget="column")
    label: str = setting("", "Label", "The column of labels; guessed from its name where empty.", widget="column")
    metric: Literal["auto", "cosine", "euclidean"] = setting(
        "auto", "Metric", "The distance in which neighbours are told; auto takes the file's own, else cosine."
    )
    limit: int | None = setting(None, "Limit", "Read only so many rows from the start.", unit="rows", ge=1)


@dataclass(frozen=True)
class Block:
    """Consecutive rows.

    vectors : (B, D) numbers
    columns : what the file says of each row besides, by name, B values each
    replaced : how many texts were no UTF-8 and had characters replaced
    """

    vectors: NDArray[Any]
    columns: Mapping[str, pa.Array] = field(default_factory=dict)
    replaced: int = 0


@dataclass(frozen=True)
class Source:
    """An opened file of vectors.

    format : the importer's id
    width : D
    rows : N where `exact`, else an estimate from the file's size
    blocks : gives all rows in order; may be called once
    dtype : float16 where the file has it, else float32
    columns : the names of the columns that its blocks have
    choices : what `Wishes.vector` may name, where there is more than one
    untyped : whether columns are texts that may stand for numbers
    thumbnails : reads the pictures (N, h, w, 3) uint8 that lie in the file; None where there are none
    metric : the distance that the file itself asks for
    notes : sentences on what was guessed or left out; blocks may add to it
    """

    format: Format
    width: int
    rows: int
    blocks: Callable[[], Iterator[Block]]
    exact: bool = True
    dtype: np.dtype[Any] = FLOAT32
    columns: tuple[str, ...] = ()
    choices: tuple[str, ...] = ()
    untyped: bool = False
    thumbnails: Callable[[], NDArray[np.uint8]] | None = None
    metric: Metric | None = None
    notes: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Importer:
    """One format: its id, what it is called, and how it is opened (raises DataError)."""

    id: Format
    title: str
    open: Callable[[Path, Wishes], Source]


class AmbiguousVectors(DataError):  # noqa: N818  (a state's name)
    """The file holds several things that could be the vectors; `choices` lists them."""

    def __init__(self, path: Path, kind: str, choices: tuple[str, ...]) -> None:
        listed = ", ".join(choices[:12]) + (f" and {len(choices) - 12} more" if len(choices) > 12 else "")
        super().__init__(
            f"{path} has several {kind}s that could be the vectors: {listed}.", f"Name one: vector={choices[0]}."
        )
        self.choices = choices


def stored_dtype(dtype: np.dtype[Any]) -> np.dtype[Any]:
    """How vectors of this type are stored: float16 stays, all else becomes float32."""
    return np.dtype(np.float16) if dtype == np.float16 else FLOAT32


def whole_rows(path: Path, told: int, there: int, limit: int | None) -> int:
    """How many rows to read of a file that tells `told` rows and has room for `there` whole ones.

    Raises DataError for a file without a row, and for a truncated one unless `limit` stays within what is whole.
    """
    wanted = told if limit is None else min(told, limit)
    if wanted <= 0:
        raise DataError(f"{path} has no row.", "Write it again with at least one vector.")
    if wanted > there:
        raise truncated(path, told, there)
    return wanted


def truncated(path: Path, told: int, there: int) -> DataError:
    """The error for a file that ends before its last row."""
    way_out = "Copy the file again" + (f", or read only the whole rows: limit={there}." if there else ".")
    return DataError(f"{path} is cut off: it tells of {told} rows and holds {there} whole ones.", way_out)
