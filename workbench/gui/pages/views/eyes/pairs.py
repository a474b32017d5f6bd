"""Positive against negative pairs under the pipeline, with alignment and uniformity."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from PySide6.QtWidgets import QGridLayout, QLabel, QWidget

from workbench.gui.bridge import Bridge
from workbench.gui.curves.export import save
from workbench.gui.curves.series import CurveOptions, SeriesStyle
from workbench.gui.curves.view import XAxis
from workbench.gui.explorer.colours import of_theme
from workbench.gui.pages.views.eyes.answers import number, outline, pairs_csv, similarity_words
from workbench.gui.pages.views.eyes.choices import Encoder
from workbench.gui.pages.views.eyes.figure import Figure, framed
from workbench.gui.pages.views.eyes.marked import MarkedView
from workbench.gui.pages.views.eyes.question import Question
from workbench.gui.theme import current_theme
from workbench.gui.theme.tokens import SPACE_L, SPACE_XS
from workbench.gui.widgets.basics import label

_FIGURES = (
    ("positive_mean", "Positive pairs", "mean similarity of two views of one picture"),
    ("negative_mean", "Negative pairs", "mean similarity of views of two different pictures"),
    ("alignment", "Alignment", "mean squared distance of positive pairs: 0 to 4, lower is closer (α = 2)"),
    ("uniformity", "Uniformity", "log of the mean potential of all pairs: −8 to 0, lower is more spread out (t = 2)"),
)


class PairsFigure(Figure):
    """Two histograms over one axis."""

    id = "pairs"
    title = "Pairs"
    tip = "Similarity of positive and of negative pairs under the pipeline"

    def __init__(self, bridge: Bridge) -> None:
        super().__init__(bridge)
        self.result: dict[str, Any] | None = None
        self.positive = self.negative = np.zeros(0)
        question = Question(bridge, "encoder_pairs", "eyes-pairs", self)
        question.answered.connect(lambda found: self._show(*found))
        self.standing(question)
        self.view = MarkedView(of_theme(current_theme()), axes=_axes(True))
        self.view.set_title("Pairs under this pipeline")
        self.view.set_y_label("Share of pairs (%)")
        self.view.set_options(CurveOptions(axis="similarity", smoothing=0.0))
        self.values: dict[str, QLabel] = {}
        self.column.addWidget(framed(self.view), 1)
        self.column.addWidget(self._tiles())
        self.column.addWidget(self.caption)

    def ask(self, encoder: Encoder, step: int | None, common: Mapping[str, Any]) -> None:
        self.questions[0].ask({**common, "encoder": encoder.document(self.app, step)})

    def clear(self) -> None:
        super().clear()
        self.result = None
        for key in list(self.view.series):
            self.view.remove(key)
        for value in self.values.values():
            value.setText("–")
        self.caption.clear()

    def retheme(self) -> None:
        self.view.set_plot_colours(of_theme(current_theme()))

    def csv(self) -> str:
        return "" if self.result is None else pairs_csv(self.result, self.positive, self.negative)

    def draw_to(self, path: Path) -> None:
        save(self.view, path)

    def _tiles(self) -> QWidget:
        tiles = QWidget()
        grid = QGridLayout(tiles)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setHorizontalSpacing(SPACE_L)
        grid.setVerticalSpacing(SPACE_XS)
        for at, (name, title, tip) in enumerate(_FIGURES):
            self.values[name] = label("–", "heading")
            for row, part in enumerate((label(title, "caption"), self.values[name])):
                part.setToolTip(tip[0].upper() + tip[1:] + ".")
                grid.addWidget(part, row, at)
        return tiles

    def _show(self, result: dict[str, Any], arrays: Mapping[str, Any]) -> None:
        self.result, self.positive, self.negative = result, arrays["positive"], arrays["negative"]
        palette = current_theme().palette
        self.view.axes = _axes(bool(result["centred"]))
        for values, key, colour in (
            (self.positive, "Positive pairs", palette[0]),
            (self.negative, "Negative pairs", palette[2]),
        ):
            x, y = outline(values)
            self.view.set_series(key, {"similarity": x}, y, SeriesStyle(f"{key} ({len(values):,})", colour))
            self.view.set_mark(key, [values.mean()] * 2, [0.0, y.max()], dashed=True)
        self.view.follow()
        for name, value in self.values.items():
            value.setText(number(result[name]))
        vectors = "centred on the mean of the originals" if result["centred"] else "as they are"
        self.caption.setText(
            f"Two views of {result['samples']} pictures of the test split at {result['size']} px; dashed: the means. "
            f"All four figures are of the encoder's features {vectors}, at unit length."
        )


def _axes(centred: bool) -> tuple[XAxis, ...]:
    return (XAxis("similarity", similarity_words(centred)),)
