"""Pseudo-labels for pictures too small for many words. No Qt."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import takewhile

Lines = Sequence[Sequence[str]]


@dataclass(frozen=True)
class Captions:
    """The words of a preview.

    full : for each view the words of each sample
    under : what of them is drawn under the pictures; what all share is left out
    note : what all share, said once; "" for nothing
    """

    full: Lines
    under: Lines
    note: str


def condense(captions: Lines, titles: Sequence[str]) -> Captions:
    """Say once what all pictures share, and nothing that a view's heading says already.

    >>> condense([["permutation 3", "permutation 7"]], ["View 1"]).under
    [['3', '7']]
    """
    full = [
        [""] * len(words) if set(words) == {title.split(" ")[-1]} else list(words)
        for words, title in zip(captions, titles, strict=True)
    ]
    told = sorted({words for line in full for words in line if words})
    if len(told) == 1:
        return Captions(full, [[""] * len(line) for line in full], f"Each view: {told[0]}")
    split = [words.split(" ") for words in told]
    shared = list(takewhile(lambda column: len(set(column)) == 1, zip(*(words[:-1] for words in split), strict=False)))
    under = [[" ".join(words.split(" ")[len(shared) :]) for words in line] for line in full]
    return Captions(full, under, f"Under each view: {' '.join(column[0] for column in shared)}" if shared else "")
