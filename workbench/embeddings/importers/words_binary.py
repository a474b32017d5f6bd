"""word2vec's binary format: a line `N D`, then each word, a space, and D little-endian float32.

The C program ends each vector with a line feed, gensim does not; both are read. Nothing is allocated by what the header
says: rows are taken as they come.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from workbench.core.errors import DataError
from workbench.core.units import format_bytes
from workbench.embeddings.importers.base import Block, Source, Wishes, truncated
from workbench.embeddings.importers.text import BLOCK_BYTES, decoded
from workbench.embeddings.importers.words_text import header_of

LONGEST_WORD = 2000


@dataclass(frozen=True)
class _Layout:
    """Where rows lie: N and D as told, where the first row begins, the size of a vector and of the file, in bytes."""

    path: Path
    rows: int
    width: int
    start: int
    vector_bytes: int
    size: int


def open_word2vec(path: Path, wishes: Wishes) -> Source:
    """A binary file of word vectors; raises DataError for a header that cannot be true, and for a cut-off file."""
    layout = _layout(path)
    wanted = min(layout.rows, wishes.limit or layout.rows)
    room = (layout.size - layout.start) // (layout.vector_bytes + 2)
    if wanted > room + 1:
        raise truncated(path, layout.rows, _count(layout))
    return Source("word2vec-binary", layout.width, wanted, lambda: _blocks(layout, wishes.limit), columns=("word",))


def _layout(path: Path) -> _Layout:
    size = path.stat().st_size
    with open(path, "rb") as stream:
        line = stream.readline(64)
    told = header_of(line)
    if told is None:
        raise DataError(f"{path} does not begin with the line N D of a word2vec file.", "Choose another format.")
    rows, width = told
    if rows == 0:
        raise DataError(f"{path} has no row: its header tells of 0 words.", "Write it again with at least one word.")
    layout = _Layout(path, rows, width, len(line), 4 * width, size)
    if width == 0 or layout.vector_bytes + 2 > size - layout.start:
        needed = format_bytes(rows * (layout.vector_bytes + 2))
        raise DataError(
            f"The header of {path} cannot be true: {rows} words of {width} numbers need {needed}, and the file has "
            f"{format_bytes(size)}.",
            "Copy the file again, or correct its first line.",
        )
    return layout


def _rows(layout: _Layout) -> Iterator[tuple[list[bytes], list[bytes]]]:
    """(words, vectors) in blocks of about 16 MB, until the last whole row."""
    before = 0
    with open(layout.path, "rb") as stream:
        stream.seek(layout.start)
        rest = b""
        while chunk := stream.read(BLOCK_BYTES + layout.vector_bytes):
            chunk, at = rest + chunk, 0
            words: list[bytes] = []
            vectors: list[bytes] = []
            while before + len(words) < layout.rows:
                space = chunk.find(b" ", at, at + LONGEST_WORD)
                stop = space + 1 + layout.vector_bytes
                if space < 0:
                    _check_word(layout, before + len(words), len(chunk) - at)
                    break
                if stop > len(chunk):
                    break
                words.append(chunk[at:space].lstrip(b"\n"))
                vectors.append(chunk[space + 1 : stop])
                at = stop
            rest = chunk[at:]
            before += len(words)
            yield words, vectors
            if before == layout.rows:
                _check_end(layout, rest, stream.read(64))
                return


def _check_word(layout: _Layout, row: int, left: int) -> None:
    if left >= LONGEST_WORD:
        raise DataError(
            f"{layout.path}, row {row}: no word of under {LONGEST_WORD} bytes; the header's {layout.width} numbers a "
            "word are probably wrong.",
            "Correct the first line.",
        )


def _check_end(layout: _Layout, rest: bytes, more: bytes) -> None:
    if (rest + more).strip(b"\n\r "):
        raise DataError(
            f"{layout.path} goes on after the {layout.rows} words of {layout.width} numbers that its header tells of.",
            f"Correct the first line, or read just these: limit={layout.rows}.",
        )


def _count(layout: _Layout) -> int:
    return sum(len(words) for words, _ in _rows(layout))


def _blocks(layout: _Layout, limit: int | None) -> Iterator[Block]:
    wanted, found = min(layout.rows, limit or layout.rows), 0
    for words, vectors in _rows(layout):
        taken = min(len(words), wanted - found)
        if taken:
            texts, replaced = decoded(words[:taken])
            values = np.frombuffer(b"".join(vectors[:taken]), "<f4").reshape(taken, layout.width)
            yield Block(values, {"word": texts}, replaced)
        found += taken
        if found == limit:
            return
    if found < wanted:
        raise truncated(layout.path, layout.rows, found)
