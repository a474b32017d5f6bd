"""The table of formats, and writing a set in one of them."""

from __future__ import annotations

import os
import shutil
import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from workbench.core.errors import DataError, RunError, unknown
from workbench.data.base import Progress, no_progress
from workbench.embeddings.exporters.base import Chosen, Exporter
from workbench.embeddings.exporters.npz import Npz
from workbench.embeddings.exporters.page import Page
from workbench.embeddings.exporters.parquet import Parquet
from workbench.embeddings.exporters.projector import Projector
from workbench.embeddings.exporters.word2vec import Word2Vec, Word2VecBinary
from workbench.runs.embedding_set import EmbeddingSet, Layout

EXPORTERS: dict[str, type[Exporter]] = {
    exporter.id: exporter for exporter in (Npz, Parquet, Word2Vec, Word2VecBinary, Projector, Page)
}


@dataclass(frozen=True)
class Exported:
    """What was written.

    rows : how many of the rows asked for are in it
    left_out : how many are not
    size_bytes : of the file, or of all files in the folder
    layout : the layouts it holds, by name
    notes : sentences about what is not as it was in the set
    """

    out: Path
    rows: int
    left_out: int
    size_bytes: int
    layouts: tuple[str, ...]
    notes: tuple[str, ...]


def export_set(
    folder: Path,
    format: str,
    out: Path,
    layout: str | None = None,
    rows: Sequence[int] | NDArray[np.int64] | None = None,
    progress: Progress = no_progress,
) -> Exported:
    """Write a set, or some rows of it, in another program's format.

    Parameters
    ----------
    folder : of the embedding set
    format : a key of `EXPORTERS`
    out : the file, or the folder where the format is one; it must not be there yet
    layout : for formats that hold one; None takes the only one there is, and for npz all of them
    rows : row numbers in the order of the output; None for all

    Raises
    ------
    DataError : an unknown format, a row that is not there, no row at all, `out` exists or cannot be written
    RunError : no set, no layout of that name, or several to choose from where the format is nothing without one

    and what `progress` raises. Then nothing is left at `out`.
    """
    if format not in EXPORTERS:
        raise DataError(unknown("format", format, list(EXPORTERS)))
    exporter, opened = EXPORTERS[format](), EmbeddingSet.open(folder)
    if out.exists():
        raise DataError(f"{out} exists already.", "Name another place, or delete it first.")
    layouts, notes = _layouts(opened, exporter, layout)
    chosen = Chosen(opened, _checked(rows, len(opened)), layouts)
    try:
        with _draft(out, exporter.folder) as draft:
            told = exporter.write(chosen, draft, progress)
            size = _size(draft)
    except (OSError, pa.ArrowException) as error:
        reason = getattr(error, "strerror", None) or str(error).rstrip(".")
        raise DataError(f"{out} cannot be written: {reason}.", "Choose another place or make room there.") from error
    progress(1.0, "Exported")
    return Exported(out, len(chosen) - told.left_out, told.left_out, size, tuple(layouts), (*notes, *told.notes))


def _checked(rows: Sequence[int] | NDArray[np.int64] | None, count: int) -> NDArray[np.int64] | None:
    if rows is None:
        return None
    numbers = np.asarray(rows, dtype=np.int64)
    if not len(numbers):
        raise DataError("There is no row to export: the list of rows is empty.", "Name at least one row.")
    wrong = numbers[(numbers < 0) | (numbers >= count)]
    if len(wrong):
        raise DataError(f"There is no row {wrong[0]}.", f"The set has rows 0 to {count - 1}.")
    return numbers


def _layouts(opened: EmbeddingSet, exporter: Exporter, name: str | None) -> tuple[dict[str, Layout], list[str]]:
    """The layouts that go into the file, and what is to be said about that."""
    there = opened.layouts()
    if exporter.layouts == "none":
        return {}, [f"{exporter.title} holds no layout; {name} is left out."] if name else []
    if name is not None:
        return {name: opened.layout(name)}, []
    if exporter.layouts == "all" or len(there) == 1:
        return {each: opened.layout(each) for each in there}, []
    if exporter.needs_layout:
        words = f"has several layouts: {', '.join(there)}" if there else "has no layout"
        hint = "Name one of them." if there else "Project it first."
        raise RunError(f"The set {opened.folder.name} {words}; a map is drawn of one.", hint)
    return {}, [f"No layout is in the file: there are several, {', '.join(there)}."] if there else []


@contextmanager
def _draft(out: Path, folder: bool) -> Iterator[Path]:
    """A place beside `out` that gets its name at the end; on an error nothing is left there."""
    out.parent.mkdir(parents=True, exist_ok=True)
    draft = out.with_name(f".{out.name}.{uuid.uuid4().hex[:8]}.part")
    try:
        if folder:
            draft.mkdir()
        yield draft
        os.replace(draft, out)
    except BaseException:
        if folder:
            shutil.rmtree(draft, ignore_errors=True)
        else:
            draft.unlink(missing_ok=True)
        raise


def _size(path: Path) -> int:
    files = [file for file in path.rglob("*") if file.is_file()] if path.is_dir() else [path]
    return sum(file.stat().st_size for file in files)
