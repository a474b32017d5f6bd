"""Selections that are kept by name in the set's folder, and rows as CSV.

    selections.json     {"selections": [{"name", "created", "ids": [...], "rows": [...]}, ...]}

A point is found again by its id; its row tells which one is meant where several have that id, or none.
"""

from __future__ import annotations

import io
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from workbench.app.explorer.columns import ID, Columns
from workbench.app.explorer.points import PointSet
from workbench.core.errors import RunError, unknown
from workbench.core.files import free_name, write_atomic

if TYPE_CHECKING:
    import pyarrow as pa

    from workbench.runs.embedding_set import EmbeddingSet

FILE = "selections.json"
LONGEST_NAME = 80
_CREATED, _NAME, _IDS, _ROWS = "created", "name", "ids", "rows"


@dataclass(frozen=True)
class Saved:
    """What is known of a saved selection before it is recalled.

    created : when it was saved, ISO 8601, UTC
    """

    name: str
    count: int
    created: str


@dataclass(frozen=True)
class Recalled:
    """A saved selection in the set as it is now.

    gone : how many of its points the set no longer has
    """

    points: PointSet
    gone: int


class SavedSelections:
    """The saved selections of a set. The file is read before each answer, so that two windows see each other's.

    Attributes
    ----------
    problems : sentences about what could not be read in the last answer, and was left out
    """

    def __init__(self, stored: EmbeddingSet) -> None:
        self._stored = stored
        self._path = stored.folder / FILE
        self.problems: tuple[str, ...] = ()

    def entries(self) -> tuple[Saved, ...]:
        """The saved selections, oldest first."""
        return tuple(Saved(entry[_NAME], len(entry[_ROWS]), entry[_CREATED]) for entry in self._read())

    def save(self, name: str, points: PointSet) -> None:
        """Save a selection; one of that name is replaced.

        Raises RunError for a name that is blank or longer than 80 characters, and when the file cannot be written.
        """
        name, rows = _checked(name), points.rows
        entry = {
            _NAME: name,
            _CREATED: datetime.now(UTC).isoformat(timespec="seconds"),
            _IDS: self._ids().take(rows).to_pylist(),
            _ROWS: rows.tolist(),
        }
        self._write([*(other for other in self._read() if other[_NAME] != name), entry])

    def recall(self, name: str) -> Recalled:
        """A saved selection; raises RunError for an unknown name."""
        entry = _find(name, self._read())
        found = _places(entry[_IDS], np.array(entry[_ROWS], np.int64), self._ids())
        return Recalled(PointSet.of_rows(found[found >= 0], len(self._stored)), int(np.count_nonzero(found < 0)))

    def rename(self, name: str, new: str) -> None:
        """Give a saved selection another name; raises RunError when it is taken, or no name."""
        new, entries = _checked(new), self._read()
        entry = _find(name, entries)
        if new != name and any(other[_NAME] == new for other in entries):
            raise RunError(f"There is already a selection {new!r}.", "Choose another name.")
        self._write([{**other, _NAME: new} if other is entry else other for other in entries])

    def delete(self, name: str) -> None:
        """Forget a saved selection; raises RunError for an unknown name."""
        entries = self._read()
        entry = _find(name, entries)
        self._write([other for other in entries if other is not entry])

    def _ids(self) -> pa.Array:
        import pyarrow as pa

        samples = self._stored.samples
        if ID not in samples.column_names:
            return pa.nulls(len(self._stored), pa.string())
        return samples.column(ID).cast(pa.string()).combine_chunks()

    def _read(self) -> list[dict[str, Any]]:
        self.problems = ()
        try:
            entries = json.loads(self._path.read_text(encoding="utf-8"))["selections"]
            whole = [entry for entry in entries if _is_whole(entry)]
        except FileNotFoundError:
            return []
        except (OSError, ValueError, KeyError, TypeError, RecursionError) as error:
            self.problems = (f"{FILE} is damaged ({error}): the saved selections are not shown.",)
            return []
        if len(whole) < len(entries):
            self.problems = (f"{FILE} is damaged: {len(entries) - len(whole)} saved selections are not shown.",)
        return whole

    def _write(self, entries: list[dict[str, Any]]) -> None:
        try:
            if self.problems:
                # What could not be read may still be mended by hand.
                self._path.rename(free_name(self._path.parent, "selections-damaged.json"))
            write_atomic(self._path, json.dumps({"selections": entries}, ensure_ascii=False))
        except OSError as error:
            raise RunError(f"{self._path} cannot be written: {error}.", "Check the folder's permissions.") from error


