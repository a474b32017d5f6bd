"""The formats of the word2vec program (Mikolov et al. 2013), text and binary."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray

from workbench.data.base import Progress
from workbench.embeddings.exporters.base import ID, TEXT, Chosen, Exporter, Told
from workbench.embeddings.exporters.columns import texts, words
from workbench.embeddings.exporters.usable import usable

Encode = Callable[[list[str], NDArray[np.float32]], bytes]


class Word2Vec(Exporter):
    """Text: the count and the width on the first line, then a word and its numbers a line.

    Numbers have nine significant digits, with which every float32 is read back to the bit. The word is the sample's
    text where the set has texts, else its id; white space in it becomes "_", because the format ends a word there.
    """

    id: ClassVar[str] = "word2vec"
    title: ClassVar[str] = "word2vec text (.txt)"
    layouts: ClassVar[Literal["none", "one", "all"]] = "none"

    def write(self, chosen: Chosen, draft: Path, progress: Progress) -> Told:
        return _write(chosen, draft, progress, as_lines)


class Word2VecBinary(Exporter):
    """Binary: the same first line, then a word, a space, its float32 numbers (little-endian) and a line feed."""

    id: ClassVar[str] = "word2vec-binary"
    title: ClassVar[str] = "word2vec binary (.bin)"
    layouts: ClassVar[Literal["none", "one", "all"]] = "none"

    def write(self, chosen: Chosen, draft: Path, progress: Progress) -> Told:
        return _write(chosen, draft, progress, _as_records)


def as_lines(names: list[str], vectors_MD: NDArray[Any], separator: str = " ") -> bytes:
    """A line a vector: its name, where names are given, and its numbers with nine significant digits."""
    pattern = separator.join(["%.9g"] * vectors_MD.shape[1])
    lines = [pattern % tuple(row) for row in vectors_MD.tolist()]
    if names:
        lines = [f"{name}{separator}{line}" for name, line in zip(names, lines, strict=True)]
    return "".join(f"{line}\n" for line in lines).encode("utf-8", "replace")


def _as_records(names: list[str], vectors_MD: NDArray[np.float32]) -> bytes:
    numbers = vectors_MD.astype("<f4")
    pairs = zip(names, numbers, strict=True)
    return b"".join(name.encode("utf-8", "replace") + b" " + row.tobytes() + b"\n" for name, row in pairs)


def _write(chosen: Chosen, draft: Path, progress: Progress, encode: Encode) -> Told:
    told = Told()
    kept = usable(chosen, told, progress)
    names, changed = words(texts(kept.samples[TEXT if TEXT in kept.samples.column_names else ID]))
    repeated = len(names) - len(set(names))
    told.note(changed, "1 word had white space or was empty; it has _ there.",
              "{} words had white space or were empty; they have _ there.")  # fmt: skip
    told.note(repeated, "1 word stands there again; most readers keep the first.",
              "{} words stand there again; most readers keep the first.")  # fmt: skip
    vectors = kept.opened.vectors
    with open(draft, "wb") as file:
        file.write(f"{len(kept)} {vectors.shape[1]}\n".encode())
        for part in kept.blocks(16 * vectors.shape[1], progress, "Writing words"):
            file.write(encode(names[part], kept.take(vectors, part).astype(np.float32)))
    return told
