"""Embedding sets: one folder format for everything that can be explored.

    vectors.npy         (N, D) float16 or float32, memory-mapped
    samples.parquet     one row a vector: `id`, `label`, `split` and any metadata
    thumbnails.npy      (N, h, w, 3) uint8, optional
    neighbours.npy      (N,) records of `index` (k,) int64 and `distance` (k,) float32, optional
    layout_<name>.npy   (N, 2) or (N, 3) float32; trust_<name>.npy beside it is (N,) float32
    meta.json           `SetMeta`

A vector that is not finite keeps its row, so that every file stays aligned; it has no neighbours and no place in a
layout. Nothing here is ever unpickled.
"""

from __future__ import annotations

import io
import re
import threading
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from workbench.core.errors import DataError, RunError, unknown
from workbench.core.files import atomic_folder, write_atomic
from workbench.runs.embedding_columns import Categorical, Continuous, coloured
from workbench.runs.embedding_meta import (
    LayoutInfo,
    SetMeta,
    read_meta,
    record_layout,
    record_neighbours,
    write_meta,
)

_BLOCK_VALUES = 2**24
_LAYOUT_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,63}")
_meta_lock = threading.Lock()


@dataclass(frozen=True)
class Neighbours:
    """The nearest others of each point, nearest first.

    index : int64 (N, k), row numbers; -1 where there are no more
    distance : float32 (N, k), cosine distance in [0, 2] or Euclidean; +inf where there are no more
    """

    index: NDArray[np.int64]
    distance: NDArray[np.float32]


@dataclass(frozen=True)
class Layout:
    """Places in the plane or in space.

    xy : float32 (N, 2) or (N, 3); NaN for a point without a place
    trust : float32 (N,), share of true neighbours kept, NaN where undefined; None where it was not stored
    info : how it was made; None where meta.json does not say
    """

    xy: NDArray[np.float32]
    trust: NDArray[np.float32] | None
    info: LayoutInfo | None


@dataclass(frozen=True, eq=False)
class EmbeddingSet:
    """An opened set; arrays are read when asked for.

    missing : sentences about files that are absent or damaged and were left out
    """

    folder: Path
    vectors: NDArray[np.floating[Any]]
    meta: SetMeta
    thumbnails: NDArray[np.uint8] | None
    missing: tuple[str, ...] = ()
    _layouts: tuple[str, ...] = field(default=(), repr=False)
    _described: bool = field(default=False, repr=False)

    @classmethod
    def open(cls, folder: Path) -> EmbeddingSet:
        """Open a set as far as it can be read.

        Raises RunError when the vectors are missing or damaged, or when another file has rows for other points.
        """
        vectors = _open_vectors(folder)
        rows = len(vectors)
        missing: list[str] = []
        meta = read_meta(folder, missing)
        described = _has_samples(folder, rows, missing)
        thumbnails = _open_thumbnails(folder, rows, meta.thumbnails, missing)
        layouts = _whole_layouts(folder, rows, missing)
        return cls(folder, vectors, meta, thumbnails, tuple(missing), layouts, described)

    def __len__(self) -> int:
        return len(self.vectors)

    @cached_property
    def samples(self) -> pa.Table:
        """One row a vector; only `id` (the row's number) where samples.parquet is listed in `missing`.

        Raises RunError when the file proves damaged only now.
        """
        path = self.folder / "samples.parquet"
        if not self._described:
            return pa.table({"id": [str(row) for row in range(len(self))]})
        try:
            return pq.read_table(path)
        except (OSError, pa.ArrowException) as error:
            raise RunError(f"{path} is damaged: {error}.", "Delete it to open the set without labels.") from error

    @cached_property
    def unusable_rows(self) -> int:
        """How many vectors hold NaN or infinity."""
        return int(len(self) - np.count_nonzero(finite_rows(self.vectors)))

    def layouts(self) -> tuple[str, ...]:
        """The names of the layouts that can be read, in alphabetical order."""
        return self._layouts

    def layout(self, name: str) -> Layout:
        """One layout; raises RunError that lists those there are."""
        if name not in self._layouts:
            raise RunError(unknown("layout", name, self._layouts), "Project the embedding first.")
        xy = np.load(self.folder / f"layout_{name}.npy", allow_pickle=False).astype(np.float32, copy=False)
        return Layout(xy, self._trust(name), self.meta.layouts.get(name))

    def _trust(self, name: str) -> NDArray[np.float32] | None:
        path = self.folder / f"trust_{name}.npy"
        if not path.exists():
            return None
        trust = _open_array(path)
        if trust.shape != (len(self),):
            raise RunError(f"{path} has shape {trust.shape}, where ({len(self)},) is needed.", "Project again.")
        return np.asarray(trust, dtype=np.float32)

    def neighbours(self) -> Neighbours | None:
        """The stored neighbours in `meta.metric`; None where they were not computed yet.

        Raises RunError when the file is damaged.
        """
        path = self.folder / "neighbours.npy"
        if not path.exists():
            return None
        records = _open_array(path)
        if records.shape != (len(self),) or records.dtype.names != ("index", "distance"):
            raise RunError(
                f"{path} holds {records.shape} {records.dtype}, not neighbours of {len(self)} points.",
                "Delete the file; the next projection writes it again.",
            )
        return Neighbours(records["index"], records["distance"])

    def column(self, name: str) -> Categorical | Continuous:
        """A metadata column as colours need it; raises RunError that lists the columns there are."""
        if name not in self.samples.column_names:
            raise RunError(unknown("column", name, self.samples.column_names))
        return coloured(self.samples.column(name).combine_chunks())


