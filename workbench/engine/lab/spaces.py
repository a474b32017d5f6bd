"""Opened embedding sets, made ready for questions and kept while their files stay as they are."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from workbench.core.errors import LabError, RunError, unknown
from workbench.embeddings.search.index import MOST_NEIGHBOURS, SearchIndex
from workbench.embeddings.words.arithmetic import Term, signed_sum
from workbench.embeddings.words.vocabulary import Vocabulary, words_of
from workbench.runs.embedding_meta import SearchMetric
from workbench.runs.embedding_set import EmbeddingSet, Neighbours

METRICS: tuple[SearchMetric, ...] = ("cosine", "euclidean", "dot")
_KEPT = 3
_LARGE_BYTES = 2**30
_MUTUAL_PRODUCTS = 30_000_000


@dataclass(frozen=True)
class Query:
    """What is looked for.

    vector : (D,), of length 1 under cosine where it is a row
    inputs : rows that it was made of; they are no answers
    title : in words
    notes : sentences about what was taken for what
    """

    vector: NDArray[np.float64]
    inputs: NDArray[np.int64]
    title: str
    notes: tuple[str, ...] = ()


class Space:
    """One set: its vectors searched under any metric, its words, and what is stored of its neighbours."""

    def __init__(self, folder: Path) -> None:
        self.opened = EmbeddingSet.open(folder)
        self._indices: dict[str, SearchIndex] = {}

    def __len__(self) -> int:
        return len(self.opened)

    @cached_property
    def vocabulary(self) -> Vocabulary:
        """The words of the rows."""
        return Vocabulary(words_of(self.opened.samples))

    def metric(self, wanted: str | None) -> SearchMetric:
        """The metric of this name, the set's own without one; raises LabError that lists those there are."""
        if not wanted:
            return self.opened.meta.metric
        for metric in METRICS:
            if metric == wanted:
                return metric
        raise LabError(unknown("metric", wanted, METRICS))

    def index(self, metric: SearchMetric) -> SearchIndex:
        """The rows ready to be searched; of a large set only those of the last metric are kept."""
        if metric not in self._indices:
            if 4 * self.opened.vectors.size > _LARGE_BYTES:
                self._indices.clear()
            self._indices[metric] = SearchIndex(self.opened.vectors, metric)
        return self._indices[metric]

    def row(self, word: int | str | Mapping[str, Any]) -> tuple[int, tuple[str, ...]]:
        """The row that {"row": 7}, {"text": "king"}, 7 or "king" names, and what there is to say about it.

        Raises LabError for a row that is not there, DataError with the nearest spellings for a word that is not.
        """
        if isinstance(word, Mapping):
            if not {"row", "text"} & word.keys():
                raise LabError(f"{dict(word)} names no point.", "Give its row or its text.")
            word = int(word["row"]) if word.get("row") is not None else str(word["text"])
        if isinstance(word, str):
            return self._row_of(word)
        if not 0 <= word < len(self):
            raise LabError(f"There is no row {word}: the set has rows 0 to {len(self) - 1}.")
        return word, ()

    def _row_of(self, word: str) -> tuple[int, tuple[str, ...]]:
        row = self.vocabulary.row(word)
        found = self.vocabulary.words[row]
        notes = [] if found == word else [f"{found!r} was taken for {word!r}."]
        if (times := self.vocabulary.repeated(found)) > 1:
            notes.append(f"{found!r} stands in {times:,} rows; the first, {row}, was taken.")
        return row, tuple(notes)

    def name(self, row: int) -> str:
        """What a row is called."""
        return self.vocabulary.words[row] or f"row {row}"

    def query(self, wanted: Mapping[str, Any], metric: SearchMetric) -> Query:
        """What a question asks for: {"row": 7}, {"text": "king"}, {"rows": [1, 2]} (their mean) or {"terms": [...]}.

        A term is {"row" or "text", "sign": 1 or -1}; terms are added up. Raises LabError or DataError saying what is
        not there.
        """
        terms, notes = self.terms(wanted)
        index = self.index(metric)
        vector = signed_sum(index, terms) / (len(terms) if "rows" in wanted else 1)
        title = f"the mean of {len(terms):,} points" if "rows" in wanted else self.sum_words(terms)
        return Query(vector, np.unique([term.row for term in terms]), title, notes)

    def terms(self, wanted: Mapping[str, Any]) -> tuple[list[Term], tuple[str, ...]]:
        """The terms of a question, and what there is to say about its words."""
        if "rows" in wanted:
            return [Term(self.row(int(row))[0]) for row in wanted["rows"]], ()
        terms: list[Term] = []
        notes: list[str] = []
        for document in wanted.get("terms", [wanted]):
            row, said = self.row(document)
            terms.append(Term(row, -1 if int(document.get("sign", 1)) < 0 else 1))
            notes.extend(said)
        return terms, tuple(dict.fromkeys(notes))

    def sum_words(self, terms: list[Term]) -> str:
        """A sum in words: king − man + woman."""
        parts = [f"{'+' if term.sign > 0 else '−'} {self.name(term.row)}" for term in terms]
        return " ".join(parts).removeprefix("+ ")

    def mutual(self, row: int, found: NDArray[np.int64], metric: SearchMetric) -> NDArray[np.bool_] | None:
        """Which of the found rows have `row` among their own nearest, as many as were found; None where costly."""
        k, stored = len(found), self.stored(metric)
        if stored is not None and stored.index.shape[1] >= k:
            return np.asarray((stored.index[found, :k] == row).any(axis=1))
        if k * len(self) > _MUTUAL_PRODUCTS or not 0 < k < MOST_NEIGHBOURS:
            return None
        index = self.index(metric)
        # Each finds itself too; among many equal points it may not, and then its last one is the one too many.
        theirs = index.nearest(np.stack([index.row(int(other)) for other in found]), min(k + 1, len(self))).index
        itself = theirs == found[:, None]
        itself[~itself.any(axis=1), -1] = True
        return np.asarray(((theirs == row) & ~itself).any(axis=1))

    def hubness(self, metric: SearchMetric) -> tuple[NDArray[np.int64], int] | None:
        """How many points name each row among their k stored neighbours (N,), and k; None where none are stored."""
        stored = self.stored(metric)
        if stored is None or not stored.index.shape[1]:
            return None
        named = stored.index[stored.index >= 0]
        return np.bincount(named, minlength=len(self)), stored.index.shape[1]

    def stored(self, metric: SearchMetric) -> Neighbours | None:
        """The set's stored neighbours, where they are of this metric and whole."""
        if metric != self.opened.meta.metric:
            return None
        try:
            return self.opened.neighbours()
        except RunError:
            return None


class Spaces:
    """Keeps the last few sets; not thread-safe, the lab answers one request at a time."""

    def __init__(self, limit: int = _KEPT) -> None:
        self._kept: OrderedDict[Path, tuple[object, Space]] = OrderedDict()
        self._limit = limit

    def open(self, folder: Path) -> Space:
        """The set of this folder, opened anew when its vectors or its table have changed; raises RunError."""
        folder = folder.resolve()
        stamp = _stamp(folder)
        if folder not in self._kept or self._kept[folder][0] != stamp:
            self._kept.pop(folder, None)
            self._kept[folder] = stamp, Space(folder)
        self._kept.move_to_end(folder)
        while len(self._kept) > self._limit:
            self._kept.popitem(last=False)
        return self._kept[folder][1]


SPACES = Spaces()
"""What this process keeps."""


def _stamp(folder: Path) -> object:
    """Changes when the set is written anew."""
    stats = [path.stat() for name in ("vectors.npy", "samples.parquet") if (path := folder / name).exists()]
    return [(stat.st_ino, stat.st_mtime_ns, stat.st_size) for stat in stats]
