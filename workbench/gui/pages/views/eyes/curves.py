"""The invariance curves: similarity of original and view by operation and strength."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from PySide6.QtWidgets import QComboBox, QWidget

from workbench.gui.bridge import Bridge
from workbench.gui.curves.export import save
from workbench.gui.curves.scene import ReferenceLine
from workbench.gui.curves.series import CurveOptions, SeriesStyle
from workbench.gui.curves.view import XAxis
from workbench.gui.explorer.colours import of_theme
from workbench.gui.explorer.palette import categorical
from workbench.gui.pages.explore.colouring import hex_of
from workbench.gui.pages.views.eyes.answers import curves_csv, number, refused_words, similarity_words
from workbench.gui.pages.views.eyes.choices import Encoder
from workbench.gui.pages.views.eyes.figure import Figure, framed
from workbench.gui.pages.views.eyes.levels import LevelTable, levels
from workbench.gui.pages.views.eyes.marked import MarkedView, error_bars
from workbench.gui.pages.views.eyes.question import Question
from workbench.gui.theme import current_theme

AXES = (XAxis("strength", "Strength (0 changes nothing, 1 is as stated)"),)
MODES = (
    ("pipeline", "Operations of the pipeline"),
    ("settings", "Settings of the pipeline, each alone"),
    ("all", "Every operation with a strength"),
)
MOST_IN_PLOT = 8
"""Curves that the plot's own legend has room for, and error bars; with more, the inspector's table is the legend."""
_SEPARATOR = "\n"
Answer = Mapping[str, Any]


class InvarianceFigure(Figure):
    """Curves of one encoder, and dashed those of another."""

    id = "invariance"
    title = "Invariance"
    tip = "How alike a picture and its view look to the encoder, by operation and strength"

    def __init__(self, bridge: Bridge) -> None:
        super().__init__(bridge)
        self.answer: Answer | None = None
        self.other: Answer | None = None
        self.compared: dict[str, Any] | None = None
        self._hidden: set[str] = set()
        self._question = Question(bridge, "encoder_invariance", "eyes-curves", self)
        self._second = Question(bridge, "encoder_invariance", "eyes-compare", self)
        self.standing(self._question, self._second)
        self._question.answered.connect(lambda found: self._show(found[0], self.other))
        self._second.answered.connect(lambda found: self._show(self.answer, found[0]))
        self.mode = QComboBox()
        self.mode.setAccessibleName("Which operations have a curve")
        for id_, title in MODES:
            self.mode.addItem(title, id_)
        self.mode.currentIndexChanged.connect(lambda _index: self.wanted.emit())
        self.view = MarkedView(of_theme(current_theme()), axes=AXES)
        self.view.set_title("Similarity to the original")
        self.view.set_options(CurveOptions(axis=AXES[0].key, smoothing=0.0))
        self.view.legend.toggled.connect(self._follow_legend)
        self.table = LevelTable()
        self.table.toggled.connect(self._toggle)
        self._lay_out()

    def _lay_out(self) -> None:
        self.column.addWidget(self.mode)
        self.column.addWidget(framed(self.view), 1)
        self.column.addWidget(self.caption)

    def ask(self, encoder: Encoder, step: int | None, common: Mapping[str, Any]) -> None:
        params = {**common, "operations": self.mode.currentData()}
        self._question.ask({**params, "encoder": encoder.document(self.app, step)})
        if self.compared is None:
            self._second.drop()
            if self.other is not None:
                self._show(self.answer, None)
        else:
            self._second.ask({**params, "encoder": self.compared})

    def clear(self) -> None:
        super().clear()
        self.answer = self.other = None
        for key in list(self.view.series):
            self.view.remove(key)
        self.view.set_lines(())
        self.table.show_levels([], set(), "")
        self.caption.clear()

    def retheme(self) -> None:
        self.view.set_plot_colours(of_theme(current_theme()))

    def side(self) -> QWidget:
        return self.table

    def csv(self) -> str:
        return curves_csv([answer for answer in (self.answer, self.other) if answer]) if self.answer else ""

    def draw_to(self, path: Path) -> None:
        save(self.view, path)

    def _show(self, answer: Answer | None, other: Answer | None) -> None:
        self.answer, self.other = answer, other
        if answer is None:
            return
        for key in list(self.view.series):
            self.view.remove(key)
        colours, few = _colours(answer, other), len(answer["curves"]) <= MOST_IN_PLOT
        for found, dashed in ((answer, False), (other, True)):
            for row in found["curves"] if found else ():
                self._add(row, colours[row["title"]], found["encoder"] if dashed and found else "", few)
        self.view.legend.setVisible(len(self.view.series) <= MOST_IN_PLOT)
        self.view.set_y_label(similarity_words(answer["centred"]))
        self.view.set_lines(_floors(answer, other))
        self.view.follow()
        self.caption.setText(_caption(answer))
        self._show_table()

    def _show_table(self) -> None:
        assert self.answer is not None
        head = "Mean and standard error; click to hide a curve."
        if self.other is not None:
            head = f"{self.answer['encoder']}, then dashed: {self.other['encoder']}."
        rows = levels(self.answer, self.other, _colours(self.answer, self.other))
        self.table.show_levels(rows, self._hidden, head)

    def _toggle(self, title: object) -> None:
        """Hide or show the curves of an operation, of both encoders."""
        self._hidden ^= {str(title)}
        for key in self.view.series:
            if key.partition(_SEPARATOR)[2] == title:
                self.view.set_visible(key, title not in self._hidden)
        self._show_table()

    def _follow_legend(self, key: object) -> None:
        """The legend in the plot hides one encoder's curve; the table goes with that of the first."""
        encoder, _, title = str(key).partition(_SEPARATOR)
        if not encoder:
            self._hidden ^= {title}
            self._show_table()

    def _add(self, row: Mapping[str, Any], colour: str, encoder: str, barred: bool) -> None:
        title = f"{row['title']} · {encoder}" if encoder else str(row["title"])
        style = SeriesStyle(title, colour, dashed=bool(encoder))
        key = f"{encoder}{_SEPARATOR}{row['title']}"
        self.view.set_series(key, {AXES[0].key: row["strengths"]}, row["similarity"], style)
        if barred:
            self.view.set_mark(key, *error_bars(row["strengths"], row["similarity"], row["error"]))
        self.view.set_visible(key, row["title"] not in self._hidden)


def _colours(answer: Answer, other: Answer | None) -> dict[str, str]:
    """One colour an operation, the same for both encoders; by name, so that a curve keeps it when the order changes."""
    titles = {str(row["title"]) for found in (answer, other) if found for row in found["curves"]}
    return {title: hex_of(colour) for title, colour in zip(sorted(titles), categorical(len(titles)), strict=True)}


def _floors(answer: Answer, other: Answer | None) -> Sequence[ReferenceLine]:
    level = float(answer["different"]["similarity"])
    lines = [ReferenceLine(level, f"two different pictures {number(level, 2)}")]
    if other is not None:
        level = float(other["different"]["similarity"])
        lines.append(ReferenceLine(level, f"two different pictures, {other['encoder']} {number(level, 2)}", below=True))
    return lines


def _caption(answer: Answer) -> str:
    said = f"{answer['samples']} pictures of the test split at {answer['size']} px, each operation alone with p = 1"
    if len(answer["curves"]) > MOST_IN_PLOT:
        said += ". The inspector names the curves."
    else:
        said += ", ± one standard error. A dot is an operation without a strength."
    return f"{said} {refused_words(answer['refused'])}".strip()
