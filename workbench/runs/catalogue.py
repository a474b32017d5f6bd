"""The catalogue of a workspace's runs, for listing and searching thousands of them.

Derived from the run folders: deleted, damaged or of another version, it is made again.
"""

from __future__ import annotations

import os
import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import astuple, dataclass, fields
from pathlib import Path

from workbench.core.errors import RunError
from workbench.runs.folder import RunFolder
from workbench.runs.glance import Glance, glance
from workbench.runs.state import ProcessId, RunState, Summary, state

VERSION = 2
_DAMAGED = {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_ERROR}
_COLUMNS = [field.name for field in fields(Glance)]


@dataclass(frozen=True)
class RunRow:
    """One run in a list: what is known at a glance, and its state now."""

    folder: RunFolder
    glance: Glance
    state: RunState


class RunCatalogue:
    """SQLite beside the runs.

    Parameters
    ----------
    path : the database file; made when it is not there
    runs_dir : the folder whose sub-folders are runs
    """

    def __init__(self, path: Path, runs_dir: Path) -> None:
        self.path = path
        self.runs_dir = runs_dir

    def refresh(self) -> int:
        """Read again the folders that changed, forget those that are gone; how many rows changed.

        Raises RunError where the database can be neither used nor made again.
        """
        try:
            return self._refresh()
        except sqlite3.DatabaseError as error:
            if getattr(error, "sqlite_errorcode", sqlite3.SQLITE_CORRUPT) & 0xFF not in _DAMAGED:
                raise self._as_run_error(error) from error
        except OSError as error:
            raise self._as_run_error(error) from error
        try:
            self._delete()
            return self._refresh()
        except (sqlite3.Error, OSError) as error:
            raise self._as_run_error(error) from error

    def rows(self, search: str = "") -> list[RunRow]:
        """The runs as of the last `refresh`, newest first.

        Every word of `search` must occur in the name or in the id of the objective, data set or backbone.
        """
        words = search.split()
        text = "name || ' ' || objective || ' ' || dataset || ' ' || backbone"
        where = " AND ".join(["1", *(f"{text} LIKE ? ESCAPE '\\'" for _ in words)])
        query = f"SELECT {', '.join(_COLUMNS)} FROM runs WHERE {where} ORDER BY created DESC, folder"
        try:
            with self._open() as database:
                found = database.execute(query, [f"%{_literal(word)}%" for word in words]).fetchall()
        except (sqlite3.Error, OSError) as error:
            raise self._as_run_error(error) from error
        now = time.time()
        return [self._row(Glance(*values), now) for values in found]

    def _row(self, seen: Glance, now: float) -> RunRow:
        phase = RunState(seen.phase)
        process = ProcessId(seen.pid, seen.pid_start, seen.host)
        alive = process.alive if phase.live else None
        return RunRow(RunFolder(self.runs_dir / seen.folder), seen, state(Summary(phase=phase, t=seen.t), alive, now))

    def _refresh(self) -> int:
        present = dict(_stamps(self.runs_dir))
        with self._open() as database:
            known = dict(database.execute("SELECT folder, stamp FROM runs").fetchall())
            gone = [(name,) for name in known if name not in present]
            changed = [(name, stamp) for name, stamp in present.items() if known.get(name) != stamp]
            database.executemany("DELETE FROM runs WHERE folder = ?", gone)
            marks = ", ".join("?" * len(_COLUMNS))
            for name, stamp in changed:
                values = astuple(glance(RunFolder(self.runs_dir / name)))
                database.execute(
                    f"INSERT OR REPLACE INTO runs ({', '.join(_COLUMNS)}, stamp) VALUES ({marks}, ?)", (*values, stamp)
                )
        return len(gone) + len(changed)

    @contextmanager
    def _open(self) -> Iterator[sqlite3.Connection]:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        database = sqlite3.connect(self.path, timeout=10)
        try:
            with database:
                if database.execute("PRAGMA user_version").fetchone()[0] != VERSION:
                    database.execute("DROP TABLE IF EXISTS runs")
                    database.execute(f"PRAGMA user_version = {VERSION}")
                columns = ", ".join([f"{_COLUMNS[0]} PRIMARY KEY", *_COLUMNS[1:], "stamp"])
                database.execute(f"CREATE TABLE IF NOT EXISTS runs ({columns})")
                yield database
        finally:
            database.close()

    def _delete(self) -> None:
        for suffix in ("", "-journal", "-wal", "-shm"):
            self.path.with_name(self.path.name + suffix).unlink(missing_ok=True)

    def _as_run_error(self, error: Exception) -> RunError:
        return RunError(
            f"The catalogue of runs {self.path} cannot be used: {error}.",
            "Delete the file; it is made again from the run folders.",
        )


def _stamps(runs_dir: Path) -> Iterator[tuple[str, str]]:
    """Name of every run folder, and what changes when its story does."""
    try:
        entries = sorted(os.scandir(runs_dir), key=lambda entry: entry.name)
    except OSError:
        return
    for entry in entries:
        if entry.name.startswith(".") or not entry.is_dir():
            continue
        folder = RunFolder(Path(entry.path))
        parts = [_stamp(path) for path in (folder.events, folder.recipe, folder.resolved)]
        if any(parts):
            yield entry.name, " ".join(parts)


def _stamp(path: Path) -> str:
    try:
        stat = path.stat()
    except OSError:
        return ""
    return f"{stat.st_mtime_ns}:{stat.st_size}"


def _literal(word: str) -> str:
    """A word as LIKE takes it literally."""
    for sign in ("\\", "%", "_"):
        word = word.replace(sign, "\\" + sign)
    return word
