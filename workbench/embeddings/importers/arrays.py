"""numpy's .npy and .npz: a 2-D array of numbers, and in an archive what lies beside it.

In an archive, arrays of length N become columns, and (N, h, w, 3) uint8 become thumbnails. Archives are read as a
stream, so a compressed one larger than memory is no obstacle.
"""

from __future__ import annotations

import math
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import IO, Any

import numpy as np
import psutil
import pyarrow as pa
from numpy.lib import format as npy
from numpy.typing import NDArray

from workbench.core.errors import DataError, unknown
from workbench.core.units import format_bytes
from workbench.embeddings.importers.base import AmbiguousVectors, Block, Source, Wishes, stored_dtype, whole_rows
from workbench.runs.embedding_set import row_blocks

USUAL_NAMES = ("vectors", "embeddings", "embedding", "features")
NO_OBJECTS = "Save plain numbers and texts; Python objects are never loaded."


@dataclass(frozen=True)
class Header:
    """What an array's header says; `offset` is where its values begin in the stream."""

    shape: tuple[int, ...]
    fortran: bool
    dtype: np.dtype[Any]
    offset: int

    @property
    def holds_vectors(self) -> bool:
        return len(self.shape) == 2 and self.dtype.kind in "fiub"

    @property
    def holds_pictures(self) -> bool:
        return len(self.shape) == 4 and self.shape[3] == 3 and self.dtype == np.uint8

    @property
    def row_bytes(self) -> int:
        return math.prod(self.shape[1:]) * self.dtype.itemsize


def open_npy(path: Path, wishes: Wishes) -> Source:
    """A single array, mapped; raises DataError for one that is no (N, D) array of numbers, or cut off."""
    with open(path, "rb") as stream:
        header = read_header(stream, str(path))
    _check_vectors(header, str(path))
    there = (path.stat().st_size - header.offset) // max(1, header.row_bytes)
    if header.fortran:  # column by column: a file that is cut off lacks the end of every row
        whole_rows(path, header.shape[0], there, None)
    rows = whole_rows(path, header.shape[0], there, wishes.limit)
    return Source("npy", header.shape[1], rows, partial(_mapped, path, header, rows), dtype=stored_dtype(header.dtype))


def open_npz(path: Path, wishes: Wishes) -> Source:
    """The vectors of an archive and what belongs to them; raises DataError, AmbiguousVectors."""
    try:
        with zipfile.ZipFile(path) as archive:
            headers = _headers(archive, path)
            name = _vectors_in(headers, path, wishes.vector)
            chosen = headers[name]
            columns, notes = _columns_in(archive, path, headers, name)
    except zipfile.BadZipFile as error:
        raise DataError(f"{path} is a damaged archive: {error}.", "Copy the file again, or save it anew.") from error
    pictures = next((key for key, header in headers.items() if header.holds_pictures), None)
    if pictures is not None and headers[pictures].shape[0] != chosen.shape[0]:
        notes.append(f"{pictures} has {headers[pictures].shape[0]} pictures for {chosen.shape[0]} rows: left out.")
        pictures = None
    rows = whole_rows(path, chosen.shape[0], chosen.shape[0], wishes.limit)
    return Source(
        "npz",
        chosen.shape[1],
        rows,
        partial(_streamed, path, name, chosen, columns, rows),
        dtype=stored_dtype(chosen.dtype),
        columns=tuple(columns),
        choices=_choices(headers),
        thumbnails=partial(_pictures, path, pictures, headers[pictures]) if pictures else None,
        notes=notes,
    )


def read_header(stream: IO[bytes], name: str) -> Header:
    """The header of an array at the start of `stream`; raises DataError that names the array."""
    try:
        version = npy.read_magic(stream)
        read = npy.read_array_header_1_0 if version == (1, 0) else npy.read_array_header_2_0
        shape, fortran, dtype = read(stream)
    except (ValueError, EOFError) as error:
        raise DataError(f"{name} has a damaged array header: {error}.", "Save it again with numpy.save.") from error
    return Header(shape, fortran, dtype, stream.tell())


def check_memory(name: str, size: int) -> None:
    """Raise DataError where `size` bytes do not fit into the memory that is free."""
    free = psutil.virtual_memory().available
    if size > free:
        raise DataError(
            f"{name} needs {format_bytes(size)} of memory at once; {format_bytes(free)} are free.",
            "Save it in C order and without pictures, or on a machine with more memory.",
        )


def _check_vectors(header: Header, name: str) -> None:
    if header.dtype.hasobject:
        raise DataError(f"{name} is an array of Python objects (a pickle).", NO_OBJECTS)
    if not header.holds_vectors:
        raise DataError(
            f"{name} is {header.dtype} of shape {header.shape}, where numbers of shape (N, D) are needed.",
            "Save one row of numbers for each point.",
        )
    if header.shape[1] == 0:
        raise DataError(f"{name} has the shape {header.shape}: its vectors have no values.", "Save it again.")


