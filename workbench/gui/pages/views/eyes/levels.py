"""The curves by name with their values at strength 1, the most invariant first: legend and table in one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from PySide6.QtCore import QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QFontMetrics, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QAbstractButton, QSizePolicy, QVBoxLayout, QWidget

from workbench.gui.curves.legend import Entry, paint_entry
from workbench.gui.explorer.colours import of_theme
from workbench.gui.pages.views.eyes.answers import number
from workbench.gui.theme import current_theme
from workbench.gui.theme.apply import mono_font
from workbench.gui.theme.tokens import SPACE_S
from workbench.gui.widgets.basics import label

_ROW_PX = 24
Answer = Mapping[str, Any]


@dataclass(frozen=True)
class Level:
    """One operation: its words, its colour, and its similarity at strength 1 to one or two encoders."""

    title: str
    colour: str
    words: str


def levels(answer: Answer, other: Answer | None, colours: Mapping[str, str]) -> list[Level]:
    """The rows of the table; with another encoder its value stands behind, without the errors."""
    second = {row["title"]: row["level"] for row in other["curves"]} if other else {}
    rows = []
    for row in answer["curves"]:
        title = str(row["title"])
        error = row["error"][list(row["strengths"]).index(1.0)]
        words = f"{number(row['level'])} ± {number(error)}"
        if other is not None:
            words = f"{number(row['level'])}  {number(second[title]) if title in second else '–'}"
        rows.append(Level(title, colours[title], words))
    return rows


class LevelTable(QWidget):
    """Rows that hide or show their curve when they are pressed.

    Signals
    -------
    toggled(title) : a row was pressed
    """

    toggled = Signal(object)

    def __init__(self) -> None:
        super().__init__()
        self.head = label("", "caption", wrap=True)
        self.rows: list[LevelRow] = []
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(0, 0, 0, 0)
        self._column.setSpacing(0)
        self._column.addWidget(self.head)

    def show_levels(self, shown: list[Level], hidden: set[str], head: str) -> None:
        """Show these rows; those whose title is in `hidden` are grey."""
        while len(self.rows) > len(shown):
            row = self.rows.pop()
            row.hide()
            row.deleteLater()
        while len(self.rows) < len(shown):
            row = LevelRow(self)
            row.clicked.connect(lambda _checked=False, row=row: self.toggled.emit(row.level.title))
            self._column.addWidget(row)
            self.rows.append(row)
        for row, level in zip(self.rows, shown, strict=True):
            row.take(level, level.title not in hidden)
        self.head.setText(head)


class LevelRow(QAbstractButton):
    """A piece of the curve's line, its title and its value."""

    level = Level("", "#000000", "")
    seen = True

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)

    def take(self, level: Level, seen: bool) -> None:
        """Show this."""
        self.level, self.seen = level, seen
        self.setToolTip(f"{level.title}: {level.words}. Click to {'hide' if seen else 'show'} the curve.")
        self.setAccessibleName(f"{level.title}, {level.words}, {'shown' if seen else 'hidden'}")
        self.update()

    def sizeHint(self) -> QSize:
        return QSize(200, _ROW_PX)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter, colours = QPainter(self), of_theme(current_theme())
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        mono = mono_font()
        value_px = QFontMetrics(mono).horizontalAdvance(self.level.words)
        area = QRectF(self.rect())
        entry = Entry("", self.level.title, self.level.colour, visible=self.seen)
        paint_entry(painter, area.adjusted(-SPACE_S / 2, 0, -value_px - SPACE_S, 0), entry, colours)
        painter.setFont(mono)
        painter.setPen(QColor(colours.foreground if self.seen else colours.muted))
        painter.drawText(area, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter, self.level.words)
        if self.hasFocus():
            painter.setPen(QPen(QColor(colours.accent), 1.5))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRoundedRect(area.adjusted(1, 1, -1, -1), 3, 3)
