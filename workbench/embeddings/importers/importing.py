"""From a file of vectors to an embedding set, in blocks; and what a file would be read as."""

from __future__ import annotations

import errno
import math
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.lib import format as npy
from numpy.typing import NDArray

from workbench.core.errors import DataError
from workbench.core.files import atomic_folder
from workbench.core.units import format_bytes
from workbench.data.base import Progress, no_progress
from workbench.embeddings.importers.base import AmbiguousVectors, Block, Format, Source, Wishes
from workbench.embeddings.importers.naming import duplicates, samples_table
from workbench.embeddings.importers.table import IMPORTERS, chosen_format, open_source
from workbench.runs.embedding_meta import SetMeta
from workbench.runs.embedding_set import row_blocks, write_beside_vectors


@dataclass(frozen=True)
class Imported:
    """What became of a file.

    folder : the embedding set
    rows, width : N and D
    notes : sentences on what was guessed, counted or left out
    set_aside : int64 (M,), the rows with NaN or infinite values: kept, without neighbours and place
    """

    folder: Path
    format: Format
    rows: int
    width: int
    notes: tuple[str, ...]
    set_aside: NDArray[np.int64]


@dataclass(frozen=True)
class Described:
    """What a file would be read as, from its headers and first lines.

    rows : N; an estimate unless `exact`
    width : D; 0 where `choices` has to be asked first
    columns : what the file says of each row besides
    choices : what `Wishes.vector` may name
    size : bytes that the set's vectors will take
    """

    format: Format
    title: str
    rows: int
    exact: bool
    width: int
    columns: tuple[str, ...]
    choices: tuple[str, ...]
    size: int
    notes: tuple[str, ...]


def describe_vectors(path: Path, wishes: Wishes | None = None) -> Described:
    """Look at a file without reading it whole; raises DataError as `import_vectors` does."""
    wishes = wishes or Wishes()
    format_ = chosen_format(path, wishes)
    title = IMPORTERS[format_].title
    try:
        source = open_source(path, wishes)
    except AmbiguousVectors as error:
        return Described(format_, title, 0, False, 0, (), error.choices, 0, (error.message,))
    size = _size(source)
    told = (source.rows, source.exact, source.width, source.columns, source.choices, size, tuple(source.notes))
    return Described(format_, title, *told)


def import_vectors(path: Path, out: Path, wishes: Wishes | None = None, progress: Progress = no_progress) -> Imported:
    """Read a file of vectors and write it as the embedding set `out`, which must not exist.

    Float16 stays, all other numbers become float32. Rows that are not finite and rows of zeros are kept, so that every
    row stands where it stood in the file.

    Raises
    ------
    DataError : the file cannot be read, or the set does not fit on the disk; nothing is left behind
    what `progress` raises, between blocks
    """
    wishes = wishes or Wishes()
    if out.exists() and not (out.is_dir() and not any(out.iterdir())):
        raise DataError(f"{out} exists already.", "Name another folder for the set.")
    source = open_source(path, wishes)
    _check_disk(out, source)
    try:
        with atomic_folder(out) as draft:
            return _fill(draft, out, path, source, wishes, progress)
    except OSError as error:
        if error.errno != errno.ENOSPC:
            raise DataError(
                f"Importing {path} to {out} failed: {error.strerror or error}.", "Choose another place."
            ) from error
        size = format_bytes(_size(source))
        raise DataError(
            f"The disk is full; the vectors of {path} need {size}.", "Make room and import again."
        ) from error


def _fill(draft: Path, out: Path, path: Path, source: Source, wishes: Wishes, progress: Progress) -> Imported:
    tally = _Tally()
    table = _write_vectors(draft / "vectors.npy", source, path, tally, progress)
    progress(1.0, "Writing the table")
    samples = samples_table(table, tally.rows, wishes, source.untyped)
    thumbnails = source.thumbnails() if source.thumbnails else None
    thumbnails = thumbnails[: tally.rows] if thumbnails is not None else None
    metric = source.metric or "cosine" if wishes.metric == "auto" else wishes.metric
    name = str(path.resolve()) if path.exists() else path.name
    write_beside_vectors(draft, samples, thumbnails, SetMeta(title=path.stem or path.name, source=name, metric=metric))
    notes = (*source.notes, *tally.notes(), *_table_notes(samples, wishes, tally.rows))
    set_aside = np.concatenate([np.empty(0, np.int64), *tally.set_aside])
    return Imported(out, source.format, tally.rows, source.width, notes, set_aside)


