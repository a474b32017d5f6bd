"""The legend beside the map: categories that can be switched off and on, or a colour bar."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QEvent, QRectF, Qt, Signal
from PySide6.QtGui import QColor, QPainter, QPaintEvent, QPalette
from PySide6.QtWidgets import QLabel, QStackedWidget, QVBoxLayout, QWidget

from workbench.gui.explorer.colours import PlotColours
from workbench.gui.explorer.legend_paint import (
    SWATCH_PX,
    Category,
    LegendContent,
    Ramp,
    format_value,
    gradient,
    missing_text,
)
from workbench.gui.explorer.legend_rows import LEFT, MOST_ROWS, SPACE_PX, RowList, Rows, by_size
from workbench.gui.widgets.basics import label
from workbench.gui.widgets.search_field import SearchField

MANY = 30
"""With more categories than this they can be searched."""


class Legend(QWidget):
    """What the colours mean.

    A click on a category (or Space) hides or shows its points; a double click (or Shift and Space) shows it alone, and
    once more all. Of very many categories the largest are listed; the others are found by name.

    Signals
    -------
    visibility_changed(object) : frozenset of the codes that are hidden now
    """

    visibility_changed = Signal(object)

    def __init__(self, colours: PlotColours, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._content = LegendContent()
        self._title = QLabel(self)
        self._order: list[int] = []
        self.search = SearchField("Find a name", self)
        self._model = Rows(self)
        self._list = RowList(self._model, self)
        self._foot = label("", "caption")
        self._bar = _ColourBar(self)
        self._stack = QStackedWidget(self)
        self._stack.addWidget(self._list)
        self._stack.addWidget(self._bar)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 8, 0, 8)
        layout.setSpacing(4)
        self._title.setContentsMargins(5, 0, 0, 0)
        for part in (self._title, self.search, self._stack, self._foot):
            layout.addWidget(part)
        self._foot.setContentsMargins(5, 0, 0, 0)
        self.search.hide()
        self._foot.hide()
        self.search.searched.connect(lambda _text: self._list_rows())
        self._list.toggled.connect(self._toggle)
        self._list.isolated.connect(self._isolate)
        self.setAccessibleName("Legend")
        self.set_plot_colours(colours)

    def set_categories(self, title: str, categories: Sequence[Category]) -> None:
        """Show categories, the i-th for colour code i, all of them switched on."""
        self._show(LegendContent(title, tuple(categories)))
        self._stack.setCurrentWidget(self._list)

    def set_ramp(self, title: str, ramp: Ramp) -> None:
        """Show a colour bar with its lowest and highest value."""
        self._show(LegendContent(title, ramp=ramp))
        self._bar.ramp = ramp
        self._stack.setCurrentWidget(self._bar)

    def set_hidden(self, hidden: frozenset[int]) -> None:
        """Switch exactly these codes off, without a signal."""
        self._content = replace(self._content, hidden=hidden)
        self._model.show(self._content, self._model.codes)

    def set_plot_colours(self, colours: PlotColours) -> None:
        """Change the theme's colours."""
        palette = QPalette(self.palette())
        for role, name in (
            (QPalette.ColorRole.Base, colours.background), (QPalette.ColorRole.Window, colours.background),
            (QPalette.ColorRole.Text, colours.foreground), (QPalette.ColorRole.WindowText, colours.foreground),
            (QPalette.ColorRole.PlaceholderText, colours.muted), (QPalette.ColorRole.Highlight, colours.accent),
            (QPalette.ColorRole.Mid, colours.grid),
        ):  # fmt: skip
            palette.setColor(role, QColor(name))
        for widget in (self, self._title, self._list, self._bar):
            widget.setPalette(palette)

    @property
    def content(self) -> LegendContent:
        """What the legend says now, with the hidden codes; the export paints it."""
        return self._content

    @property
    def hidden(self) -> frozenset[int]:
        return self._content.hidden

    def _show(self, content: LegendContent) -> None:
        if content.title != self._content.title:
            self.search.clear()
            self.search.search_now()
        self._content = content
        self._order = by_size(content.categories)
        self._title.setText(content.title)
        self._title.setVisible(bool(content.title))
        self.search.setVisible(len(content.categories) > MANY)
        self._list_rows()

    def _list_rows(self) -> None:
        """List what is found, at most `MOST_ROWS`, and say of how many."""
        names, wanted = self._content.categories, self.search.text().strip().casefold()
        finds = bool(wanted) and len(names) > MANY
        found = [code for code in self._order if wanted in names[code].name.casefold()] if finds else self._order
        self._model.show(self._content, found[:MOST_ROWS])
        words = found_words(len(found), len(names), finds=finds)
        self._foot.setText(words)
        self._foot.setVisible(bool(words))

    def _toggle(self, code: int) -> None:
        self._change(self.hidden ^ {code})

    def _isolate(self, code: int) -> None:
        others = frozenset(range(len(self._content.categories))) - {code}
        self._change(frozenset() if self.hidden == others else others)

    def _change(self, hidden: frozenset[int]) -> None:
        self.set_hidden(hidden)
        self.visibility_changed.emit(hidden)


def visible_mask(codes: NDArray[np.integer[Any]], hidden: frozenset[int]) -> NDArray[np.bool_] | None:
    """The map's mask (N,) for the hidden codes; None where nothing is hidden."""
    if not hidden:
        return None
    shown = np.ones(max(int(codes.max(initial=0)), *hidden) + 1, np.bool_)
    shown[list(hidden)] = False
    return np.asarray(shown[codes])


def found_words(found: int, count: int, *, finds: bool) -> str:
    """What stands below the rows where not all categories are listed; "" where they are."""
    if finds and not found:
        return "No name has this in it"
    if found > MOST_ROWS:
        return f"The largest {MOST_ROWS} of {found:,}"
    return f"{found:,} of {count:,}" if finds else ""


class _ColourBar(QWidget):
    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self._ramp: Ramp | None = None
        self.setMinimumSize(90, 140)

    @property
    def ramp(self) -> Ramp | None:
        return self._ramp

    @ramp.setter
    def ramp(self, ramp: Ramp) -> None:
        self._ramp = ramp
        self.setAccessibleName(f"Colours from {format_value(ramp.low)} to {format_value(ramp.high)}")
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        if self._ramp is None:
            return
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        foot = 34 if self._ramp.missing else 10
        bar = QRectF(5, 10, 16, max(40, min(self.height() - foot - 10, 260)))
        painter.fillRect(bar, gradient(self._ramp, bar))
        painter.setPen(self.palette().color(QPalette.ColorRole.Text))
        for share in (0.0, 0.25, 0.5, 0.75, 1.0):
            value = self._ramp.low + share * (self._ramp.high - self._ramp.low)
            y = bar.bottom() - share * bar.height()
            painter.drawText(QRectF(bar.right() + SPACE_PX, y - 10, self.width(), 20), LEFT, format_value(value))
        if self._ramp.missing:
            self._paint_missing(painter, bar.bottom() + 16, self._ramp)

    def _paint_missing(self, painter: QPainter, top: float, ramp: Ramp) -> None:
        painter.drawText(QRectF(5 + 16 + SPACE_PX, top, self.width(), 20), LEFT, missing_text(ramp))
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(ramp.missing_colour))
        painter.drawEllipse(QRectF(5 + 8 - SWATCH_PX / 2, top + 10 - SWATCH_PX / 2, SWATCH_PX, SWATCH_PX))

    def changeEvent(self, event: QEvent) -> None:
        if event.type() == QEvent.Type.PaletteChange:
            self.update()
        super().changeEvent(event)
