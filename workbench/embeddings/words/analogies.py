"""How many analogies of a benchmark file an embedding solves.

The rules are those of word2vec's `compute-accuracy` (Mikolov et al. 2013, "Efficient Estimation of Word
Representations in Vector Space", section 4.1): only the most frequent words take part, case does not count, a question
with an unknown word is skipped and counted, and the words of the question are no answers, in whichever case.

Legend: Q questions, V words that take part, B and C blocks of them, K kept, D width.
"""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.typing import NDArray

from workbench.core.errors import DataError
from workbench.data.base import Progress, no_progress
from workbench.embeddings.search.index import SearchIndex
from workbench.embeddings.search.kernels import fold_across
from workbench.embeddings.search.sharing import share, workers
from workbench.embeddings.words.arithmetic import EPSILON, Method
from workbench.embeddings.words.files import Question
from workbench.embeddings.words.vocabulary import Vocabulary, fold

FREQUENT = 300_000
_LOOKED_AT = 5
_KEPT = _LOOKED_AT + 3
_QUESTIONS, _WORDS = 512, 8192

Rows = NDArray[np.int64]


@dataclass(frozen=True)
class Score:
    """Of a section, or of several.

    asked : questions whose words are all known; skipped : the others
    """

    name: str
    correct: int
    asked: int
    skipped: int

    @property
    def accuracy(self) -> float | None:
        """Share of the asked that was solved; None where nothing was asked."""
        return self.correct / self.asked if self.asked else None


@dataclass(frozen=True)
class AnalogyReport:
    """What was solved.

    sections : in the order of the file
    semantic, syntactic : sections by kind; those whose names begin with "gram" are syntactic
    answers : int64 (Q,), the row answered; -1 where the question was skipped
    correct : bool (Q,)
    """

    sections: tuple[Score, ...]
    semantic: Score
    syntactic: Score
    total: Score
    answers: Rows
    correct: NDArray[np.bool_]


def solve_analogies(
    index: SearchIndex,
    vocabulary: Vocabulary,
    questions: Sequence[Question],
    *,
    restrict: int = FREQUENT,
    any_case: bool = True,
    method: Method = "add",
    progress: Progress = no_progress,
) -> AnalogyReport:
    """Answer every question whose four words are among the first `restrict` rows.

    Parameters
    ----------
    index : under cosine; words that it cannot compare (zero or not finite vectors) count as unknown
    vocabulary : of the same rows
    any_case : whether case is ignored
    method : 3CosAdd or 3CosMul, see `arithmetic`

    Raises
    ------
    DataError : no question has only known words
    and what `progress` raises
    """
    spelt = [fold(word) if any_case else word for word in vocabulary.words[:restrict]]
    comparable = index.comparable
    known: dict[str, int] = {}
    for row, word in enumerate(spelt):
        if comparable[row]:
            known.setdefault(word, row)
    rows_Q4 = np.array([_rows_of(question, known, any_case) for question in questions], dtype=np.int64)
    asked = np.flatnonzero((rows_Q4 >= 0).all(axis=1))
    if not len(asked):
        raise DataError(
            f"None of {len(questions):,} analogies has only words of this embedding.",
            "Choose a file in its language, or another column of words.",
        )
    answers = np.full(len(questions), -1, dtype=np.int64)
    solver = _Solver(index, len(spelt), method)
    with workers() as pool:
        for start in range(0, len(asked), _QUESTIONS):
            progress(start / len(asked), "Solving analogies")
            part = asked[start : start + _QUESTIONS]
            best_BK = solver.best(rows_Q4[part, :3], pool)
            answers[part] = [_answer(best_K, rows_Q4[q, :3], spelt) for q, best_K in zip(part, best_BK, strict=True)]
    progress(1.0, "Solving analogies")
    correct = np.zeros(len(questions), dtype=np.bool_)
    correct[asked] = [spelt[answers[q]] == spelt[rows_Q4[q, 3]] for q in asked]
    return _report(questions, answers, correct)


def _rows_of(question: Question, known: dict[str, int], any_case: bool) -> tuple[int, ...]:
    words = (question.a, question.b, question.c, question.answer)
    return tuple(known.get(fold(word) if any_case else word, -1) for word in words)


