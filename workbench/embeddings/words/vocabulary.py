"""Which row a word is: exact spelling first, then any case, and otherwise the nearest spellings there are."""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from difflib import SequenceMatcher
from functools import cached_property
from itertools import islice

import pyarrow as pa

from workbench.core.errors import DataError
from workbench.runs.embedding_meta import word_column

_GUESSED_AMONG = 1000
_GUESS_LENGTH = 2


def words_of(samples: pa.Table) -> list[str]:
    """What the rows of a set are called: the first column there is of text, word, token and id."""
    words = samples.column(word_column(samples.column_names))
    return ["" if word is None else str(word) for word in words.to_pylist()]


class Vocabulary:
    """The words of N rows, most frequent first where the set is ordered so (which guesses and completions follow)."""

    def __init__(self, words: Sequence[str]) -> None:
        self.words = words

    @cached_property
    def _rows(self) -> dict[str, int]:
        return _first(self.words)

    @cached_property
    def _folded(self) -> dict[str, int]:
        return _first([fold(word) for word in self.words])

    def find(self, word: str) -> int | None:
        """The first row of this word; of this word in another case, where there is none; None without either."""
        found = self._rows.get(word)
        return self._folded.get(fold(word)) if found is None else found

    def row(self, word: str) -> int:
        """As `find`; raises DataError with the nearest spellings."""
        found = self.find(word)
        if found is not None:
            return found
        near = self.guesses(word)
        listed = " or ".join(repr(guess) for guess in near)
        raise DataError(f"There is no {word!r} among {len(self.words):,} words.", f"Try {listed}." if near else "")

    def repeated(self, word: str) -> int:
        """In how many rows exactly this word stands."""
        return self.words.count(word)

    def guesses(self, word: str, count: int = 3) -> list[str]:
        """Known words spelt most alike, of equally alike ones the more frequent.

        Only frequent words that begin alike and are about as long are looked at, so that this takes no second.
        """
        wanted = fold(word)
        alike = (
            known
            for known in reversed(self._folded)
            if known[:1] == wanted[:1] and abs(len(known) - len(wanted)) <= _GUESS_LENGTH
        )
        options = list(islice(alike, _GUESSED_AMONG))
        matches = difflib.get_close_matches(wanted, options, n=4 * count, cutoff=0.6)
        matches.sort(key=lambda match: (-SequenceMatcher(None, match, wanted).ratio(), self._folded[match]))
        return [self.words[self._folded[match]] for match in matches[:count]]

    def complete(self, prefix: str, count: int) -> list[int]:
        """The first rows, at most `count`, whose words begin so in any case; each word once."""
        wanted = fold(prefix)
        rows = self._rows
        found = (row for row, word in enumerate(self.words) if fold(word).startswith(wanted) and rows[word] == row)
        return list(islice(found, count))


def fold(word: str) -> str:
    """The word without its case; capitals, as the word2vec tools compare."""
    return word.upper()


def _first(words: Sequence[str]) -> dict[str, int]:
    """The first row of each word; in descending order of the rows, because the last of equal keys stays."""
    return dict(zip(reversed(words), range(len(words) - 1, -1, -1), strict=True))
