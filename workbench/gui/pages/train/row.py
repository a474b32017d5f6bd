"""One line of the list of runs, painted."""

from __future__ import annotations

from dataclasses import dataclass

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, QRect, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QFont, QPainter, QPen
from PySide6.QtWidgets import QStyle, QStyledItemDelegate, QStyleOptionViewItem

from workbench.gui.pages.train.items import LOOKS, RunItem
from workbench.gui.theme import current_theme, paint_icon
from workbench.gui.theme.tokens import FONT_SMALL, RADIUS_S, SPACE_S

ROW_PX, BOX_PX, GLYPH_PX = 46, 14, 16
ITEM, OVERLAY = Qt.ItemDataRole.UserRole, Qt.ItemDataRole.UserRole + 1


@dataclass(frozen=True)
class Mark:
    """A run that is drawn: its colour, and whether it stays when another one is looked at."""

    colour: str
    kept: bool


def box_of(row: QRect) -> QRect:
    """Where the box of a row lies."""
    return QRect(row.left() + SPACE_S, row.center().y() - BOX_PX // 2 + 1, BOX_PX, BOX_PX)


class RunPainter(QStyledItemDelegate):
    """Box in the run's colour, name, state with its icon, results, and how far a live run is."""

    def sizeHint(self, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex) -> QSize:
        return QSize(0, ROW_PX)

    def paint(
        self, painter: QPainter, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex
    ) -> None:
        item, row = index.data(ITEM), option.rect
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        _paint_ground(painter, row, option.state)
        _paint_box(painter, box_of(row), index.data(OVERLAY))
        words = row.adjusted(2 * SPACE_S + BOX_PX, 5, -SPACE_S, -5)
        _paint_words(painter, words, item)
        if item.state.live and item.share is not None:
            _paint_progress(painter, words, item.share)
        painter.restore()


def _paint_ground(painter: QPainter, row: QRect, state: QStyle.StateFlag) -> None:
    theme = current_theme()
    chosen, under = state & QStyle.StateFlag.State_Selected, state & QStyle.StateFlag.State_MouseOver
    if chosen or under:
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(theme.selected if chosen else theme.hover))
        painter.drawRoundedRect(row.adjusted(2, 1, -2, -1), RADIUS_S, RADIUS_S)


def _paint_box(painter: QPainter, box: QRect, mark: Mark | None) -> None:
    theme = current_theme()
    painter.setBrush(QColor(mark.colour) if mark else QColor(theme.field))
    painter.setPen(QPen(QColor(mark.colour if mark else theme.outline), 1))
    painter.drawRoundedRect(QRectF(box).adjusted(0.5, 0.5, -0.5, -0.5), 3, 3)
    if mark and mark.kept:
        paint_icon(painter, "check", QRectF(box).adjusted(1, 1, -1, -1), "#ffffff")


def _paint_words(painter: QPainter, area: QRect, item: RunItem) -> None:
    theme, (icon, token) = current_theme(), LOOKS[item.state]
    bold, small = QFont(painter.font()), QFont(painter.font())
    bold.setWeight(QFont.Weight.DemiBold)
    small.setPixelSize(FONT_SMALL)
    painter.setFont(small)
    painter.setPen(QColor(theme.muted))
    taken = painter.fontMetrics().horizontalAdvance(item.percent) + SPACE_S if item.percent else 0
    painter.drawText(area, Qt.AlignmentFlag.AlignTop | Qt.AlignmentFlag.AlignRight, item.percent)
    painter.setFont(bold)
    painter.setPen(QColor(theme.text))
    _line(painter, area.adjusted(0, 0, -taken, 0), Qt.AlignmentFlag.AlignTop, item.name)
    below = area.adjusted(0, area.height() - GLYPH_PX, 0, 0)
    if item.alarm:
        paint_icon(painter, "warning", QRectF(below.right() - 13, below.top() + 1, 14, 14), theme.warning)
        below = below.adjusted(0, 0, -GLYPH_PX - SPACE_S, 0)
    paint_icon(painter, icon, QRectF(below.left(), below.top() + 2, 12, 12), str(getattr(theme, token)))
    painter.setFont(small)
    painter.setPen(QColor(theme.danger if token == "danger" else theme.muted))
    _line(painter, below.adjusted(GLYPH_PX, 0, 0, 0), Qt.AlignmentFlag.AlignVCenter, item.words)


def _line(painter: QPainter, area: QRect, where: Qt.AlignmentFlag, text: str) -> None:
    shown = painter.fontMetrics().elidedText(text, Qt.TextElideMode.ElideRight, area.width())
    painter.drawText(area, where | Qt.AlignmentFlag.AlignLeft, shown)


def _paint_progress(painter: QPainter, area: QRect, share: float) -> None:
    theme = current_theme()
    painter.fillRect(QRectF(area.left(), area.bottom() + 3, area.width(), 2), QColor(theme.border))
    painter.fillRect(QRectF(area.left(), area.bottom() + 3, area.width() * share, 2), QColor(theme.accent))
