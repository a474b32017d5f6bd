"""The rail at the left: one button a page."""

from __future__ import annotations

from PySide6.QtCore import QRect, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QEnterEvent, QFont, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QAbstractButton, QButtonGroup, QFrame, QVBoxLayout, QWidget

from workbench.gui.theme import current_theme, paint_icon
from workbench.gui.theme.tokens import FONT_SMALL, RADIUS_M, SPACE_S, SPACE_XS

RAIL_WIDTH = 76


class NavRail(QFrame):
    """Switches between pages.

    Signals
    -------
    chosen(id) : the user wants this page; `set_current` sends nothing
    """

    chosen = Signal(object)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("navRail")
        self.setFixedWidth(RAIL_WIDTH)
        self._buttons: dict[str, NavButton] = {}
        self._group = QButtonGroup(self)
        column = QVBoxLayout(self)
        column.setContentsMargins(SPACE_XS, SPACE_S, SPACE_XS, SPACE_S)
        column.setSpacing(SPACE_XS)
        self._pages = QVBoxLayout()
        self._pages.setSpacing(SPACE_XS)
        self._footer = QVBoxLayout()
        self._footer.setSpacing(SPACE_XS)
        column.addLayout(self._pages)
        column.addStretch(1)
        column.addLayout(self._footer)

    def add_page(self, id_: str, title: str, icon_name: str, shortcut: str = "") -> None:
        """Add a page under those there are."""
        button = NavButton(title, icon_name, self)
        button.clicked.connect(lambda: self.chosen.emit(id_))
        self._group.addButton(button)
        self._buttons[id_] = button
        self._pages.addWidget(button)
        button.setToolTip(f"{title}  ({shortcut})" if shortcut else title)

    def set_current(self, id_: str) -> None:
        """Mark a page as open, without a signal."""
        self._buttons[id_].setChecked(True)

    def button(self, id_: str) -> NavButton:
        """The button of a page; raises KeyError for a page that was not added."""
        return self._buttons[id_]

    def add_footer(self, widget: QWidget) -> None:
        """Put a widget at the foot of the rail."""
        self._footer.addWidget(widget, 0, Qt.AlignmentFlag.AlignHCenter)


class NavButton(QAbstractButton):
    """An icon over a word."""

    def __init__(self, title: str, icon_name: str, parent: QWidget) -> None:
        super().__init__(parent)
        self.setText(title)
        self.setCheckable(True)
        self.setAccessibleName(title)
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self._icon_name = icon_name
        self._hovered = False

    def sizeHint(self) -> QSize:
        return QSize(RAIL_WIDTH - 2 * SPACE_XS, 54)

    def enterEvent(self, event: QEnterEvent) -> None:
        self._hovered = True
        self.update()

    def leaveEvent(self, event: object) -> None:
        self._hovered = False
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        theme = current_theme()
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        fill = theme.selected if self.isChecked() else theme.hover if self._hovered else None
        painter.setPen(QPen(QColor(theme.focus), 1.5) if self.hasFocus() else Qt.PenStyle.NoPen)
        painter.setBrush(QColor(fill) if fill else Qt.BrushStyle.NoBrush)
        painter.drawRoundedRect(QRectF(self.rect()).adjusted(1, 1, -1, -1), RADIUS_M, RADIUS_M)
        colour = theme.accent_text if self.isChecked() else theme.text if self._hovered else theme.muted
        paint_icon(painter, self._icon_name, QRectF(self.width() / 2 - 11, 8, 22, 22), colour)
        font = QFont(self.font())
        font.setPixelSize(FONT_SMALL)
        painter.setFont(font)
        painter.setPen(QColor(colour))
        painter.drawText(QRect(0, 32, self.width(), 18), Qt.AlignmentFlag.AlignCenter, self.text())
