"""A sentence or two in at most two lines, whole in the tooltip."""

from __future__ import annotations

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QLabel, QSizePolicy, QWidget

LINES = 2


class FewLines(QLabel):
    """As high as its words need, up to two lines; what does not fit ends in "…"."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setTextFormat(Qt.TextFormat.PlainText)
        self.setWordWrap(True)
        self.setAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignTop)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self._full = ""

    def set_full_text(self, text: str) -> None:
        """Show this."""
        self._full = text
        self.setAccessibleName(text)
        self._fit()

    def full_text(self) -> str:
        """The text before it was shortened."""
        return self._full

    def minimumSizeHint(self) -> QSize:
        return QSize(120, self.height())

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        if event.oldSize().width() != event.size().width():
            self._fit()

    def _fit(self) -> None:
        metrics, width = self.fontMetrics(), max(1, self.width())
        line = metrics.lineSpacing()
        lines = 1 if metrics.horizontalAdvance(self._full) <= width else LINES
        shown = self._full
        while lines > 1 and self._height_of(shown) > lines * line + 2 and len(shown) > 1:
            shown = shown[:-9].rstrip(" …") + "…"
        self.setText(shown)
        self.setToolTip(self._full if shown != self._full else "")
        self.setFixedHeight(lines * line + 2)

    def _height_of(self, text: str) -> int:
        flags = int(Qt.TextFlag.TextWordWrap)
        return self.fontMetrics().boundingRect(0, 0, max(1, self.width()), 10_000, flags, text).height()
