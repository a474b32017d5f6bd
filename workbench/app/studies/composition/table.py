"""The composition study's table: rows are applied first, columns second."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import fmean

from workbench.app.studies.composition.plan import CompositionPlan
from workbench.app.studies.folder import Study
from workbench.app.studies.results import CellResult, Results, Score, score_of


class Table:
    """Runs by the pair of distortions that they trained with."""

    def __init__(self, plan: CompositionPlan, results: Results) -> None:
        self.plan = plan
        self.results = results
        self._by_pair: dict[tuple[str, str], list[CellResult]] = {}
        for run in results.runs:
            first, second = run.cell.names
            self._by_pair.setdefault((first, second), []).append(run)
        if plan.symmetric:
            for (first, second), found in list(self._by_pair.items()):
                self._by_pair.setdefault((second, first), found)

    @classmethod
    def of(cls, study: Study, results: Results) -> Table:
        """The table of a study of this kind."""
        assert isinstance(study.plan, CompositionPlan)
        return cls(study.plan, results)

    def runs(self, first: str, second: str) -> Sequence[CellResult]:
        """The runs of a cell, one a seed."""
        return self._by_pair[first, second]

    def score(self, first: str, second: str) -> Score | None:
        """What the runs of a cell that are done say."""
        return score_of(self.runs(first, second))

    def average(self, first: str) -> float | None:
        """The mean over the cells of a row that have a score, as in the last column of the paper's figure."""
        scores = [self.score(first, second) for second in self.plan.ops]
        found = [score.mean for score in scores if score is not None]
        return fmean(found) if found else None

    def best(self) -> tuple[str, str] | None:
        """The cell with the highest mean."""
        scored = {pair: score.mean for pair in self._by_pair if (score := self.score(*pair)) is not None}
        return max(scored, key=lambda pair: scored[pair]) if scored else None
