"""Word vectors as text: word2vec's text format, fastText's .vec and GloVe's .txt.

One word a line and D numbers after it, separated by single spaces. word2vec and fastText begin with a line `N D`, GloVe
does not. A word may itself hold spaces (GloVe's 840B has some): the last D numbers of a line are the vector.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from workbench.core.errors import DataError
from workbench.embeddings.importers.base import Block, Source, Wishes
from workbench.embeddings.importers.text import decoded, head_lines, line_blocks, numbers, rows_about

_DECIMAL = re.compile(rb"[-+]?\d*\.\d+(?:[eE][-+]?\d+)?")
_SPACES = re.compile(rb" +")
_HEADER = re.compile(rb"\s*(\d{1,18})\s+(\d{1,18})\s*")


def header_of(line: bytes) -> tuple[int, int] | None:
    """(N, D) where a first line is word2vec's `N D`, else None."""
    found = _HEADER.fullmatch(line)
    return (int(found[1]), int(found[2])) if found else None


def open_words(path: Path, wishes: Wishes) -> Source:
    """A file of word vectors; raises DataError for one without a row, or whose header contradicts its lines."""
    lines = [line for line in head_lines(path) if line.strip()]
    told = header_of(lines[0]) if lines else None
    if told and len(lines) > 1 and len(lines[1].split()) == 2:
        told = told if told[1] == 1 else None
    body = lines[1:] if told else lines
    if not body:
        raise DataError(f"{path} has no row.", "Each line needs a word and its numbers.")
    width = _width(path, body, told)
    rows = told[0] if told else rows_about(path, body)
    source = Source(
        "words",
        width,
        min(rows, wishes.limit or rows),
        lambda: _blocks(path, width, told, source.notes, wishes.limit),
        exact=told is not None,
        columns=("word",),
    )
    return source


def _width(path: Path, lines: Sequence[bytes], told: tuple[int, int] | None) -> int:
    """D: how many numbers most lines have; raises DataError where the header says otherwise."""
    counted = Counter(len(_SPACES.split(line.strip(b" \t\r"))) - 1 for line in lines)
    width = min(counted, key=lambda count: (-counted[count], count))
    if width < 1:
        raise DataError(f"{path} has no numbers after its words.", "Each line needs a word and its numbers.")
    if told and told[1] != width:
        raise DataError(
            f"{path}: the first line tells of {told[1]} numbers a word, but most lines have {width}.",
            "Correct the first line, or remove it.",
        )
    return width


def _blocks(
    path: Path, width: int, told: tuple[int, int] | None, notes: list[str], limit: int | None
) -> Iterator[Block]:
    found = 0
    for first, lines in line_blocks(path, 1 if told else 0):
        taken = _apart(path, first, lines, width, found, limit)
        if taken.words:
            words, replaced = decoded(taken.words)
            found += len(taken.words)
            yield Block(_vectors(path, taken, width), {"word": words}, replaced)
        if found == limit:
            return
    if told and told[0] != found:
        notes.append(f"The first line tells of {told[0]} words; the file has {found}.")


@dataclass(frozen=True)
class _Taken:
    """Lines taken apart: words, the texts of their numbers, and the number of each line."""

    words: list[bytes] = field(default_factory=list)
    rests: list[bytes] = field(default_factory=list)
    at: list[int] = field(default_factory=list)


def _apart(path: Path, first: int, lines: Sequence[bytes], width: int, found: int, limit: int | None) -> _Taken:
    """Words and numbers of the lines from number `first` on, up to `limit` rows of which `found` came before."""
    taken = _Taken()
    for number, raw in enumerate(lines, first):
        line = raw.rstrip(b" \t\r")
        if not line:
            continue
        before = found + len(taken.words)
        if before == limit:
            break
        if line.count(b" ") == width:
            word, _, rest = line.partition(b" ")
        else:
            word, rest = _uneven(f"{path}, line {number}", line, width, before)
        taken.words.append(word)
        taken.rests.append(rest)
        taken.at.append(number)
    return taken


def _vectors(path: Path, taken: _Taken, width: int) -> NDArray[np.float32]:
    try:
        return numbers(taken.rests, width)
    except ValueError as error:
        place, value = error.args
        raise DataError(
            f"{path}, line {taken.at[place]}: {value!r} is no number.", "Correct or delete the line."
        ) from error


def _uneven(where: str, line: bytes, width: int, before: int) -> tuple[bytes, bytes]:
    """The word and the numbers of a line with more or fewer spaces than usual; `before` rows were whole."""
    tokens = line.split()
    if len(tokens) == width and line[:1].isspace():
        return b"", b" ".join(tokens)
    extra = len(tokens) - width - 1
    if extra < 0 or (extra > 0 and _DECIMAL.fullmatch(tokens[extra])):
        found = width + _decimals(tokens[: extra + 1]) if extra > 0 else len(tokens) - 1
        raise DataError(
            f"{where}: {found} numbers after {_shown(tokens[0])}, where {width} are needed.",
            "Correct or delete the line" + (f", or read only the rows before it: limit={before}." if before else "."),
        )
    return line.rsplit(None, width)[0], b" ".join(tokens[-width:])


def _decimals(tokens: Sequence[bytes]) -> int:
    return sum(_DECIMAL.fullmatch(token) is not None for token in tokens)


def _shown(word: bytes) -> str:
    return repr(word.decode("utf-8", "replace")[:40])
