"""Lists of samples as the lab tells them, which any page, command or file can show.

    result   title, words (one or two sentences of what was found), count (of all rows, before a cut),
             columns [{name, title, unit, names}]
    arrays   rows int64 (M,), and one (M,) a column under its name

`names` is null, or the names that a column of codes points into (-1: none).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from workbench.engine.lab.server import Result


@dataclass(frozen=True)
class Column:
    """One value a listed sample: numbers, or codes into `names`."""

    name: str
    title: str
    values: NDArray[Any]
    unit: str = ""
    names: tuple[str, ...] | None = None

    def document(self) -> dict[str, Any]:
        """The column without its values."""
        names = list(self.names) if self.names is not None else None
        return {"name": self.name, "title": self.title, "unit": self.unit, "names": names}


@dataclass(frozen=True)
class Listing:
    """Samples in an order that means something, each with the same columns."""

    title: str
    words: str
    rows: NDArray[np.int64]
    columns: tuple[Column, ...]

    def reply(self, top: int | None = None) -> Result:
        """The listing for the wire, cut to its first `top` rows (None: all)."""
        end = len(self.rows) if top is None else max(0, top)
        told = {"title": self.title, "words": self.words, "count": len(self.rows)}
        arrays = {column.name: column.values[:end] for column in self.columns}
        return {**told, "columns": [column.document() for column in self.columns]}, {"rows": self.rows[:end], **arrays}
