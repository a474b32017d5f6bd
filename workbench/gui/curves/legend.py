"""The legend above the curves: one entry a run, in rows; a click hides or shows it. Painted alike when saved."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from PySide6.QtCore import QEvent, QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QFont, QFontMetricsF, QPainter, QPaintEvent, QPen, QResizeEvent
from PySide6.QtWidgets import QAbstractButton, QSizePolicy, QWidget

from workbench.gui.explorer.colours import PlotColours

ROW_PX = 24.0
_LINE_PX, _PAD_PX = 16.0, 6.0


@dataclass(frozen=True)
class Entry:
    """One curve: key, text, colour and whether it is drawn."""

    key: str
    text: str
    colour: str
    dashed: bool = False
    visible: bool = True


def entry_width(text: str, font: QFont, most: float) -> float:
    """Pixels that an entry takes, at most `most`."""
    return min(_LINE_PX + 3 * _PAD_PX + QFontMetricsF(font).horizontalAdvance(text) + 2, most)


def flow(entries: Sequence[Entry], width: float, font: QFont) -> list[QRectF]:
    """Where the entries lie, row by row, in a given width."""
    places, x, y = [], 0.0, 0.0
    for entry in entries:
        wide = entry_width(entry.text, font, width)
        if x > 0 and x + wide > width:
            x, y = 0.0, y + ROW_PX
        places.append(QRectF(x, y, wide, ROW_PX))
        x += wide + _PAD_PX
    return places


def flow_height(places: Sequence[QRectF]) -> float:
    return places[-1].bottom() if places else 0.0


def paint_entry(painter: QPainter, area: QRectF, entry: Entry, colours: PlotColours) -> None:
    """A piece of the line and the text; a hidden curve is grey."""
    pen = QPen(QColor(entry.colour if entry.visible else colours.grid), 2.5)
    pen.setCapStyle(Qt.PenCapStyle.FlatCap)
    if entry.dashed:
        pen.setDashPattern([1.6, 0.8])
    painter.setPen(pen)
    left = area.left() + _PAD_PX
    painter.drawLine(QPointF(left, area.center().y()), QPointF(left + _LINE_PX, area.center().y()))
    painter.setPen(QColor(colours.foreground if entry.visible else colours.muted))
    text_area = area.adjusted(_LINE_PX + 2 * _PAD_PX, 0, 0, 0)
    text = QFontMetricsF(painter.font()).elidedText(entry.text, Qt.TextElideMode.ElideRight, text_area.width())
    painter.drawText(text_area, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft, text)


class CurveLegend(QWidget):
    """Entries as buttons that flow over as many rows as they need.

    Signals
    -------
    toggled(object) : the key of the curve to show or hide
    """

    toggled = Signal(object)

    def __init__(self, colours: PlotColours, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.colours = colours
        self._buttons: list[_EntryButton] = []
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setAccessibleName("Legend of the curves")

    @property
    def entries(self) -> list[Entry]:
        return [button.entry for button in self._buttons]

    def button(self, key: str) -> QAbstractButton:
        """The button of a curve; raises KeyError where there is none."""
        return {button.entry.key: button for button in self._buttons}[key]

    def show_entries(self, entries: Sequence[Entry]) -> None:
        """Show these entries; buttons are kept where the keys are the same, so that the focus stays."""
        if list(entries) == self.entries:
            return
        if [entry.key for entry in entries] != [button.entry.key for button in self._buttons]:
            for button in self._buttons:
                button.hide()
                button.deleteLater()
            self._buttons = [_EntryButton(entry, self) for entry in entries]
            for button in self._buttons:
                button.show()
        for button, entry in zip(self._buttons, entries, strict=True):
            button.take(entry)
        self._arrange()

    def set_plot_colours(self, colours: PlotColours) -> None:
        self.colours = colours
        for button in self._buttons:
            button.update()

    def _arrange(self) -> None:
        places = flow(self.entries, max(self.width(), 60), self.font())
        for button, place in zip(self._buttons, places, strict=True):
            button.setGeometry(place.toRect())
        self.setFixedHeight(round(flow_height(places)))

    def resizeEvent(self, event: QResizeEvent) -> None:
        if event.size().width() != event.oldSize().width():
            self._arrange()

    def changeEvent(self, event: QEvent) -> None:
        if event.type() == QEvent.Type.FontChange:
            self._arrange()
        super().changeEvent(event)


class _EntryButton(QAbstractButton):
    def __init__(self, entry: Entry, legend: CurveLegend) -> None:
        super().__init__(legend)
        self.entry = entry
        self._legend = legend
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.clicked.connect(lambda: legend.toggled.emit(self.entry.key))

    def take(self, entry: Entry) -> None:
        self.entry = entry
        self.setToolTip(f"{entry.text}: click to {'hide' if entry.visible else 'show'}.")
        self.setAccessibleName(f"{entry.text}, {'shown' if entry.visible else 'hidden'}")
        self.update()

    def sizeHint(self) -> QSize:
        return QSize(round(entry_width(self.entry.text, self.font(), 400)), round(ROW_PX))

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        paint_entry(painter, QRectF(self.rect()), self.entry, self._legend.colours)
        if self.hasFocus():
            painter.setPen(QPen(QColor(self._legend.colours.accent), 1.5))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRoundedRect(QRectF(self.rect()).adjusted(1, 1, -1, -1), 3, 3)