def _mapped(path: Path, header: Header, rows: int) -> Iterator[Block]:
    order: Any = "F" if header.fortran else "C"
    shape = header.shape if header.fortran else (rows, header.shape[1])
    vectors = np.memmap(path, header.dtype, "r", header.offset, shape, order)
    for block in row_blocks(rows, header.shape[1]):
        yield Block(vectors[block])


def _headers(archive: zipfile.ZipFile, path: Path) -> dict[str, Header]:
    headers = {}
    for entry in archive.namelist():
        if entry.endswith(".npy"):
            with archive.open(entry) as stream:
                headers[entry.removesuffix(".npy")] = read_header(stream, f"{entry} in {path}")
    return headers


def _choices(headers: dict[str, Header]) -> tuple[str, ...]:
    names = tuple(name for name, header in headers.items() if header.holds_vectors)
    return names if len(names) > 1 else ()


def _vectors_in(headers: dict[str, Header], path: Path, wanted: str) -> str:
    if wanted and wanted not in headers:
        raise DataError(f"{path}: {unknown('array', wanted, list(headers))}")
    found = [wanted] if wanted else [name for name, header in headers.items() if header.holds_vectors]
    if len(found) > 1:
        usual = [name for name in found if name.lower() in USUAL_NAMES]
        if len(usual) != 1:
            raise AmbiguousVectors(path, "array", tuple(found))
        found = usual
    if not found:
        found = [name for name, header in headers.items() if header.dtype.hasobject and len(header.shape) == 2]
    if not found:
        shapes = ", ".join(f"{name} {header.dtype} {header.shape}" for name, header in headers.items())
        raise DataError(f"{path} has no array of shape (N, D); it has {shapes or 'no array'}.", "Save one as vectors.")
    _check_vectors(headers[found[0]], f"{found[0]} in {path}")
    return found[0]


def _columns_in(
    archive: zipfile.ZipFile, path: Path, headers: dict[str, Header], vectors: str
) -> tuple[dict[str, pa.Array], list[str]]:
    """The arrays (N,) of an archive as columns, and sentences on those that are left out."""
    columns, notes = {}, []
    rows = headers[vectors].shape[0]
    for name, header in headers.items():
        if name == vectors or header.holds_pictures:
            continue
        if header.dtype.hasobject:
            notes.append(f"{name} is left out: it holds Python objects, which are never loaded.")
        elif header.shape not in ((rows,), (rows, 1)) or header.dtype.kind not in "biufUS":
            notes.append(f"{name} is left out: {header.dtype} of shape {header.shape} is no column of {rows} rows.")
        else:
            columns[name] = _column(_member(archive, path, name).reshape(rows))
    return columns, notes


def _column(values: NDArray[Any]) -> pa.Array:
    if values.dtype.kind == "S":
        values = np.array([value.decode("utf-8", "replace") for value in values.tolist()], dtype=str)
    if values.dtype.kind == "U":
        return pa.array(values.tolist(), pa.string())
    return pa.array(values.astype(values.dtype.newbyteorder("=")))


def _member(archive: zipfile.ZipFile, path: Path, name: str) -> NDArray[Any]:
    try:
        with archive.open(f"{name}.npy") as stream:
            return np.asarray(npy.read_array(stream, allow_pickle=False))
    except (ValueError, EOFError, zipfile.BadZipFile) as error:
        raise DataError(f"{name} in {path} is damaged: {error}.", "Save the archive again.") from error


def _pictures(path: Path, name: str, header: Header) -> NDArray[np.uint8]:
    check_memory(f"{name} in {path}", header.shape[0] * header.row_bytes)
    with zipfile.ZipFile(path) as archive:
        return _member(archive, path, name)


def _streamed(path: Path, name: str, header: Header, columns: dict[str, pa.Array], total: int) -> Iterator[Block]:
    with zipfile.ZipFile(path) as archive:
        if header.fortran:
            check_memory(f"{name} in {path}", header.shape[0] * header.row_bytes)
            vectors = _member(archive, path, name)
            for rows in row_blocks(total, header.shape[1]):
                yield Block(vectors[rows], _cut(columns, rows))
            return
        with archive.open(f"{name}.npy") as stream:
            read_header(stream, name)
            for rows in row_blocks(total, header.shape[1]):
                yield Block(_read_rows(stream, path, name, header, rows), _cut(columns, rows))


def _read_rows(stream: IO[bytes], path: Path, name: str, header: Header, rows: slice) -> NDArray[Any]:
    wanted = (rows.stop - rows.start) * header.row_bytes
    try:
        raw = stream.read(wanted)
    except (zipfile.BadZipFile, EOFError) as error:
        raise DataError(f"{name} in {path} is damaged near row {rows.start}: {error}.", "Copy it again.") from error
    if len(raw) < wanted:
        there = rows.start + len(raw) // header.row_bytes
        whole_rows(path, header.shape[0], there, None)
    return np.frombuffer(raw, header.dtype).reshape(-1, header.shape[1])


def _cut(columns: dict[str, pa.Array], rows: slice) -> dict[str, pa.Array]:
    return {name: values.slice(rows.start, rows.stop - rows.start) for name, values in columns.items()}