def finite_rows(vectors: NDArray[Any]) -> NDArray[np.bool_]:
    """Which rows of (N, D) hold only finite numbers, bool (N,); reads a memory-mapped array in blocks."""
    finite = np.empty(len(vectors), dtype=np.bool_)
    for rows in row_blocks(len(vectors), vectors.shape[1]):
        np.isfinite(vectors[rows]).all(axis=1, out=finite[rows])
    return finite


def row_blocks(rows: int, values_per_row: int) -> list[slice]:
    """Slices over `rows` rows, each of at most 16 million values (and at least one row)."""
    size = max(1, _BLOCK_VALUES // max(1, values_per_row))
    return [slice(start, min(start + size, rows)) for start in range(0, rows, size)]


def write_embedding_set(
    folder: Path,
    vectors: NDArray[Any],
    samples: pa.Table,
    thumbnails: NDArray[np.uint8] | None = None,
    meta: SetMeta | None = None,
) -> None:
    """Write a new set; an existing one of that name is replaced as a whole.

    Parameters
    ----------
    vectors : (N, D), stored as float16 when given so, else as float32
    samples : N rows with a column `id`
    thumbnails : (N, h, w, 3) uint8
    meta : `thumbnails`, and `created` when empty, are filled in; layouts are added later

    Raises
    ------
    DataError : there is no vector, or the parts do not belong to the same points
    OSError : the disk is full or not writable; nothing is left behind
    """
    _check_parts(vectors, samples, thumbnails)
    meta = meta or SetMeta()
    dtype = np.float16 if vectors.dtype == np.float16 else np.float32
    with atomic_folder(folder) as draft:
        np.save(draft / "vectors.npy", np.ascontiguousarray(vectors, dtype=dtype), allow_pickle=False)
        write_beside_vectors(draft, samples, thumbnails, meta)


def write_beside_vectors(draft: Path, samples: pa.Table, thumbnails: NDArray[np.uint8] | None, meta: SetMeta) -> None:
    """Complete a draft whose vectors.npy was written by someone who could not hold it in memory.

    Raises as `write_embedding_set` does.
    """
    _check_parts(_open_vectors(draft), samples, thumbnails)
    pq.write_table(samples, draft / "samples.parquet")
    if thumbnails is not None:
        np.save(draft / "thumbnails.npy", np.ascontiguousarray(thumbnails), allow_pickle=False)
    created = meta.created or datetime.now(UTC).isoformat(timespec="seconds")
    write_meta(draft, meta.replace(created=created, thumbnails=thumbnails is not None, layouts={}))


def add_layout(folder: Path, name: str, xy: NDArray[np.float32], trust: NDArray[np.float32], info: LayoutInfo) -> None:
    """Store a layout, (N, 2) or (N, 3), and its trust (N,) in place of one of that name (small letters, digits, - _).

    Raises ValueError for a name or shapes that do not fit, OSError when it cannot be written.
    """
    if not _LAYOUT_NAME.fullmatch(name):
        raise ValueError(f"{name!r} is not a layout's name: use small letters, digits, - and _.")
    rows = len(_open_vectors(folder))
    if xy.shape not in _layout_shapes(rows) or trust.shape != (rows,):
        raise ValueError(f"A layout of {rows} points needs ({rows}, 2) and ({rows},), not {xy.shape}, {trust.shape}.")
    _save_atomic(folder / f"trust_{name}.npy", trust.astype(np.float32))
    _save_atomic(folder / f"layout_{name}.npy", xy.astype(np.float32))
    with _meta_lock:
        record_layout(folder, name, info)


def store_neighbours(folder: Path, neighbours: Neighbours, approximate: str = "") -> None:
    """Store the neighbours, told in the set's metric, as one file that is whole or absent.

    approximate : in words, how far they are approximate; "" for exact ones
    """
    rows, k = neighbours.index.shape
    records = np.empty(rows, dtype=[("index", np.int64, (k,)), ("distance", np.float32, (k,))])
    records["index"], records["distance"] = neighbours.index, neighbours.distance
    # Whatever happens in between, approximate neighbours are never taken for exact ones.
    if approximate:
        _record_neighbours(folder, approximate)
    _save_atomic(folder / "neighbours.npy", records)
    if not approximate:
        _record_neighbours(folder, "")


def _record_neighbours(folder: Path, approximate: str) -> None:
    with _meta_lock:
        record_neighbours(folder, approximate)


def _layout_shapes(rows: int) -> tuple[tuple[int, int], ...]:
    return (rows, 2), (rows, 3)


def _open_array(path: Path) -> NDArray[Any]:
    try:
        array = np.load(path, mmap_mode="r", allow_pickle=False)
    except FileNotFoundError:
        raise RunError(f"{path} is missing.", "Write the embedding again.") from None
    except (OSError, ValueError, EOFError) as error:
        raise RunError(f"{path} is damaged: {error}.", "Write it again.") from error
    if not isinstance(array, np.ndarray):
        raise RunError(f"{path} is an archive of arrays, not one array.", "Write it again.")
    return array


def _open_vectors(folder: Path) -> NDArray[np.floating[Any]]:
    if not folder.is_dir():
        raise RunError(f"There is no embedding set at {folder}.")
    vectors = _open_array(folder / "vectors.npy")
    if vectors.ndim != 2 or vectors.dtype.kind != "f":
        found = f"{vectors.dtype} of shape {vectors.shape}"
        raise RunError(f"{folder / 'vectors.npy'} holds {found}, where floats of shape (N, D) are needed.")
    return vectors


def _open_thumbnails(folder: Path, rows: int, expected: bool, missing: list[str]) -> NDArray[np.uint8] | None:
    path = folder / "thumbnails.npy"
    if not path.exists():
        if expected:
            missing.append("thumbnails.npy is absent: points are shown without pictures.")
        return None
    try:
        thumbnails = _open_array(path)
    except RunError as error:
        missing.append(error.message)
        return None
    if thumbnails.ndim != 4 or thumbnails.shape[0] != rows or thumbnails.shape[3] != 3 or thumbnails.dtype != np.uint8:
        found = f"{thumbnails.dtype} of shape {thumbnails.shape}"
        raise RunError(f"{path} holds {found}, where uint8 of shape ({rows}, h, w, 3) is needed.", "Delete the file.")
    return thumbnails


def _has_samples(folder: Path, rows: int, missing: list[str]) -> bool:
    path = folder / "samples.parquet"
    try:
        found = pq.read_metadata(path).num_rows
    except FileNotFoundError:
        missing.append("samples.parquet is absent: points have no labels.")
        return False
    except (OSError, pa.ArrowException) as error:
        missing.append(f"samples.parquet is damaged ({error}): points have no labels.")
        return False
    if found != rows:
        raise RunError(f"{path} has {found} rows for {rows} vectors.", "Delete the file to open the set without it.")
    return True


def _whole_layouts(folder: Path, rows: int, missing: list[str]) -> tuple[str, ...]:
    names = []
    for path in folder.glob("layout_*.npy"):
        try:
            shape = _open_array(path).shape
        except RunError as error:
            missing.append(error.message)
            continue
        if shape in _layout_shapes(rows):
            names.append(path.stem.removeprefix("layout_"))
        else:
            missing.append(f"{path.name} has shape {shape}, where ({rows}, 2) is needed.")
    return tuple(sorted(names))


def _save_atomic(path: Path, array: NDArray[Any]) -> None:
    buffer = io.BytesIO()
    np.save(buffer, array, allow_pickle=False)
    write_atomic(path, buffer.getvalue())


def _check_parts(vectors: NDArray[Any], samples: pa.Table, thumbnails: NDArray[np.uint8] | None) -> None:
    if vectors.ndim != 2 or 0 in vectors.shape:
        raise DataError(f"Vectors of shape {vectors.shape} are no embedding: (N, D) with N and D above 0 is needed.")
    if samples.num_rows != len(vectors) or "id" not in samples.column_names:
        described = f"{samples.num_rows} rows with the columns {', '.join(samples.column_names) or 'none'}"
        raise DataError(f"A table of {described} does not describe {len(vectors)} vectors: one row and an id each.")
    if thumbnails is not None and (thumbnails.shape[::3] != (len(vectors), 3) or thumbnails.dtype != np.uint8):
        found = f"{thumbnails.dtype} of shape {thumbnails.shape}"
        raise DataError(f"Thumbnails are {found}, where uint8 of shape ({len(vectors)}, h, w, 3) is needed.")