def write_csv(path: Path, columns: Columns, names: Sequence[str], rows: ArrayLike) -> None:
    """Write columns at these rows as CSV with a header, whole or not at all.

    Raises RunError for an unknown column, and when the file cannot be written.
    """
    import pyarrow.csv as csv

    from workbench.app.explorer.column_values import as_text

    table = columns.table(names, rows)
    for at, field in enumerate(table.schema):
        if not _is_plain(field.type):
            table = table.set_column(at, field.name, as_text(table.column(at).combine_chunks()))
    buffer = io.BytesIO()
    csv.write_csv(table, buffer)
    try:
        write_atomic(path, buffer.getvalue())
    except OSError as error:
        raise RunError(f"{path} cannot be written: {error}.", "Choose another folder.") from error


def _is_plain(kind: pa.DataType) -> bool:
    """Whether CSV can hold a type as it is."""
    import pyarrow as pa

    primitive = pa.types.is_integer(kind) or pa.types.is_float32(kind) or pa.types.is_float64(kind)
    words = pa.types.is_string(kind) or pa.types.is_large_string(kind)
    return bool(primitive or words or pa.types.is_boolean(kind) or pa.types.is_temporal(kind))


def _checked(name: str) -> str:
    name = name.strip()
    if not 1 <= len(name) <= LONGEST_NAME:
        raise RunError(f"{name!r} is no name for a selection.", f"Use 1 to {LONGEST_NAME} characters.")
    return name


def _find(name: str, entries: Sequence[dict[str, Any]]) -> dict[str, Any]:
    for entry in entries:
        if entry[_NAME] == name:
            return entry
    raise RunError(unknown("saved selection", name, [entry[_NAME] for entry in entries]))


def _is_whole(entry: Any) -> bool:
    if not isinstance(entry, dict) or not all(isinstance(entry.get(key), str) for key in (_NAME, _CREATED)):
        return False
    ids, rows = entry.get(_IDS), entry.get(_ROWS)
    if not isinstance(ids, list) or not isinstance(rows, list) or len(ids) != len(rows):
        return False
    whole_rows = all(type(row) is int and 0 <= row < 2**63 for row in rows)
    return whole_rows and all(id_ is None or isinstance(id_, str) for id_ in ids)


def _places(ids: list[str | None], rows: NDArray[np.int64], present: pa.Array) -> NDArray[np.int64]:
    """The rows of points that were saved with these ids and rows, int64; -1 for what is gone.

    present : ids of the set as it is now
    """
    import pyarrow as pa
    import pyarrow.compute as pc

    wanted = pa.array(ids, pa.string())
    inside = rows < len(present)
    if not len(present):
        return np.full(len(rows), -1, np.int64)
    there = present.take(np.where(inside, rows, 0))
    same = pc.fill_null(pc.equal(there, wanted), False).to_numpy(zero_copy_only=False)
    nameless = pc.is_null(wanted).to_numpy(zero_copy_only=False)
    elsewhere = pc.fill_null(pc.index_in(wanted, value_set=present, skip_nulls=True), -1)
    moved = elsewhere.to_numpy(zero_copy_only=False).astype(np.int64)
    stayed = np.where(inside, rows, -1)
    return np.where(nameless | (same & inside), stayed, moved)
