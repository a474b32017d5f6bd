"""In which sense others are near."""

from __future__ import annotations

from PySide6.QtCore import QSignalBlocker
from PySide6.QtWidgets import QComboBox

from workbench.runs.embedding_meta import SearchMetric

METRICS: dict[SearchMetric, str] = {"cosine": "Cosine", "euclidean": "Euclidean", "dot": "Dot product"}


class MetricBox(QComboBox):
    """Chooses one of the metrics of a search."""

    def __init__(self) -> None:
        super().__init__()
        self.setAccessibleName("Metric")
        self.setToolTip("In which sense others are near")
        for title in METRICS.values():
            self.addItem(title)

    @property
    def chosen(self) -> SearchMetric:
        return list(METRICS)[self.currentIndex()]

    def show_metric(self, metric: SearchMetric) -> None:
        """Show another one, without a signal."""
        blocker = QSignalBlocker(self)
        self.setCurrentIndex(list(METRICS).index(metric))
        blocker.unblock()
