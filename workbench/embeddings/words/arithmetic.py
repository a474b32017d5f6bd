"""Sums and analogies of vectors.

A is to B as C is to D is solved for D among all rows but A, B and C (Levy and Goldberg 2014, "Linguistic Regularities
in Sparse and Explicit Word Representations"):

    3CosAdd   argmax cos(D, B - A + C), the vectors of length 1                               equation 2
    3CosMul   argmax cos'(D, B) cos'(D, C) / (cos'(D, A) + 0.001),   cos' = (cos + 1) / 2      equation 4

Legend: N rows, D width, K candidates.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from workbench.core.errors import DataError
from workbench.embeddings.search.index import MOST_NEIGHBOURS, SearchIndex
from workbench.runs.embedding_set import Neighbours

Method = Literal["add", "mul"]
EPSILON = 0.001
_NOTHING = 1e-9


@dataclass(frozen=True)
class Term:
    """A row that is added (+1) or taken away (-1)."""

    row: int
    sign: int = 1


@dataclass(frozen=True)
class Candidates:
    """Answers, best first: rows int64 (K,) and scores float64 (K,)."""

    rows: NDArray[np.int64]
    scores: NDArray[np.float64]


def signed_sum(index: SearchIndex, terms: Sequence[Term]) -> NDArray[np.float64]:
    """The sum (D,) of the terms, their vectors of length 1 under cosine.

    Raises DataError where there is no term, a term has no vector or the terms cancel out.
    """
    if not terms:
        raise DataError("A sum needs at least one term.")
    total = sum((term.sign * index.row(term.row) for term in terms), np.zeros(index.points.vectors.shape[1]))
    size = max(float(np.linalg.norm(index.row(term.row))) for term in terms)
    if index.metric == "cosine" and float(np.linalg.norm(total)) <= _NOTHING * size:
        raise DataError("The terms cancel out: nothing is left to look for.", "Change one of them.")
    return total


def combine(index: SearchIndex, terms: Sequence[Term], k: int) -> Neighbours:
    """The k rows nearest to the sum of the terms, which are left out themselves; raises DataError as `signed_sum`."""
    inputs = np.unique([term.row for term in terms])
    return index.nearest(signed_sum(index, terms), k, leave_out=inputs)


def analogy(index: SearchIndex, a: int, b: int, c: int, k: int, method: Method = "add") -> Candidates:
    """The k best answers to "row a is to row b as row c is to what", for an index under cosine.

    Scores are the cosine with B - A + C, and the product of equation 4. Raises DataError where a row has no vector.
    """
    if method == "mul":
        return _by_products(index, (a, b, c), k)
    terms = (Term(b), Term(a, -1), Term(c))
    rows = combine(index, terms, k).index
    return Candidates(rows, index.cosines(signed_sum(index, terms), rows))


def product_score(
    to_a: NDArray[np.float64], to_b: NDArray[np.float64], to_c: NDArray[np.float64]
) -> NDArray[np.float64]:
    """The score of 3CosMul from the cosines with A, B and C; shapes alike."""
    score: NDArray[np.float64] = (to_b + 1) * (to_c + 1) / (2 * (to_a + 1) + 4 * EPSILON)
    return score


def _by_products(index: SearchIndex, rows: tuple[int, int, int], k: int) -> Candidates:
    """As in `search`: bounds from float32 cosines, then the rows that may be among the k best in float64."""
    if not 0 <= k <= MOST_NEIGHBOURS:
        raise DataError(f"{k} candidates cannot be listed.", f"Ask for 0 to {MOST_NEIGHBOURS:,}.")
    queries = np.stack([index.row(row) for row in rows])
    (to_a, to_b, to_c), error = index.similarities(queries)
    highest = product_score(np.maximum(to_a - error, -1), to_b + error, to_c + error)
    lowest = product_score(to_a + error, np.maximum(to_b - error, -1), np.maximum(to_c - error, -1))
    for bound in (highest, lowest):
        bound[~index.comparable] = -np.inf
        bound[list(rows)] = -np.inf
    k = min(k, int(np.count_nonzero(np.isfinite(lowest))))
    if k == 0:
        return Candidates(np.empty(0, np.int64), np.empty(0))
    near = np.flatnonzero(highest >= np.partition(lowest, -k)[-k])
    scores = product_score(*(index.cosines(query, near) for query in queries))
    order = np.argsort(-scores, kind="stable")[:k]
    return Candidates(near[order].astype(np.int64), scores[order])