@dataclass
class _Tally:
    """What was met along the rows."""

    rows: int = 0
    zeros: int = 0
    replaced: int = 0
    set_aside: list[NDArray[np.int64]] = field(default_factory=list)

    def add(self, vectors: NDArray[Any]) -> None:
        finite = np.isfinite(vectors).all(axis=1)
        self.set_aside.append(np.flatnonzero(~finite) + self.rows)
        self.zeros += int(np.count_nonzero(~vectors.any(axis=1)))
        self.rows += len(vectors)

    def notes(self) -> Iterator[str]:
        """Sentences, in the order of their weight."""
        if apart := sum(len(rows) for rows in self.set_aside):
            yield f"{_rows(apart)} with NaN or infinite values set aside: kept, without neighbours and place."
        if self.zeros:
            yield f"{_rows(self.zeros)} of zeros only: kept, without neighbours under cosine."
        if self.replaced:
            texts = "1 text was" if self.replaced == 1 else f"{self.replaced} texts were"
            yield f"{texts} no UTF-8: \ufffd stands for what could not be read."


def _rows(count: int) -> str:
    return "1 row" if count == 1 else f"{count} rows"


def _table_notes(samples: pa.Table, wishes: Wishes, rows: int) -> Iterator[str]:
    surplus, example = duplicates(samples)
    if surplus:
        what = "words" if "text" in samples.column_names else "ids"
        yield f"Duplicate {what}: {surplus}, such as {example[:40]!r}; all are kept."
    if rows == 1:
        yield "The set has one row, which has no neighbours."
    if wishes.limit == rows:
        yield f"Only the first {_rows(rows)} were asked for."


def _write_vectors(path: Path, source: Source, origin: Path, tally: _Tally, progress: Progress) -> pa.Table:
    """Write the blocks one after another below a header that is written again when their number is known."""
    chunks: dict[str, list[pa.Array]] = {name: [] for name in source.columns}
    with open(path, "wb") as stream:
        _write_header(stream, 0, source)
        for block in source.blocks():
            for rows in row_blocks(len(block.vectors), source.width):
                _write_rows(stream, block.vectors[rows], source, tally)
                progress(min(0.99, tally.rows / source.rows), f"Reading {origin.name}")
            _keep_columns(chunks, block)
            tally.replaced += block.replaced
        if not tally.rows:
            raise DataError(f"{origin} has no row.", "Write it again with at least one vector.")
        stream.seek(0)
        _write_header(stream, tally.rows, source)
    return pa.table({name: pa.chunked_array(parts) for name, parts in chunks.items()})


def _write_header(stream: Any, rows: int, source: Source) -> None:
    """The header of an array (rows, D); numpy leaves room for the first axis to grow, so its length stays."""
    descr = npy.dtype_to_descr(source.dtype)
    npy.write_array_header_1_0(stream, {"descr": descr, "fortran_order": False, "shape": (rows, source.width)})


def _write_rows(stream: Any, vectors: NDArray[Any], source: Source, tally: _Tally) -> None:
    with np.errstate(over="ignore", invalid="ignore"):  # what float32 cannot hold becomes infinite and is set aside
        stored = np.ascontiguousarray(vectors, dtype=source.dtype)
    tally.add(stored)
    stream.write(stored.data)


def _keep_columns(chunks: dict[str, list[pa.Array]], block: Block) -> None:
    for name, values in block.columns.items():
        chunks[name].append(values)


def _size(source: Source) -> int:
    return source.rows * source.width * source.dtype.itemsize


def _check_disk(out: Path, source: Source) -> None:
    """Raise DataError where the vectors will not fit beside what lies on the disk."""
    place = next((folder for folder in out.resolve().parents if folder.exists()), Path.cwd())
    free, size = shutil.disk_usage(place).free, _size(source)
    if size > free:
        about = "" if source.exact else "about "
        fitting = math.floor(free * 0.9 / (source.width * source.dtype.itemsize))
        raise DataError(
            f"The set would need {about}{format_bytes(size)} for {source.rows} vectors of {source.width} numbers; "
            f"{format_bytes(free)} are free in {place}.",
            "Name a folder on another disk" + (f", or read fewer rows: limit={fitting}." if fitting else "."),
        )