class _Solver:
    """Finds the best rows for many questions at once, by products of blocks of questions with blocks of words."""

    def __init__(self, index: SearchIndex, words: int, method: Method) -> None:
        self._index, self._words, self._method = index, words, method
        # Rows that cannot be compared get NaN, which is larger than nothing.
        self._offset_V = np.where(index.comparable[:words], 0, np.nan).astype(np.float32)
        self._nothing_V = np.zeros(words, np.float32)

    def best(self, rows_B3: Rows, pool: ThreadPoolExecutor) -> Rows:
        """The K best rows for each of B questions (rows of A, B and C), best first; those three may be among them."""
        count = len(rows_B3)
        units_3BD = np.stack([[self._index.row(int(row)) for row in rows_B] for rows_B in rows_B3.T])
        scores_BK = np.full((count, _KEPT), -np.inf, np.float32)
        index_BK = np.full((count, _KEPT), -1, np.int64)
        nobody_B, nothing_B = np.full(count, -1), np.zeros(count, np.float32)
        for start in range(0, self._words, _WORDS):
            columns = slice(start, min(start + _WORDS, self._words))
            block_BC = self._scores(units_3BD, columns)
            fold = partial(
                _fold, block_BC, columns, nobody_B, self._offset_V, nothing_B, self._nothing_V, scores_BK, index_BK
            )
            share(pool, count, fold)
        order_BK = np.lexsort((index_BK, -scores_BK), axis=1)
        return np.take_along_axis(index_BK, order_BK, axis=1)

    def _scores(self, units_3BD: NDArray[np.float64], columns: slice) -> NDArray[np.float32]:
        """3CosAdd up to a constant of the question, or 3CosMul, (B, C)."""
        points = self._index.points
        rows_CD = points.block(columns)
        a_BD, b_BD, c_BD = units_3BD
        if self._method == "add":
            return np.asarray((b_BD - a_BD + c_BD).astype(np.float32) @ rows_CD.T)
        raised = []
        for unit_BD in units_3BD:
            # The rows are centred and scaled: this is (cosine + 1) / 2 again.
            block_BC = (unit_BD / (2 * points.scale)).astype(np.float32) @ rows_CD.T
            block_BC += ((unit_BD @ points.middle + 1) / 2).astype(np.float32)[:, None]
            raised.append(block_BC)
        return np.asarray(raised[1] * raised[2] / (raised[0] + np.float32(EPSILON)))


def _fold(
    block_BC: NDArray[np.float32], columns: slice, nobody_B: Rows, offset_V: NDArray[np.float32],
    nothing_B: NDArray[np.float32], nothing_V: NDArray[np.float32], scores_BK: NDArray[np.float32], index_BK: Rows,
    band: slice,
) -> None:  # fmt: skip
    fold_across(
        block_BC[band], nobody_B[band], columns.start, offset_V[columns], nothing_B[band], nothing_V[columns],
        scores_BK[band], index_BK[band],
    )  # fmt: skip


def _answer(best_K: Rows, inputs: Rows, spelt: Sequence[str]) -> int:
    """The first row that is no word of the question; only five are looked at, as word2vec does."""
    words = {spelt[row] for row in inputs}
    others = [int(row) for row in best_K if row >= 0 and row not in inputs][:_LOOKED_AT]
    return next((row for row in others if spelt[row] not in words), others[-1] if others else int(inputs[0]))


def _report(questions: Sequence[Question], answers: Rows, correct: NDArray[np.bool_]) -> AnalogyReport:
    names = np.array([question.section for question in questions])
    sections = tuple(_score(name, names == name, answers, correct) for name in dict.fromkeys(names.tolist()))
    grammar = np.char.startswith(names, "gram")
    semantic, syntactic = (_score(*part, answers, correct) for part in (("semantic", ~grammar), ("syntactic", grammar)))
    every = np.ones(len(names), dtype=np.bool_)
    return AnalogyReport(sections, semantic, syntactic, _score("all", every, answers, correct), answers, correct)


def _score(name: str, among: NDArray[np.bool_], answers: Rows, correct: NDArray[np.bool_]) -> Score:
    asked = int(np.count_nonzero(among & (answers >= 0)))
    return Score(name, int(np.count_nonzero(among & correct)), asked, int(np.count_nonzero(among)) - asked)
