"""How well the cosines of an embedding follow what people think of pairs of words (WordSim-353, SimLex-999)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from workbench.core.errors import DataError
from workbench.embeddings.search.index import SearchIndex
from workbench.embeddings.words.analogies import FREQUENT
from workbench.embeddings.words.files import Judgement
from workbench.embeddings.words.vocabulary import fold

_FEWEST = 3


@dataclass(frozen=True)
class Correlation:
    """A coefficient in [-1, 1], and the chance of one as large without any relation (two-sided)."""

    value: float
    p: float


@dataclass(frozen=True)
class SimilarityReport:
    """The agreement, and what it stands on.

    used, skipped : pairs whose words are known, and the others
    pearson, spearman : of the scores with the cosines, and of their ranks
    cosines : float64, one a judgement; NaN where it was skipped
    """

    used: int
    skipped: int
    pearson: Correlation
    spearman: Correlation
    cosines: NDArray[np.float64]


def correlate(
    index: SearchIndex,
    words: Sequence[str],
    judgements: Sequence[Judgement],
    *,
    restrict: int = FREQUENT,
    any_case: bool = True,
) -> SimilarityReport:
    """Compare judgements with cosines, for an index under cosine whose rows are these words.

    Words behind the first `restrict`, and those that the index cannot compare, count as unknown. Raises DataError
    where fewer than three pairs are known or nothing varies.
    """
    comparable = index.comparable
    known: dict[str, int] = {}
    for row, word in enumerate(words[:restrict]):
        if comparable[row]:
            known.setdefault(fold(word) if any_case else word, row)
    cosines = np.full(len(judgements), np.nan)
    for at, judgement in enumerate(judgements):
        a, b = (known.get(fold(word) if any_case else word) for word in (judgement.a, judgement.b))
        if a is not None and b is not None:
            cosines[at] = index.row(a) @ index.row(b)
    used = np.isfinite(cosines)
    count = int(np.count_nonzero(used))
    if count < _FEWEST:
        raise DataError(
            f"Only {count} of {len(judgements):,} pairs have words of this embedding; {_FEWEST} are needed.",
            "Choose a file in its language, or another column of words.",
        )
    scores = np.array([judgement.score for judgement in judgements])[used]
    if np.ptp(scores) == 0 or np.ptp(cosines[used]) == 0:
        raise DataError("These pairs have no correlation: all scores or all cosines are the same.")
    from scipy import stats  # here, because every start of the lab would wait for it

    pearson, spearman = stats.pearsonr(scores, cosines[used]), stats.spearmanr(scores, cosines[used])
    return SimilarityReport(
        count,
        len(judgements) - count,
        Correlation(float(pearson.statistic), float(pearson.pvalue)),
        Correlation(float(spearman.statistic), float(spearman.pvalue)),
        cosines,
    )
