"""The small table beside the crosshair: every curve's value at that place."""

from __future__ import annotations

from dataclasses import dataclass

from PySide6.QtCore import QPoint, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QFontMetrics, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QWidget

from workbench.gui.explorer.colours import PlotColours

_PAD_PX, _SWATCH_PX, _GAP_PX = 8, 10, 12
_MOST_ROWS = 14
_TITLE_PX = 220


@dataclass(frozen=True)
class Row:
    """One curve: colour, title, smoothed and raw value as text ("" for the raw one where nothing is smoothed)."""

    colour: str
    title: str
    value: str
    raw: str = ""


class Readout(QWidget):
    """Lets the mouse through and stays inside its parent, on the side of the crosshair that has room."""

    def __init__(self, colours: PlotColours, parent: QWidget) -> None:
        super().__init__(parent)
        self.colours = colours
        self._head = ""
        self._rows: tuple[Row, ...] = ()
        self._more = 0
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self.hide()

    @property
    def head(self) -> str:
        return self._head

    @property
    def rows(self) -> tuple[Row, ...]:
        """The rows of the table, all of them, whether there is room or not."""
        return self._rows

    def show_at(self, point: QPoint, room: QSize, head: str, rows: tuple[Row, ...]) -> None:
        """Show the table beside a place of the parent, which is as large as `room`."""
        self._head, self._rows = head, rows
        self._more = max(0, len(rows) - _MOST_ROWS)
        self.resize(self._wanted())
        right = point.x() + _GAP_PX + self.width() <= room.width()
        x = point.x() + _GAP_PX if right else max(0, point.x() - _GAP_PX - self.width())
        y = min(max(0, point.y() - self.height() // 2), max(0, room.height() - self.height()))
        self.move(x, y)
        self.show()
        self.raise_()
        self.update()

    def _shown(self) -> tuple[Row, ...]:
        return self._rows[:_MOST_ROWS]

    def _columns(self, metrics: QFontMetrics) -> tuple[int, int, int]:
        """Widths of title, value and raw value."""
        wide = metrics.horizontalAdvance
        titles, values, raws = ([0], [0], [0])
        for row in self._shown():
            titles.append(min(wide(row.title) + 2, _TITLE_PX))
            values.append(wide(row.value))
            raws.append(wide(row.raw))
        return max(titles), max(values), max(raws)

    def _wanted(self) -> QSize:
        metrics = self.fontMetrics()
        title, value, raw = self._columns(metrics)
        inner = _SWATCH_PX + 6 + title + _GAP_PX + value + (_GAP_PX + raw if raw else 0)
        width = max(inner, metrics.horizontalAdvance(self._head)) + 2 * _PAD_PX
        lines = 1 + len(self._shown()) + (1 if self._more else 0)
        return QSize(width, lines * self._line_px() + 2 * _PAD_PX)

    def _line_px(self) -> int:
        return self.fontMetrics().height() + 3

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(QPen(QColor(self.colours.grid), 1))
        painter.setBrush(QColor(self.colours.background))
        painter.drawRoundedRect(QRectF(self.rect()).adjusted(0.5, 0.5, -0.5, -0.5), 5, 5)
        line = QRectF(_PAD_PX, _PAD_PX, self.width() - 2 * _PAD_PX, self._line_px())
        self._text(painter, line, self._head, self.colours.muted)
        for row in self._shown():
            line.translate(0, self._line_px())
            self._paint_row(painter, line, row)
        if self._more:
            line.translate(0, self._line_px())
            self._text(painter, line, f"and {self._more} more", self.colours.muted)

    def _paint_row(self, painter: QPainter, line: QRectF, row: Row) -> None:
        title, _value, raw = self._columns(painter.fontMetrics())
        painter.setPen(QPen(QColor(row.colour), 2.5))
        middle = line.center().y()
        painter.drawLine(int(line.left()), int(middle), int(line.left()) + _SWATCH_PX, int(middle))
        name = QRectF(line.left() + _SWATCH_PX + 6, line.top(), title, line.height())
        elided = painter.fontMetrics().elidedText(row.title, Qt.TextElideMode.ElideRight, title)
        self._text(painter, name, elided, self.colours.foreground)
        right = line.adjusted(0, 0, -(raw + _GAP_PX) if raw else 0, 0)
        self._text(painter, right, row.value, self.colours.foreground, Qt.AlignmentFlag.AlignRight)
        self._text(painter, line, row.raw, self.colours.muted, Qt.AlignmentFlag.AlignRight)

    def _text(
        self, painter: QPainter, area: QRectF, text: str, colour: str,
        side: Qt.AlignmentFlag = Qt.AlignmentFlag.AlignLeft,
    ) -> None:  # fmt: skip
        painter.setPen(QColor(colour))
        painter.drawText(area, side | Qt.AlignmentFlag.AlignVCenter, text)
