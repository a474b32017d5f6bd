"""Buttons, labels and icons in the tones of the style sheet."""

from __future__ import annotations

from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QPainter, QPaintEvent, QResizeEvent
from PySide6.QtWidgets import QFrame, QLabel, QPushButton, QSizePolicy, QToolButton, QWidget

from workbench.gui.theme import current_theme, icon, paint_icon
from workbench.gui.theme.tokens import CONTROL_HEIGHT


def push_button(text: str, kind: str = "", icon_name: str = "", tip: str = "") -> QPushButton:
    """A button of a kind: "" (ordinary), "primary", "quiet", "danger" or "link"."""
    button = QPushButton(text)
    button.setProperty("kind", kind)
    if icon_name:
        token = {"primary": "on_accent", "danger": "danger"}.get(kind, "muted")
        button.setIcon(icon(icon_name, token))
    button.setToolTip(tip)
    return button


def icon_button(icon_name: str, tip: str, kind: str = "quiet") -> QToolButton:
    """A square button with an icon; `tip` is its tooltip and its accessible name."""
    button = QToolButton()
    button.setProperty("kind", kind)
    button.setIcon(icon(icon_name, "muted"))
    button.setIconSize(QSize(16, 16))
    button.setToolTip(tip)
    button.setAccessibleName(tip)
    button.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
    button.setFixedSize(CONTROL_HEIGHT, CONTROL_HEIGHT)
    return button


def label(text: str = "", tone: str = "", wrap: bool = False) -> QLabel:
    """Plain text in a tone: "", "title", "heading", "strong", "muted", "caption", "danger" or "mono"."""
    made = QLabel(text)
    made.setProperty("tone", tone)
    made.setTextFormat(Qt.TextFormat.PlainText)
    made.setWordWrap(wrap)
    return made


def set_tone(widget: QWidget, tone: str) -> None:
    """Give a label another tone."""
    if widget.property("tone") != tone:
        widget.setProperty("tone", tone)
        widget.style().unpolish(widget)
        widget.style().polish(widget)


def set_kind(button: QPushButton, kind: str) -> None:
    """Make a button one of another kind, as `push_button` names them."""
    if button.property("kind") != kind:
        button.setProperty("kind", kind)
        button.style().unpolish(button)
        button.style().polish(button)


def rule() -> QFrame:
    """A hairline."""
    line = QFrame()
    line.setProperty("line", True)
    return line


class ElidedLabel(QLabel):
    """One line of text that ends in "…" where it does not fit, with the whole text as its tooltip."""

    def __init__(self, text: str = "", tone: str = "", parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setProperty("tone", tone)
        self.setTextFormat(Qt.TextFormat.PlainText)
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Fixed)
        self._full = ""
        self.set_full_text(text)

    def set_full_text(self, text: str) -> None:
        """Show this text, elided to the width there is."""
        if text != self._full:
            self._full = text
            self.setAccessibleName(text)
            self.updateGeometry()
            self._elide()

    def full_text(self) -> str:
        """The text before eliding."""
        return self._full

    def sizeHint(self) -> QSize:
        return QSize(self.fontMetrics().horizontalAdvance(self._full) + 2, self.fontMetrics().height() + 2)

    def minimumSizeHint(self) -> QSize:
        return QSize(min(self.sizeHint().width(), 24), self.sizeHint().height())

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._elide()

    def _elide(self) -> None:
        shown = self.fontMetrics().elidedText(self._full, Qt.TextElideMode.ElideRight, self.width())
        self.setText(shown)
        self.setToolTip(self._full if shown != self._full else "")


class Glyph(QWidget):
    """An icon that is only looked at, in a colour of the theme."""

    def __init__(self, name: str, token: str = "muted", size_px: int = 16, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._name, self._token = name, token
        self._size = size_px
        self.setFixedSize(size_px, size_px)
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)

    def set_icon(self, name: str, token: str) -> None:
        """Show another icon."""
        self._name, self._token = name, token
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        left, top = (self.width() - self._size) / 2, (self.height() - self._size) / 2
        square = QRectF(left, top, self._size, self._size)
        paint_icon(painter, self._name, square, getattr(current_theme(), self._token))
