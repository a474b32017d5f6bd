"""The result of a benchmark of words as a table. No Qt.

Coverage is the share of a file's questions, or of its pairs, all of whose words the set has.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from workbench.core.files import write_atomic

_MINUS = "\N{MINUS SIGN}"


@dataclass(frozen=True)
class Scores:
    """A result.

    words : in a sentence or two
    titles, lines : the table; None for what there is no number of
    totals : how many of the last lines sum up the others
    """

    title: str
    words: str
    titles: tuple[str, ...]
    lines: tuple[tuple[str | int | float | None, ...], ...]
    totals: int = 0

    def csv(self) -> bytes:
        """The table with all decimals."""
        text = io.StringIO()
        writer = csv.writer(text, lineterminator="\n")
        writer.writerow(self.titles)
        writer.writerows(self.lines)
        return text.getvalue().encode()

    def write_csv(self, path: Path) -> None:
        """Write the table, whole or not at all; raises OSError where the file cannot be written."""
        write_atomic(path, self.csv())


def analogy_scores(result: Mapping[str, Any]) -> Scores:
    """Of the reply of `analogy_benchmark`: a line a section, then semantic, syntactic and total."""
    parts = [result[name] for name in ("semantic", "syntactic", "total")]
    lines = tuple(_section(part) for part in [*result["sections"], *parts])
    titles = ("Section", "Correct", "Asked", "Skipped", "Accuracy", "Coverage")
    return Scores(result["title"], _words(result), titles, lines, len(parts))


def similarity_scores(result: Mapping[str, Any]) -> Scores:
    """Of the reply of `similarity_benchmark`: a line a correlation."""
    used, skipped = int(result["used"]), int(result["skipped"])
    lines = tuple(
        (title, result[name]["value"], result[name]["p"], used, skipped, _share(used, used + skipped))
        for title, name in (("Spearman", "spearman"), ("Pearson", "pearson"))
    )
    titles = ("Correlation", "Value", "p", "Pairs", "Skipped", "Coverage")
    return Scores(result["title"], _words(result), titles, lines)


def cell_words(title: str, value: str | int | float | None) -> str:
    """A value as the table shows it."""
    if value is None or value != value:
        return "none"
    if isinstance(value, str):
        return value
    if title in ("Accuracy", "Coverage"):
        return f"{value:.1%}"
    if isinstance(value, int):
        return f"{value:,}"
    return (f"{value:.2g}" if title == "p" else f"{value:z.4f}").replace("-", _MINUS)


def _section(part: Mapping[str, Any]) -> tuple[str | int | float | None, ...]:
    asked, skipped = int(part["asked"]), int(part["skipped"])
    return part["name"], int(part["correct"]), asked, skipped, part["accuracy"], _share(asked, asked + skipped)


def _share(part: int, whole: int) -> float | None:
    return part / whole if whole else None


def _words(result: Mapping[str, Any]) -> str:
    invalid = int(result["invalid"])
    lines = "1 line was" if invalid == 1 else f"{invalid:,} lines were"
    return f"{result['words']} {lines} not understood." if invalid else str(result["words"])
